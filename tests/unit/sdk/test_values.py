from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from math import isnan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.sdk import (
    FLOAT32,
    INT8,
    INT32,
    STRING,
    DataError,
    Float32,
    Int8,
    Int16,
    Int32,
    Schema,
    Type,
    convert_to_string,
    infer_schema,
    parse_string,
)
from penstock.sdk.logical import (
    DATE,
    OPTIONAL_TIMESTAMP,
    TIMESTAMP,
    bytes_to_decimal,
    date_to_days,
    days_to_date,
    decimal_to_bytes,
    instant_to_millis,
    millis_to_instant,
    scaled,
)
from penstock.sdk.numbers import single, single_from_int
from penstock.sdk.values import (
    convert_to_byte,
    convert_to_decimal,
    convert_to_float,
    convert_to_long,
    convert_to_time,
    decimal_of,
    java_double,
    java_float,
    java_string,
)
from penstock.testing.strategies import schemaless_values, texts


@pytest.fixture(autouse=True)
def clocks_in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@given(st.floats())
@example(5e-324)
@example(2e-323)
@example(2e23)
@example(9007199254740993.0)
def test_the_text_of_a_double_reads_back(number: float) -> None:
    text = java_double(number)
    assert isnan(number) or float(text.replace("Infinity", "inf")) == number
    assert re.fullmatch(r"NaN|-?Infinity|-?\d+\.\d+(E-?\d+)?", text)


@given(st.floats(width=32))
@example(1.401298464324817e-45)
@example(9.313225746154785e-10)
def test_the_text_of_a_single_reads_back_and_is_short(number: float) -> None:
    text = java_float(number)
    assert isnan(number) or single(float(text.replace("Infinity", "inf"))) == number
    assert len(re.sub(r"E.*|[-.]", "", text).strip("0")) <= 9


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.0, "1.0"),
        (1e7, "1.0E7"),
        (9999999.0, "9999999.0"),
        (1e-3, "0.001"),
        (9.99e-4, "9.99E-4"),
        (-0.0, "-0.0"),
        (5e-324, "4.9E-324"),
        (float("nan"), "NaN"),
    ],
)
def test_doubles_are_written_as_java_does(number: float, text: str) -> None:
    assert java_double(number) == text


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_become_singles_in_one_rounding(number: int) -> None:
    near = single_from_int(number)
    others = (single(near * (1 + 2**-23)), single(near * (1 - 2**-23)))
    assert all(abs(Decimal(near) - number) <= abs(Decimal(other) - number) for other in others)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ({"a": 1, "b": [None, True]}, "{a=1, b=[null, true]}"),
        (Decimal("1E+3"), "1E+3"),
        (Float32(0.1), "0.1"),
        (datetime(1970, 1, 1, tzinfo=UTC), "Thu Jan 01 00:00:00 UTC 1970"),
    ],
)
def test_values_are_shown_as_java_shows_them(value: object, text: str) -> None:
    assert java_string(value) == text


@given(st.integers(-(2**200), 2**200), st.integers(-5, 30))
def test_decimals_are_stored_and_read_back(number: int, scale: int) -> None:
    decimal = scaled(number, scale)
    stored = decimal_to_bytes(decimal, scale)
    assert bytes_to_decimal(stored, scale).as_tuple() == decimal.as_tuple()
    assert len(stored) == 1 or stored[:2] not in (b"\0\0", b"\xff\xff")


def test_a_decimal_of_another_scale_is_refused() -> None:
    with pytest.raises(DataError, match="Schema has scale 2, value has scale 1"):
        decimal_to_bytes(Decimal("1.5"), 2)


@given(st.integers(-60_000_000_000_000, 250_000_000_000_000))
def test_instants_are_milliseconds(millis: int) -> None:
    assert instant_to_millis(millis_to_instant(millis)) == millis


def test_a_date_must_be_midnight() -> None:
    assert date_to_days(days_to_date(-3)) == -3
    with pytest.raises(DataError, match="time fields set to non-zero"):
        date_to_days(datetime(2024, 1, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("", STRING, ""),
        ("null", None, None),
        ("12", INT8, 12),
        ("40000", INT32, 40000),
        ("1.5", FLOAT32, 1.5),
        ("[1,2]", Schema(Type.ARRAY, value_schema=INT8), [1, 2]),
        ("[1,]", Schema(Type.ARRAY, value_schema=INT8), [1]),
        ("[1,,]", STRING, "[1,,]"),
        ('["a b", " "]', Schema(Type.ARRAY, value_schema=STRING), ["a b", ""]),
        ("[a]", STRING, "[a]"),
        ("2019-08-23", DATE, datetime(2019, 8, 23, tzinfo=UTC)),
        ("9999-12-31T00:00:00.500Z", TIMESTAMP, datetime(9999, 12, 31, 0, 0, 0, 500_000, UTC)),
        ("10000-01-01", STRING, "10000-01-01"),
        ("1_000", STRING, "1_000"),
        ("-Infinity", STRING, "-Infinity"),
    ],
)
def test_a_text_tells_its_type(text: str, schema: Schema | None, value: object) -> None:
    assert parse_string(text) == (schema, value)


def test_dates_without_schema_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT-2")  # two hours ahead of UTC
    time.tzset()
    moment = datetime(2024, 5, 6, 10, 0, 1, tzinfo=UTC)
    assert convert_to_string(None, moment) == "2024-05-06T12:00:01.000Z"
    assert parse_string("2024-05-06T12:00:01.000Z") == (TIMESTAMP, moment)


def test_lists_and_maps_can_be_keys() -> None:
    assert list(parse_string("{[1]:2}")[1]) == [(1,)]
    assert list(parse_string('{{"a":1}:2}')[1]) == [{"a": 1}]


@given(texts(40) | st.text('[]{}:,"\\ 1a-.0', max_size=20))
def test_any_text_can_be_parsed(text: str) -> None:
    schema, value = parse_string(text)
    assert value is None or schema is not None


@given(schemaless_values())
def test_what_is_written_can_be_parsed(value: object) -> None:
    text = convert_to_string(None, value)
    assert (text is None) == (value is None)
    if isinstance(value, int | bool):
        assert parse_string(text)[1] == value


@pytest.mark.parametrize(
    ("value", "name"),
    [(1, "int64"), (Int8(1), "int8"), (Int16(1), "int16"), (Int32(1), "int32"), (1.5, "float64")],
)
def test_schemas_are_inferred_from_widths(value: object, name: str) -> None:
    found = infer_schema(value)
    assert found is not None
    assert found.type.value == name
    assert infer_schema([value]) == Schema(Type.ARRAY, value_schema=found)
    assert infer_schema([value, "x"]) is None


def test_numbers_are_cut_to_their_low_order_bits() -> None:
    assert convert_to_byte(None, 300) == 44
    assert convert_to_long(None, 1e300) == 2**63 - 1
    assert convert_to_long(None, Decimal("1E+2147483647")) == 0
    assert convert_to_float(None, "0.1") == single(0.1)
    assert convert_to_decimal(None, 2.5, 1) == Decimal("2.5")


def test_the_time_of_day_of_a_timestamp_is_a_time() -> None:
    moment = datetime(2024, 5, 6, 1, 2, 3, tzinfo=UTC)
    assert convert_to_time(OPTIONAL_TIMESTAMP, moment) == datetime(1970, 1, 1, 1, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", " 1", "1_0", "NaN", "1e99999999999", "1e2147483648", "0x1"])
def test_only_java_numbers_are_numbers(text: str) -> None:
    with pytest.raises(DataError):
        decimal_of(text)
