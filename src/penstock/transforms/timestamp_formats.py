"""The forms a time can have for TimestampConverter, each read to and written from milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from penstock.sdk.errors import DataError
from penstock.sdk.java_date_format import JavaDateFormat, UnparseableDateError
from penstock.sdk.logical import (
    DATE,
    DAY_MS,
    OPTIONAL_DATE,
    OPTIONAL_TIME,
    OPTIONAL_TIMESTAMP,
    TIME,
    TIMESTAMP,
    as_instant,
    instant_to_millis,
    millis_to_instant,
)
from penstock.sdk.numbers import Int64
from penstock.sdk.schema import INT64, OPTIONAL_INT64, OPTIONAL_STRING, STRING, Schema
from penstock.sdk.values import java_type_name
from penstock.transforms.requirements import NullError

_INT64_MAX: Final = (1 << 63) - 1

# milliseconds are this fraction (numerator, denominator) of the unit's number
_PRECISIONS: Final = {
    "seconds": (1000, 1),
    "milliseconds": (1, 1),
    "microseconds": (1, 1000),
    "nanoseconds": (1, 1_000_000),
}
PRECISIONS: Final = ("nanoseconds", "microseconds", "milliseconds", "seconds")


@dataclass(frozen=True, slots=True)
class TimeForm:
    """One form: how a value of it is read and written, and the schemas of such values."""

    read: Callable[[Any], int]
    write: Callable[[int], Any]
    required: Schema
    optional: Schema


def time_forms(pattern: JavaDateFormat | None, precision: str) -> dict[str, TimeForm]:
    """The forms by the names that `target.type` has for them."""
    up, down = _PRECISIONS[precision]
    return {
        "string": TimeForm(_text_reader(pattern), _text_writer(pattern), STRING, OPTIONAL_STRING),
        "unix": TimeForm(
            lambda value: _scaled(_unix(value), up, down),
            lambda millis: _scaled(millis, down, up),
            INT64,
            OPTIONAL_INT64,
        ),
        "Date": TimeForm(_dated("Date"), _midnight, DATE, OPTIONAL_DATE),
        "Time": TimeForm(_dated("Time"), _time_of_day, TIME, OPTIONAL_TIME),
        "Timestamp": TimeForm(
            _dated("Timestamp"), millis_to_instant, TIMESTAMP, OPTIONAL_TIMESTAMP
        ),
    }


def _scaled(number: int, up: int, down: int) -> int:
    """Exact, toward zero, and at the limits of a long where that is too small."""
    scaled = abs(number) * up // down
    return max(-_INT64_MAX - 1, min(_INT64_MAX, scaled if number >= 0 else -scaled))


def _unix(value: Any) -> int:
    if type(value) is int or type(value) is Int64:
        return value
    raise DataError(
        f"Expected Unix timestamp to be a Long, but found class {java_type_name(value)}"
    )


def _dated(name: str) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, date | time):
            found = java_type_name(value)
            raise DataError(f"Expected {name} to be a java.util.Date, but found class {found}")
        return instant_to_millis(as_instant(value))

    return read


def _midnight(millis: int) -> Any:
    return millis_to_instant(millis - millis % DAY_MS)


def _time_of_day(millis: int) -> Any:
    return millis_to_instant(millis % DAY_MS)


def _text_reader(pattern: JavaDateFormat | None) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if not isinstance(value, str):
            found = java_type_name(value)
            raise DataError(f"Expected string timestamp to be a String, but found class {found}")
        if pattern is None:
            raise NullError("The value is a text: set 'format' to the pattern it is written by.")
        try:
            return pattern.parse(value)
        except UnparseableDateError as error:
            raise DataError(
                f"Could not parse timestamp: value ({value}) does not match pattern "
                f"({pattern.pattern})"
            ) from error

    return read


def _text_writer(pattern: JavaDateFormat | None) -> Callable[[int], Any]:
    def write(millis: int) -> Any:
        if pattern is None:
            raise NullError("Set 'format' to the pattern that texts are to be written by.")
        return pattern.format(millis)

    return write
