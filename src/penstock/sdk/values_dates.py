"""Dates as text, in the time zone of the process: Java's lenient parser and formats."""

from __future__ import annotations

import time
from datetime import datetime
from functools import lru_cache
from typing import Final

from penstock.sdk.errors import DataError
from penstock.sdk.java_calendar import fields_of
from penstock.sdk.java_date_format import JavaDateFormat, UnparseableDateError
from penstock.sdk.logical import (
    DATE,
    DAY_MS,
    TIME,
    TIMESTAMP,
    instant_to_millis,
    millis_to_instant,
)
from penstock.sdk.schema import Schema

_CLOCK: Final = "HH:mm:ss.SSS'Z'"
_DAY: Final = "yyyy-MM-dd"
_BOTH: Final = f"{_DAY}'T'{_CLOCK}"
_BY_LENGTH: Final = {13: (TIME, _CLOCK), 24: (TIMESTAMP, _BOTH), 10: (DATE, _DAY)}


def parse_temporal(text: str) -> tuple[Schema, datetime] | None:
    """The Time, Timestamp or Date a text writes; which, only its length decides."""
    text = text.replace("\\:", ":")
    found = _BY_LENGTH.get(len(text))
    if found is None:
        return None
    schema, pattern = found
    try:
        wall = _format(pattern).parse(text)
        return schema, millis_to_instant(wall - _offset_of_wall(wall))
    except (UnparseableDateError, DataError):
        return None  # what a datetime cannot say stays text


def temporal_text(moment: datetime) -> str:
    """A date without schema: time of day, date or both, by its magnitude."""
    millis = instant_to_millis(moment)
    large = _BOTH if millis % DAY_MS else _DAY
    pattern = _CLOCK if millis < DAY_MS else large
    return _format(pattern).format(millis + _offset(millis))


def java_date(moment: datetime) -> str:
    """`Thu Jan 01 00:00:00 UTC 1970`."""
    millis = instant_to_millis(moment)
    wall = millis + _offset(millis)
    zone, year = time.localtime(millis // 1000).tm_zone, fields_of(wall).year
    return f"{_format('EEE MMM dd HH:mm:ss').format(wall)} {zone} {year}"


@lru_cache(maxsize=8)
def _format(pattern: str) -> JavaDateFormat:
    return JavaDateFormat(pattern)


def _offset(millis: int) -> int:
    """How far ahead of UTC the process's clocks are at an instant."""
    return time.localtime(millis // 1000).tm_gmtoff * 1000


def _offset_of_wall(wall: int) -> int:
    """The offset at the instant when clocks show this."""
    try:
        return _offset(wall - _offset(wall))
    except (OverflowError, OSError):
        return 0  # far outside what a datetime can say
