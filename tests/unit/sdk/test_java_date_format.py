"""SimpleDateFormat patterns, as checked against Java 17."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.java_date_format import BadPatternError, JavaDateFormat, UnparseableDateError

NOON = 1_700_000_000_123  # Tuesday 14 November 2023, 22:13:20.123
IN_2024 = 1_704_067_200.0


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "2023-11-14T22:13:20.123Z"),
        ("EEE, d MMM yyyy HH:mm:ss Z", "Tue, 14 Nov 2023 22:13:20 +0000"),
        (
            "EEEE MMMM G h:mm a K k zzzz",
            "Tuesday November AD 10:13 PM 10 22 Coordinated Universal Time",
        ),
        ("yy yyyyy S SSSSSS", "23 02023 123 000123"),
        ("YYYY-'W'ww-u D F W", "2023-W46-2 318 2 3"),
        ("''", "'"),
    ],
)
def test_writes_what_java_writes(pattern: str, text: str) -> None:
    assert JavaDateFormat(pattern).format(NOON) == text


def test_counts_years_as_the_julian_calendar_before_october_1582() -> None:
    form = JavaDateFormat("G yyyy-MM-dd")
    assert form.format(-12_219_292_800_000) == "AD 1582-10-15"
    assert form.format(-12_219_292_800_001) == "AD 1582-10-04"
    assert form.format(-62_135_596_800_000) == "AD 0001-01-03"
    assert form.format(-63_524_304_000_000) == "BC 0044-01-01"


@pytest.mark.parametrize(
    ("pattern", "text", "instant"),
    [
        ("yyyy-MM-dd HH:mm:ss.SSS", " 2023-11-14 22:13:20.123 and more", NOON),
        ("yyyy-MM-dd HH:mm:ss.SSS", "2023-13-45 25:61:61.000", 1_707_962_521_000),
        ("yyyy-MM-dd", "99999-01-01", 3_093_496_444_800_000),
        ("yyyyMMdd", "2023111", 1_698_796_800_000),
        ("yyyyMMdd", "2023-11-14", 1_667_260_800_000),
        ("yyyy-MM-dd'T'HH:mm:ssXXX", "2023-11-14T22:13:20+02:00", 1_699_992_800_000),
        ("HH:mm z", "10:00 PST", 64_800_000),
        ("yyyy-'W'ww-u", "2023-W46-2", 1_699_920_000_000),
        ("D yyyy", "400 2023", 1_707_004_800_000),
        ("hh a", "12 AM", 0),
    ],
)
def test_reads_what_java_reads(pattern: str, text: str, instant: int) -> None:
    assert JavaDateFormat(pattern).parse(text) == instant


def test_reads_two_digits_as_a_year_from_80_years_ago_on() -> None:
    form = JavaDateFormat("yy", now=lambda: IN_2024)
    years = JavaDateFormat("yyyy")
    assert years.format(form.parse("43")) == "2043"
    assert years.format(form.parse("45")) == "1945"
    assert years.format(form.parse("5")) == "0005"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("yyyy", ""),
        ("yyyy", "x"),
        ("HH:mm", "10"),
        ("XXX", "+0200"),
        ("z", "Europe/Paris"),
        ("", ""),
    ],
)
def test_refuses_a_text_that_the_pattern_does_not_describe(pattern: str, text: str) -> None:
    with pytest.raises(UnparseableDateError):
        JavaDateFormat(pattern).parse(text)


@pytest.mark.parametrize("pattern", ["q", "yyyy'", "XXXX", "b"])
def test_refuses_a_pattern_that_is_none(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        JavaDateFormat(pattern)


@given(st.integers(-(10**15), 10**15))
def test_what_is_written_is_read_back(instant: int) -> None:
    form = JavaDateFormat("G yyyyyy-MM-dd HH:mm:ss.SSS Z")
    assert form.parse(form.format(instant)) == instant


@given(st.integers(-(10**14), 10**14))
def test_instants_within_one_unit_have_one_text(instant: int) -> None:
    form = JavaDateFormat("yyyyMMddHH")
    assert form.format(instant) == form.format(instant // form.unit_ms * form.unit_ms)
