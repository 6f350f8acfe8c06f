"""Conversion of values to another type, with the narrowing and reading of texts Connect has.

Each function takes the value's own schema (or None), the value, and raises `DataError` where there
is no such conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, Final

from penstock.sdk.errors import DataError
from penstock.sdk.logical import (
    DATE,
    DATE_NAME,
    DAY_MS,
    DECIMAL_NAME,
    TIME,
    TIME_NAME,
    TIMESTAMP,
    TIMESTAMP_NAME,
    as_instant,
    bytes_to_decimal,
    date_to_days,
    days_to_date,
    decimal_schema,
    instant_to_millis,
    int_to_bytes,
    millis_to_instant,
    millis_to_time,
    scale_of,
    time_to_millis,
    unscaled,
)
from penstock.sdk.numbers import NumberFormatError, single, wrapped
from penstock.sdk.schema import (
    OPTIONAL_BOOLEAN,
    OPTIONAL_FLOAT32,
    OPTIONAL_FLOAT64,
    OPTIONAL_INT8,
    OPTIONAL_INT16,
    OPTIONAL_INT32,
    OPTIONAL_INT64,
    Schema,
    Type,
)
from penstock.sdk.struct import Struct
from penstock.sdk.validation import INTEGER_BITS, java_type_name
from penstock.sdk.values_numbers import decimal_of, saturated, whole_part
from penstock.sdk.values_parse import parse_typed
from penstock.sdk.values_text import java_double, java_string
from penstock.sdk.values_write import convert_to_string as convert_to_string

_ARRAY: Final = Schema(Type.ARRAY)
_MAP: Final = Schema(Type.MAP)
_STRUCT: Final = Schema(Type.STRUCT)


class NullTextError(DataError):
    """The text `null` stands where a value is needed."""

    java_class: ClassVar[str] = "java.lang.NullPointerException"


def convert_to_boolean(schema: Schema | None, value: Any) -> bool | None:
    """True and false as they are and as texts; any other number is true unless 0."""
    return convert_to(OPTIONAL_BOOLEAN, schema, value)


def convert_to_byte(schema: Schema | None, value: Any) -> int | None:
    """The low-order 8 bits of the number."""
    return convert_to(OPTIONAL_INT8, schema, value)


def convert_to_short(schema: Schema | None, value: Any) -> int | None:
    """The low-order 16 bits of the number."""
    return convert_to(OPTIONAL_INT16, schema, value)


def convert_to_integer(schema: Schema | None, value: Any) -> int | None:
    """The low-order 32 bits of the number."""
    return convert_to(OPTIONAL_INT32, schema, value)


def convert_to_long(schema: Schema | None, value: Any) -> int | None:
    """The low-order 64 bits of the number."""
    return convert_to(OPTIONAL_INT64, schema, value)


def convert_to_float(schema: Schema | None, value: Any) -> float | None:
    """The nearest single-precision value."""
    return convert_to(OPTIONAL_FLOAT32, schema, value)


def convert_to_double(schema: Schema | None, value: Any) -> float | None:
    """The nearest float."""
    return convert_to(OPTIONAL_FLOAT64, schema, value)


def convert_to_list(schema: Schema | None, value: Any) -> list[Any]:
    """A list, or the one a text writes."""
    return convert_to(_ARRAY, schema, value)


def convert_to_map(schema: Schema | None, value: Any) -> Mapping[Any, Any]:
    """A map, or the one a text writes."""
    return convert_to(_MAP, schema, value)


def convert_to_struct(schema: Schema | None, value: Any) -> dict[str, Any]:
    """A struct; nothing else can become one."""
    return convert_to(_STRUCT, schema, value)


def convert_to_time(schema: Schema | None, value: Any) -> datetime:
    """The time of day of a Timestamp, or a number of milliseconds."""
    return convert_to(TIME, schema, value)


def convert_to_date(schema: Schema | None, value: Any) -> datetime:
    """The day of a Timestamp, or a number of days."""
    return convert_to(DATE, schema, value)


def convert_to_timestamp(schema: Schema | None, value: Any) -> datetime:
    """The instant of a Date or Time, or a number of milliseconds."""
    return convert_to(TIMESTAMP, schema, value)


def convert_to_decimal(schema: Schema | None, value: Any, scale: int) -> Decimal:
    """A Decimal as it is, stored (in `scale`), as a text, or from the text of a float."""
    return convert_to(decimal_schema(scale), schema, value)


def convert_to(target: Schema, schema: Schema | None, value: Any) -> Any:
    """The value as one of the target's type. Null stays null where the target is optional."""
    if value is None:
        if target.optional:
            return None
        raise DataError("Unable to convert a null value to a schema that requires a value")
    return _CONVERSIONS[target.type](target, schema, value)


def _refused(schema: Schema | None, value: Any, goal: object) -> DataError:
    shown, kind = java_string(value, schema), java_type_name(value, schema)
    return DataError(f"Unable to convert {shown} (class {kind}) to {goal}")


