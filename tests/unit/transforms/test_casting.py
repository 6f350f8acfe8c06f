"""Values that Cast turns into other types."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from math import inf, isnan, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.errors import DataError
from penstock.sdk.logical import DATE, TIMESTAMP, decimal_schema
from penstock.sdk.numbers import Float32, Int8, single
from penstock.sdk.schema import FLOAT32, FLOAT64, INT32, INT64, STRING, Schema, Type
from penstock.transforms.casting import caster


@pytest.mark.parametrize(
    ("schema", "value", "target", "result"),
    [
        (INT64, 300, Type.INT8, 44),
        (INT64, 2**31, Type.INT32, -(2**31)),
        (FLOAT64, 300.9, Type.INT8, 44),
        (FLOAT64, 1e20, Type.INT32, 2**31 - 1),
        (FLOAT64, 1e20, Type.INT8, -1),
        (FLOAT64, -1e20, Type.INT64, -(2**63)),
        (FLOAT64, nan, Type.INT64, 0),
        (FLOAT64, 0.9, Type.BOOLEAN, False),
        (FLOAT64, nan, Type.BOOLEAN, False),
        (INT64, 2**53 + 1, Type.FLOAT64, 2.0**53),
        (INT64, 2**60 + 2**36 + 1, Type.FLOAT32, float(2**60 + 2**37)),
        (FLOAT64, 1e300, Type.FLOAT32, inf),
        (STRING, "+5", Type.INT8, 5),
        (STRING, "٤٢", Type.INT32, 42),
        (STRING, " 1.5e2f ", Type.FLOAT64, 150.0),
        (STRING, "-Infinity", Type.FLOAT32, -inf),
        (STRING, "0x1p3", Type.FLOAT64, 8.0),
        (STRING, "TRUE", Type.BOOLEAN, True),
        (STRING, "yes", Type.BOOLEAN, False),
        (INT32, 7, Type.STRING, "7"),
        (FLOAT64, 1e10, Type.STRING, "1.0E10"),
        (FLOAT32, single(0.1), Type.STRING, "0.1"),
        (decimal_schema(2), Decimal("300.75"), Type.INT8, 44),
        (decimal_schema(-3), Decimal("1E+3"), Type.STRING, "1E+3"),
        (DATE, datetime(1970, 1, 11, tzinfo=UTC), Type.INT16, 10),
        (TIMESTAMP, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), Type.INT64, 1000),
        (Schema(Type.BYTES), b"abc", Type.STRING, "YWJj"),
    ],
)
def test_casts_as_java_converts(schema: Schema, value: Any, target: Type, result: Any) -> None:
    found = caster(schema, target)(value)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize("text", ["", " 1", "1.0", "1_000", "128", "x", "0x10"])
def test_refuses_texts_that_are_no_integers_in_range(text: str) -> None:
    with pytest.raises(DataError, match="out of range for requested data type"):
        caster(STRING, Type.INT8)(text)


@pytest.mark.parametrize("text", ["", "inf", "1_0", "٤٢", "1e", "0x1"])
def test_refuses_texts_that_are_no_floats(text: str) -> None:
    with pytest.raises(DataError, match="out of range for requested data type"):
        caster(STRING, Type.FLOAT32)(text)


def test_says_the_width_of_what_has_no_schema() -> None:
    assert type(caster(None, Type.INT8)(1)) is Int8
    assert type(caster(None, Type.FLOAT32)(1)) is Float32
    assert type(caster(None, Type.INT64)(Int8(1))) is int


def test_null_stays_null() -> None:
    assert all(caster(INT32, kind)(None) is None for kind in (Type.INT8, Type.STRING))


@pytest.mark.parametrize("value", [Decimal(1), datetime(2020, 1, 1, tzinfo=UTC), 2**63])
def test_refuses_what_has_no_type_without_a_schema(value: Any) -> None:
    with pytest.raises(DataError, match="not supported by Connect's data API"):
        caster(None, Type.STRING)(value)


def test_refuses_lists_maps_and_structs() -> None:
    with pytest.raises(DataError, match="does not support casting from ARRAY"):
        caster(None, Type.STRING)([1])
    with pytest.raises(DataError, match="does not support casting from MAP"):
        caster(Schema(Type.MAP, key_schema=STRING, value_schema=STRING), Type.STRING)({})


@given(st.floats(), st.sampled_from((Type.INT8, Type.INT16, Type.INT32, Type.INT64)))
def test_a_float_always_becomes_an_integer_of_its_width(value: float, target: Type) -> None:
    bits = int(target.value.removeprefix("int"))
    assert -(1 << (bits - 1)) <= caster(FLOAT64, target)(value) < 1 << (bits - 1)


@given(st.integers(-(2**63), 2**63 - 1))
def test_an_integer_becomes_the_nearest_single(value: int) -> None:
    found = caster(INT64, Type.FLOAT32)(value)
    step = max(abs(found) * 2.0**-23, 1e-30)
    assert abs(int(found) - value) <= step / 2
    assert not isnan(found)
