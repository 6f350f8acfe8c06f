"""Dates and times as texts, by the patterns of Java's `SimpleDateFormat` (English, UTC).

Instants are milliseconds since 1970, so that no year is out of reach.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar, Final, NamedTuple

from penstock.sdk.java_calendar import CalendarFields, GivenFields, fields_of
from penstock.sdk.java_time_zones import zone_offset

MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_LETTERS: Final = frozenset("GyMdkHmsSEDFwWahKzZYuXL")
_TEXTS: Final = frozenset("GEazZX")
_YEAR_MS: Final = 31_556_952_000
_DAY_MS: Final = 86_400_000
_MINUTE_MS: Final = 60_000
_UNITS_MS: Final = {"S": 1, "s": 1000, "m": 60_000} | dict.fromkeys("HkKha", 3_600_000)


class BadPatternError(ValueError):
    """A text is no pattern of `SimpleDateFormat`."""

    java_class: ClassVar[str] = "java.lang.IllegalArgumentException"


class UnparseableDateError(ValueError):
    """A text is not written as the pattern says."""

    java_class: ClassVar[str] = "java.text.ParseException"


class _Part(NamedTuple):
    letter: str  # empty for literal text
    length: int
    literal: str = ""

    @property
    def is_number(self) -> bool:
        """Whether digits stand here, so that a number before must know its length."""
        if self.letter in ("M", "L"):
            return self.length <= 2
        return self.letter != "" and self.letter not in _TEXTS


class JavaDateFormat:
    """One pattern. Raises `BadPatternError` when it is none."""

    def __init__(self, pattern: str, now: Callable[[], float] = time.time) -> None:
        self.pattern = pattern
        self._parts = _compiled(pattern)
        # a number that digits follow must know how many are its own
        self._counted = [after.is_number for after in self._parts[1:]] + [False]
        self._counted = self._counted[: len(self._parts)]
        self._writers = [_writer(part) for part in self._parts]
        self._century_start = _eighty_years_before(now())

    @property
    def unit_ms(self) -> int:
        """The time within which all instants have the same text, counted from 1970."""
        return min((_UNITS_MS.get(part.letter, _DAY_MS) for part in self._parts), default=_DAY_MS)

    def format(self, instant_ms: int) -> str:
        """The text of an instant."""
        fields = fields_of(instant_ms)
        return "".join([write(fields) for write in self._writers])

    def parse(self, text: str) -> int:
        """The instant a text stands for; text after it is ignored, fields may be out of range."""
        reader = _Reader(text, self._century_start)
        for part, counted in zip(self._parts, self._counted, strict=True):
            if not reader.read(part, obey_count=counted):
                raise UnparseableDateError(f'Unparseable date: "{text}"')
        if reader.at_start:
            raise UnparseableDateError(f'Unparseable date: "{text}"')
        return reader.instant()


def _eighty_years_before(now: float) -> int:
    return round(now * 1000) - 80 * _YEAR_MS


def _compiled(pattern: str) -> list[_Part]:
    parts: list[_Part] = []
    at = 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "'":
            literal, at = _quoted(pattern, at + 1)
            parts.append(_Part("", 0, literal))
        elif sign.isascii() and sign.isalpha():
            count = len(pattern[at:]) - len(pattern[at:].lstrip(sign))
            parts.append(_checked(sign, count))
            at += count
        else:
            parts.append(_Part("", 0, sign))
            at += 1
    return parts


def _checked(letter: str, count: int) -> _Part:
    if letter not in _LETTERS:
        raise BadPatternError(f"Illegal pattern character '{letter}'")
    if letter == "X" and count > 3:
        raise BadPatternError(f"invalid ISO 8601 format: length={count}")
    return _Part(letter, count)


def _quoted(pattern: str, at: int) -> tuple[str, int]:
    """The literal text behind a quote, and where the pattern goes on."""
    if pattern[at : at + 1] == "'":
        return "'", at + 1
    literal: list[str] = []
    while at < len(pattern):
        if pattern[at] != "'":
            literal.append(pattern[at])
        elif pattern[at + 1 : at + 2] == "'":
            literal.append("'")
            at += 1
        else:
            return "".join(literal), at + 1
        at += 1
    raise BadPatternError("Unterminated quote")


Writer = Callable[[CalendarFields], str]

_NUMBERS: Final[dict[str, Callable[[CalendarFields], int]]] = {
    "M": lambda f: f.month,
    "L": lambda f: f.month,
    "d": lambda f: f.day,
    "k": lambda f: f.millis // 3_600_000 or 24,
    "H": lambda f: f.millis // 3_600_000,
    "h": lambda f: f.millis // 3_600_000 % 12 or 12,
    "K": lambda f: f.millis // 3_600_000 % 12,
    "m": lambda f: f.millis // 60_000 % 60,
    "s": lambda f: f.millis // 1000 % 60,
    "S": lambda f: f.millis % 1000,
    "D": lambda f: f.day_of_year,
    "F": lambda f: f.weekday_in_month,
    "w": lambda f: f.week_of_year,
    "W": lambda f: f.week_of_month,
    "u": lambda f: (f.weekday + 5) % 7 + 1,
}


def _writer(part: _Part) -> Writer:
    letter, count = part.letter, part.length
    if letter == "":
        return lambda fields: part.literal
    if letter in ("y", "Y"):
        return partial(_year, letter, count)
    if letter in ("M", "L") and count > 2:
        return lambda f: MONTHS[f.month - 1] if count > 3 else MONTHS[f.month - 1][:3]
    if letter in _NUMBERS:
        number = _NUMBERS[letter]
        return lambda fields: f"{number(fields):0{count}d}"
    return _TEXT_WRITERS[letter](count)


_TEXT_WRITERS: Final[dict[str, Callable[[int], Writer]]] = {
    "G": lambda count: lambda f: "AD" if f.year > 0 else "BC",
    "E": lambda count: lambda f: WEEKDAYS[f.weekday - 1][: None if count > 3 else 3],
    "a": lambda count: lambda f: "AM" if f.millis < 43_200_000 else "PM",
    "z": lambda count: lambda f: "Coordinated Universal Time" if count > 3 else "UTC",
    "Z": lambda count: lambda f: "+0000",
    "X": lambda count: lambda f: "Z",
}


def _year(letter: str, count: int, fields: CalendarFields) -> str:
    if letter == "Y":
        year = fields.week_year
    else:
        year = fields.year if fields.year > 0 else 1 - fields.year
    sign = "-" if year < 0 else ""
    return sign + (f"{abs(year) % 100:02d}" if count == 2 else f"{abs(year):0{count}d}")


_FIELDS: Final = {
    "d": "day",
    "H": "hour",
    "k": "hour",
    "K": "hour12",
    "h": "hour12",
    "m": "minute",
    "s": "second",
    "S": "millisecond",
    "D": "day_of_year",
    "F": "weekday_in_month",
    "w": "week_of_year",
    "W": "week_of_month",
    "u": "weekday",
    "y": "year",
    "Y": "week_year",
    "M": "month",
    "L": "month",
}
_NAMES: Final[dict[str, tuple[str, dict[str, int]]]] = {
    "G": ("era", {"bc": 0, "ad": 1}),
    "a": ("half", {"am": 0, "pm": 1}),
    "E": (
        "weekday",
        {shown.lower(): i for i, name in enumerate(WEEKDAYS, 1) for shown in (name, name[:3])},
    ),
    "M": (
        "month",
        {shown.lower(): i for i, name in enumerate(MONTHS, 1) for shown in (name, name[:3])},
    ),
}
_NAMES["L"] = _NAMES["M"]
_NUMBER: Final = re.compile(r"-?\d+")
_COLON: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_PLAIN: Final = re.compile(r"([0-9]{2})([0-9]{2})")
_STRICT: Final = re.compile(r"([0-9]{2}):([0-9]{2})")
_HOURS: Final = re.compile(r"([0-9]{2})()")


class _Reader:
    """Reads one text, part by part."""

    def __init__(self, text: str, century_start: int) -> None:
        self._text = text
        self._at = 0
        self._given = GivenFields()
        self._century_start = century_start
        self._ambiguous: tuple[str, int] | None = None

    @property
    def at_start(self) -> bool:
        """Whether nothing has been read so far."""
        return self._at == 0

    def instant(self) -> int:
        found = self._given.instant()
        if self._ambiguous is not None and found < self._century_start:
            name, year = self._ambiguous
            self._given.give(name, year + 100)
            found = self._given.instant()
        return found

    def read(self, part: _Part, *, obey_count: bool) -> bool:
        """Read what stands for a part; False if something else does."""
        if part.letter == "":
            start = self._at
            self._at += len(part.literal)
            return self._text.startswith(part.literal, start)
        start = self._at
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        if self._at >= len(self._text):
            return False
        if part.letter in _NAMES and not part.is_number:
            return self._name(*_NAMES[part.letter])
        if part.letter in "zZX":
            return self._zone(part)
        end = start + part.length if obey_count else None
        return self._number(part, end)

    def _name(self, field: str, names: dict[str, int]) -> bool:
        rest = self._text[self._at : self._at + 10].lower()
        best = max((name for name in names if rest.startswith(name)), key=len, default=None)
        if best is None:
            return False
        self._given.give(field, names[best])
        self._at += len(best)
        return True

    def _number(self, part: _Part, end: int | None) -> bool:
        if end is not None and end > len(self._text):
            return False
        found = _NUMBER.match(self._text, self._at, len(self._text) if end is None else end)
        if found is None:
            return False
        value = _as_java_int(int(found.group()))
        self._at = found.end()
        if part.letter in ("y", "Y"):
            value = self._full_year(part, found.group(), value)
        elif (part.letter == "k" and value == 24) or (part.letter == "h" and value == 12):
            value = 0
        elif part.letter == "u" and 1 <= value <= 7:
            value = value % 7 + 1
        self._given.give(_FIELDS[part.letter], value)
        return True

    def _full_year(self, part: _Part, digits: str, value: int) -> int:
        """Two digits for a year of two letters mean one from 80 years ago on."""
        if part.length > 2 or len(digits) != 2 or not digits.isdigit():
            return value
        start_year = fields_of(self._century_start).year
        year = start_year // 100 * 100 + value + (100 if value < start_year % 100 else 0)
        if value == start_year % 100:
            self._ambiguous = (_FIELDS[part.letter], year)
        return year

    def _zone(self, part: _Part) -> bool:
        sign = self._text[self._at]
        if part.letter == "X":
            return self._iso_zone(sign, part.length)
        if sign in "+-":
            return self._offset(_PLAIN, sign)
        if self._text[self._at : self._at + 3].upper() == "GMT":
            self._at += 3
            sign = self._text[self._at : self._at + 1]
            return self._set_offset(0) if sign not in ("+", "-") else self._offset(_COLON, sign)
        found = zone_offset(self._text, self._at)
        if found is None:
            return False
        offset, length = found
        self._at += length
        return self._set_offset(offset * _MINUTE_MS)

    def _iso_zone(self, sign: str, count: int) -> bool:
        if sign == "Z":
            self._at += 1
            return self._set_offset(0)
        if sign not in "+-":
            return False
        pattern = {1: _HOURS, 2: _PLAIN, 3: _STRICT}[count]
        return self._offset(pattern, sign)

    def _offset(self, pattern: re.Pattern[str], sign: str) -> bool:
        found = pattern.match(self._text, self._at + 1)
        if found is None:
            return False
        hours, minutes = int(found.group(1)), int(found.group(2) or 0)
        if hours > 23 or minutes > 59:
            return False
        self._at = found.end()
        total = (hours * 60 + minutes) * _MINUTE_MS
        return self._set_offset(-total if sign == "-" else total)

    def _set_offset(self, offset_ms: int) -> bool:
        self._given.give("offset", offset_ms)
        return True


def _as_java_int(number: int) -> int:
    """`intValue()`: low-order bits of what fits 64 bits, else the limit."""
    if not -(1 << 63) <= number < 1 << 63:
        return (1 << 31) - 1 if number > 0 else -(1 << 31)
    return ((number + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)
