"""Java's calendar: Julian before 15 October 1582, Gregorian from then on, UTC, weeks as in the US.

Days are counted from 1970-01-01. `fields_of` takes an instant apart; `instant_of` puts fields
together leniently, as Java does: month 13 is the next January, and of fields that contradict each
other those set last win.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from penstock.sdk.numbers import wrapped

DAY_MS: Final = 86_400_000
_EPOCH: Final = 719_163  # the days from 0001-01-01 (Gregorian), which is day 1, to 1970-01-01
_CUTOVER: Final = 577_736  # 1582-10-15 in the same count
_CUTOVER_YEAR: Final = 1582
_DAYS_BEFORE: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)


class CalendarFields(NamedTuple):
    """An instant taken apart. Years before 1 are zero and less; months and days count from 1."""

    year: int
    month: int
    day: int
    millis: int  # of the day
    weekday: int  # Sunday is 1
    day_of_year: int
    week_of_year: int
    week_of_month: int
    weekday_in_month: int
    week_year: int


def fields_of(instant_ms: int) -> CalendarFields:
    """The fields of an instant, in UTC."""
    days, millis = divmod(instant_ms, DAY_MS)
    day_number = days + _EPOCH
    year, month, day = _date_of(day_number)
    january, first = _first_of(year, 1), _first_of(year, month)
    week, week_year = _week_of_year(day_number, year, january)
    return CalendarFields(
        year,
        month,
        day,
        millis,
        day_number % 7 + 1,
        day_number - january + 1,
        week,
        _week_number(first, day_number),
        (day_number - first) // 7 + 1,
        week_year,
    )


def _date_of(day_number: int) -> tuple[int, int, int]:
    gregorian = day_number >= _CUTOVER
    year = _year_guess(day_number, gregorian)
    month = 12
    while (first := _fixed(year, month, gregorian)) > day_number:
        month -= 1
    return year, month, day_number - first + 1


def _year_guess(day_number: int, gregorian: bool) -> int:
    year = 1 + ((day_number - 1) * 400 // 146_097 if gregorian else (day_number + 1) * 4 // 1461)
    while _fixed(year, 1, gregorian) > day_number:
        year -= 1
    while _fixed(year + 1, 1, gregorian) <= day_number:
        year += 1
    return year


def _is_leap(year: int, gregorian: bool) -> bool:
    return year % 4 == 0 and (not gregorian or year % 100 != 0 or year % 400 == 0)


def _fixed(year: int, month: int, gregorian: bool) -> int:
    """The number of a month's first day; months beyond the year's are counted on."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    before = year - 1
    if gregorian:
        days = 365 * before + before // 4 - before // 100 + before // 400
    else:
        days = 365 * before + before // 4 - 2
    after_february = month > 2 and _is_leap(year, gregorian)
    return days + _DAYS_BEFORE[month - 1] + after_february + 1


def _first_of(year: int, month: int) -> int:
    number = _fixed(year, month, gregorian=True)
    return number if number >= _CUTOVER else _fixed(year, month, gregorian=False)


def _on_or_before(day_number: int, weekday: int) -> int:
    return day_number - (day_number - (weekday - 1)) % 7


def _first_week(first_day: int) -> int:
    """The Sunday that starts the week of a year's or month's first day."""
    return _on_or_before(first_day, 1)


def _week_number(first_day: int, day_number: int) -> int:
    return (day_number - _first_week(first_day)) // 7 + 1


def _week_of_year(day_number: int, year: int, january: int) -> tuple[int, int]:
    """The number of the week, and of the year that this week belongs to."""
    if day_number >= _first_week(_first_of(year + 1, 1)):
        return 1, year + 1
    return _week_number(january, day_number), year


