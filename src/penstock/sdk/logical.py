"""Logical types: Decimal, Date, Time and Timestamp, and how each is stored in its base type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar, Final

from penstock.sdk.errors import DataError
from penstock.sdk.numbers import NumberFormatError
from penstock.sdk.schema import Schema, Type

DECIMAL_NAME: Final = "org.apache.kafka.connect.data.Decimal"
DATE_NAME: Final = "org.apache.kafka.connect.data.Date"
TIME_NAME: Final = "org.apache.kafka.connect.data.Time"
TIMESTAMP_NAME: Final = "org.apache.kafka.connect.data.Timestamp"
LOGICAL_NAMES: Final = frozenset((DECIMAL_NAME, DATE_NAME, TIME_NAME, TIMESTAMP_NAME))
SCALE: Final = "scale"

DATE: Final = Schema(Type.INT32, name=DATE_NAME, version=1)
TIME: Final = Schema(Type.INT32, name=TIME_NAME, version=1)
TIMESTAMP: Final = Schema(Type.INT64, name=TIMESTAMP_NAME, version=1)
OPTIONAL_DATE: Final = DATE.as_optional()
OPTIONAL_TIME: Final = TIME.as_optional()
OPTIONAL_TIMESTAMP: Final = TIMESTAMP.as_optional()

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DAY_MS: Final = 86_400_000
_MS: Final = timedelta(milliseconds=1)


class MissingScaleError(DataError):
    """A Decimal schema lacks the parameter that says how many digits follow the point."""

    java_class: ClassVar[str] = "java.lang.NullPointerException"


def decimal_schema(scale: int, *, optional: bool = False) -> Schema:
    """The schema of Decimals with so many digits after the point."""
    return Schema(
        Type.BYTES,
        optional=optional,
        name=DECIMAL_NAME,
        version=1,
        parameters={SCALE: str(scale)},
    )


def scale_of(schema: Schema) -> int:
    """The scale a Decimal schema states."""
    text = schema.parameters.get(SCALE) if schema.parameters is not None else None
    if text is None and schema.parameters is None:
        raise MissingScaleError("Invalid Decimal schema: it has no parameters, so no scale.")
    if text is None:
        raise DataError("Invalid Decimal schema: scale parameter not found.")
    try:
        return int(text)
    except ValueError as error:
        raise DataError("Invalid scale parameter found in Decimal schema: ") from error


def decimal_scale(value: Decimal) -> int:
    """How many digits of a Decimal follow the point (negative: how many zeros are left out)."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise DataError(f"Invalid decimal {value}: Connect knows finite decimals only.")
    return -exponent


def unscaled(value: Decimal) -> int:
    """The digits of a Decimal as a whole number."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        raise DataError(f"Invalid decimal {value}: Connect knows finite decimals only.")
    number = int(Decimal((0, digits, 0)))
    return -number if sign else number


def scaled(number: int, scale: int) -> Decimal:
    """The Decimal of these digits, with so many of them after the point."""
    if -(1 << 4096) < number < 1 << 4096:
        return Decimal(f"{number}E{-scale}")
    sign, digits, _ = Decimal(number).as_tuple()  # too long for Python to write out
    return Decimal((sign, digits, -scale))


def int_to_bytes(number: int) -> bytes:
    """Big-endian two's complement, as short as possible."""
    magnitude = number if number >= 0 else ~number
    return number.to_bytes(magnitude.bit_length() // 8 + 1, "big", signed=True)


def decimal_to_bytes(value: Decimal, scale: int) -> bytes:
    """A Decimal as it is stored. Raises `DataError` unless it has this scale."""
    own = decimal_scale(value)
    if own != scale:
        raise DataError(
            "Decimal value has mismatching scale for given Decimal schema. "
            f"Schema has scale {scale}, value has scale {own}."
        )
    return int_to_bytes(unscaled(value))


def bytes_to_decimal(data: bytes, scale: int) -> Decimal:
    """A stored Decimal."""
    if not data:
        raise NumberFormatError("Zero length BigInteger")
    return scaled(int.from_bytes(data, "big", signed=True), scale)


def as_instant(value: datetime | date | time) -> datetime:
    """The instant a datetime, date (midnight in UTC) or time (of the first day) stands for."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise DataError(f"Invalid datetime {value}: it needs a time zone (tzinfo=UTC).")
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return datetime.combine(EPOCH, value, value.tzinfo or UTC)


def instant_to_millis(value: datetime | date | time) -> int:
    """Milliseconds since 1970."""
    return (as_instant(value) - EPOCH) // _MS


def millis_to_instant(millis: int) -> datetime:
    """The UTC instant; raises `DataError` outside the years 1 to 9999."""
    try:
        return EPOCH + timedelta(milliseconds=millis)
    except OverflowError as error:
        raise DataError(f"{millis} ms since 1970 is outside the years 1 to 9999.") from error


def date_to_days(value: datetime | date) -> int:
    """A Date as it is stored. Raises `DataError` unless it is midnight in UTC."""
    days, rest = divmod(instant_to_millis(value), DAY_MS)
    if rest:
        raise DataError(
            "Kafka Connect Date type should not have any time fields set to non-zero values."
        )
    return days


def days_to_date(days: int) -> datetime:
    """A stored Date: midnight in UTC."""
    return millis_to_instant(days * DAY_MS)


def time_to_millis(value: datetime | time) -> int:
    """A Time as it is stored. Raises `DataError` unless it is on the first day of 1970."""
    millis = instant_to_millis(value)
    if not 0 <= millis <= DAY_MS:
        raise DataError(
            "Kafka Connect Time type should not have any date fields set to non-zero values."
        )
    return millis


def millis_to_time(millis: int) -> datetime:
    """A stored Time: that instant of the first day of 1970."""
    if not 0 <= millis <= DAY_MS:
        raise DataError(
            "Time values must use number of milliseconds greater than 0 and less than 86400000"
        )
    return millis_to_instant(millis)


def from_logical(schema: Schema, value: Any) -> Any:
    """A value of a logical schema as its base type holds it."""
    if schema.name == DECIMAL_NAME:
        return decimal_to_bytes(value, scale_of(schema))
    return _TO_BASE[_named(schema)](value)


def to_logical(schema: Schema, value: Any) -> Any:
    """What a value of the base type means under a logical schema."""
    if schema.name == DECIMAL_NAME:
        return bytes_to_decimal(value, scale_of(schema))
    return _FROM_BASE[_named(schema)](value)


def require_name(schema: Schema, name: str, *, reading: bool = False) -> None:
    """Raise `DataError` unless the schema is of this logical type."""
    if schema.name != name:
        # Connect speaks of a Date when it reads a Time.
        kind = "Date" if reading and name == TIME_NAME else name.rpartition(".")[2]
        raise DataError(f"Requested conversion of {kind} object but the schema does not match.")


def _named(schema: Schema) -> str:
    if schema.name is None or schema.name not in _TO_BASE:
        raise DataError(f"{schema} is not a schema of a logical type.")
    return schema.name


_TO_BASE: Final[dict[str, Any]] = {
    DATE_NAME: date_to_days,
    TIME_NAME: time_to_millis,
    TIMESTAMP_NAME: instant_to_millis,
}
_FROM_BASE: Final[dict[str, Any]] = {
    DATE_NAME: days_to_date,
    TIME_NAME: millis_to_time,
    TIMESTAMP_NAME: millis_to_instant,
}