def _boolean(target: Schema, schema: Schema | None, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and isinstance(parsed := _meaning(value), bool):
        return parsed
    return _long(schema, value) != 0


def _integer(target: Schema, schema: Schema | None, value: Any) -> Any:
    special = _TEMPORAL.get(target.name) if target.name is not None else None
    if special is not None:
        return special(schema, value)
    return wrapped(_long(schema, value), INTEGER_BITS[target.type])


def _float32(target: Schema, schema: Schema | None, value: Any) -> float:
    return single(_double(schema, value))


def _float64(target: Schema, schema: Schema | None, value: Any) -> float:
    return _double(schema, value)


def _text(target: Schema, schema: Schema | None, value: Any) -> str | None:
    return convert_to_string(schema, value)


def _bytes(target: Schema, schema: Schema | None, value: Any) -> Any:
    stored = isinstance(value, bytes | bytearray | memoryview)
    if target.name != DECIMAL_NAME:
        if stored:
            return bytes(value)  # pyright: ignore[reportUnknownArgumentType]
        if isinstance(value, Decimal):
            return int_to_bytes(unscaled(value))
        raise _refused(schema, value, target)
    if stored:
        return bytes_to_decimal(bytes(value), scale_of(target))  # pyright: ignore
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str):
        return decimal_of(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return decimal_of(java_double(float(value)))
    raise _refused(schema, value, target)


def _array(target: Schema, schema: Schema | None, value: Any) -> Any:
    found = _meaning(value) if isinstance(value, str) else value
    if isinstance(found, list | tuple):
        return found  # pyright: ignore[reportUnknownVariableType]
    raise _refused(None if found is not value else schema, found, target)


def _map(target: Schema, schema: Schema | None, value: Any) -> Any:
    found = _meaning(value) if isinstance(value, str) else value
    if isinstance(found, Mapping) and not _is_struct(schema, found):
        return found  # pyright: ignore[reportUnknownVariableType]
    raise _refused(None if found is not value else schema, found, target)


def _struct(target: Schema, schema: Schema | None, value: Any) -> Any:
    if _is_struct(schema, value):
        return value
    raise _refused(schema, value, target)


def _is_struct(schema: Schema | None, value: Any) -> bool:
    beside = schema is not None and schema.type is Type.STRUCT and isinstance(value, dict)
    return beside or isinstance(value, Struct)


def _to_date(schema: Schema | None, value: Any) -> datetime:
    value = _meaning(value) if isinstance(value, str) else value
    if isinstance(value, date | time):
        if schema is None or schema.name == DATE_NAME:
            return as_instant(value)
        if schema.name == TIMESTAMP_NAME:
            millis = instant_to_millis(value)
            return days_to_date(millis // DAY_MS if millis >= 0 else -(-millis // DAY_MS))
    return days_to_date(wrapped(_long(schema, value), 32))


def _to_time(schema: Schema | None, value: Any) -> datetime:
    value = _meaning(value) if isinstance(value, str) else value
    if isinstance(value, date | time):
        if schema is None or schema.name == TIME_NAME:
            return as_instant(value)
        if schema.name == TIMESTAMP_NAME:
            return millis_to_time(instant_to_millis(value) % DAY_MS)
    return millis_to_time(wrapped(_long(schema, value), 32))


def _to_timestamp(schema: Schema | None, value: Any) -> datetime:
    value = _meaning(value) if isinstance(value, str) else value
    if isinstance(value, date | time):
        if schema is None or schema.name == TIMESTAMP_NAME:
            return as_instant(value)
        if schema.name == DATE_NAME:
            return days_to_date(date_to_days(as_instant(value)))
        if schema.name == TIME_NAME:
            return millis_to_time(time_to_millis(as_instant(value)))
    return millis_to_instant(_long(schema, value))


def _meaning(text: str) -> Any:
    """What a text stands for, with numbers that know their width."""
    typed = parse_typed(text)
    if typed is None:
        raise NullTextError('The text "null" stands for no value.')
    return typed[1]


def _long(schema: Schema | None, value: Any) -> int:
    """As Java's `longValue`."""
    if value.__class__ is int:
        return wrapped(value, 64)
    return wrapped(_numeric(schema, value, saturated, whole_part), 64)


def _double(schema: Schema | None, value: Any) -> float:
    """As Java's `doubleValue`."""
    return float(_numeric(schema, value, float, float))


def _numeric(
    schema: Schema | None,
    value: Any,
    of_float: Callable[[float], Any],
    of_decimal: Callable[[Decimal], Any],
) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return of_decimal(Decimal(value))
    if isinstance(value, float):
        return of_float(value)
    if isinstance(value, Decimal):
        return of_decimal(value)
    reason: Exception | None = None
    if isinstance(value, str):
        try:
            return of_decimal(decimal_of(value))
        except NumberFormatError as error:
            reason = error
    if schema is not None and schema.name is not None and isinstance(value, date | time):
        stored = _STORED.get(schema.name)
        if stored is not None:
            return stored(value)
    raise _refused(schema, value, "a number" if schema is None else schema) from reason


_STORED: Final[dict[str, Callable[[Any], int]]] = {
    DATE_NAME: date_to_days,
    TIME_NAME: time_to_millis,
    TIMESTAMP_NAME: instant_to_millis,
}
_TEMPORAL: Final[dict[str, Callable[[Schema | None, Any], datetime]]] = {
    DATE_NAME: _to_date,
    TIME_NAME: _to_time,
    TIMESTAMP_NAME: _to_timestamp,
}
_CONVERSIONS: Final[dict[Type, Callable[[Schema, Schema | None, Any], Any]]] = {
    Type.INT8: _integer,
    Type.INT16: _integer,
    Type.INT32: _integer,
    Type.INT64: _integer,
    Type.FLOAT32: _float32,
    Type.FLOAT64: _float64,
    Type.BOOLEAN: _boolean,
    Type.STRING: _text,
    Type.BYTES: _bytes,
    Type.ARRAY: _array,
    Type.MAP: _map,
    Type.STRUCT: _struct,
}