class GivenFields:
    """Fields as a text gives them, in order; what is not given stands at its beginning."""

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self._order: dict[str, int] = {}

    def give(self, name: str, value: int) -> None:
        """Set a field; the one set last counts most."""
        self._values[name] = value
        self._order[name] = len(self._order) + max(self._order.values(), default=0) + 1

    def instant(self) -> int:
        """Milliseconds since 1970 of what the fields say together."""
        days, millis = divmod(self._time_of_day(), DAY_MS)
        if self._set("week_year") > self._set("year"):
            day_number = self._week_date() + days
        else:
            day_number = self._date(days)
        total = (day_number - _EPOCH) * DAY_MS + millis - self._values.get("offset", 0)
        return wrapped(total, 64)

    def _set(self, name: str) -> int:
        """When a field was set; 0 if it was not."""
        return self._order.get(name, 0)

    def _both_set(self, one: str, other: str) -> int:
        first, second = self._set(one), self._set(other)
        return max(first, second) if first and second else 0

    def _time_of_day(self) -> int:
        get = self._values.get
        half = self._both_set("hour12", "half") or max(self._set("hour12"), self._set("half"))
        whole = self._set("hour")
        if self._both_set("hour12", "half") == 0 and whole:
            half = 0
        hours = get("hour", 0) if whole >= half else get("hour12", 0) + 12 * get("half", 0)
        minutes = hours * 60 + get("minute", 0)
        return (minutes * 60 + get("second", 0)) * 1000 + get("millisecond", 0)

    def _year(self) -> int:
        year = self._values.get("year", 1970)
        return year if self._values.get("era", 1) else 1 - year

    def _week_date(self) -> int:
        year, week = self._values["week_year"], self._values.get("week_of_year", 1)
        weekday = self._values.get("weekday", 1)
        if weekday > 7:
            weekday -= 1
            week, weekday = week + weekday // 7, weekday % 7 + 1
            weekday = weekday % 7 + 1
        elif weekday < 1:
            week, weekday = week + (weekday - 1) // 7, (weekday - 1) % 7 + 1
            weekday = weekday % 7 + 1
        return _first_week(_first_of(year, 1)) + weekday - 1 + 7 * (week - 1)

    def _date(self, days: int) -> int:
        """The day number; of the two calendars the one that was in use then decides."""
        year = self._year()
        julian = days + self._day_number(year, gregorian=False)
        gregorian = days + self._day_number(year, gregorian=True)
        if year > _CUTOVER_YEAR and gregorian >= _CUTOVER:
            return gregorian
        if year < _CUTOVER_YEAR:
            return julian
        if self._by_year_alone():
            return julian
        return gregorian if gregorian >= _CUTOVER else julian

    def _by_year_alone(self) -> bool:
        return self._deciding() in ("day_of_year", "week_of_year")

    def _deciding(self) -> str:
        """Which field, together with those it needs, was set last."""
        weekday = self._set("weekday")
        stamps = {
            "day": self._set("day"),
            "week_of_month": self._both_set("week_of_month", "weekday"),
            "weekday_in_month": self._both_set("weekday_in_month", "weekday"),
            "day_of_year": self._set("day_of_year"),
            "week_of_year": self._both_set("week_of_year", "weekday"),
        }
        if not any(stamps.values()):
            stamps["week_of_month"] = self._set("week_of_month")
            stamps["weekday_in_month"] = max(self._set("weekday_in_month"), weekday)
            stamps["week_of_year"] = self._set("week_of_year")
        best = max(stamps.values())
        return next(name for name, stamp in stamps.items() if stamp == best)

    def _day_number(self, year: int, gregorian: bool) -> int:
        get, deciding = self._values.get, self._deciding()
        if deciding == "day_of_year":
            return _fixed(year, 1, gregorian) + get("day_of_year", 1) - 1
        if deciding == "week_of_year":
            first = _first_week(_fixed(year, 1, gregorian))
            return self._weekday_from(first) + 7 * (get("week_of_year", 1) - 1)
        month = get("month", 1)
        first = _fixed(year, month, gregorian)
        if deciding == "day":
            return first + get("day", 1) - 1
        if deciding == "week_of_month":
            return self._weekday_from(_first_week(first)) + 7 * (get("week_of_month", 1) - 1)
        return self._nth_weekday(first, _fixed(year, month + 1, gregorian))

    def _weekday_from(self, sunday: int) -> int:
        if "weekday" not in self._values:
            return sunday
        return _on_or_before(sunday + 6, self._values["weekday"])

    def _nth_weekday(self, first: int, next_first: int) -> int:
        weekday, nth = self._values.get("weekday", 1), self._values.get("weekday_in_month", 1)
        if nth >= 0:
            return _on_or_before(first + 7 * nth - 1, weekday)
        return _on_or_before(next_first + 7 * (nth + 1) - 1, weekday)
