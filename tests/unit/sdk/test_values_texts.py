"""Lines of many values hold the text of each."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk.schema import FLOAT32, INT64, OPTIONAL_STRING, STRING, Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.values_text import java_string
from penstock.sdk.values_texts import java_lines
from penstock.testing.strategies import schemaless_values, schemas, values

ORDER = Schema(
    Type.STRUCT, fields=[("100%", INT64), ("note", OPTIONAL_STRING), ("weight", FLOAT32)]
)


def same(given: list[Any], schema: Schema | None) -> bool:
    each = [java_string(value, schema) + "\n" for value in given]
    return java_lines(given, [schema] * len(given)) == "".join(each)


def test_maps_with_the_same_members() -> None:
    given: list[Any] = [{"id": 1, "x": 0.1, "ok": True}, {"id": -2, "x": 1e9, "ok": None}]
    assert java_lines(given, [None, None]) == "{id=1, x=0.1, ok=true}\n{id=-2, x=1.0E9, ok=null}\n"


def test_structs_leave_out_what_is_null() -> None:
    given: list[Any] = [{"100%": 1, "note": "%s", "weight": 0.1}, {"100%": 2, "weight": 0.1}]
    assert java_lines(given, [ORDER, ORDER]) == (
        "Struct{100%=1,note=%s,weight=0.1}\nStruct{100%=2,weight=0.1}\n"
    )
    assert java_lines(given[:1], [ORDER]) == "Struct{100%=1,note=%s,weight=0.1}\n"


def test_other_order_other_names_other_kinds() -> None:
    assert same([{"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}], None)
    assert same([{1: "a"}, {1: "b"}], None)
    assert same([{}, {}], None)
    assert same([{"a": 1}, None, "text", 3], None)
    assert same([Struct(ORDER, {"100%": 3, "weight": 1.5})], ORDER)
    assert same([{"a": 1, "b": 2}, {"a": 1}, {"b": 2, "a": 1, "c": 3}], None)
    assert java_lines(["a", {"b": 1}], [STRING, None]) == "a\n{b=1}\n"
    assert java_lines([], []) == ""


def test_structs_whose_members_are_in_another_order() -> None:
    assert same(
        [{"weight": 2.5, "note": "n", "100%": 1}, {"100%": 2, "note": "", "weight": 0.5}], ORDER
    )
    assert same([{"note": "n", "100%": 1, "weight": 2.5}], ORDER)


def test_integers_of_any_size() -> None:
    assert same([{"n": 2**70, "text": "two\nlines"}, {"n": -(2**70), "text": ""}], None)


@given(st.lists(st.floats(1e-3, 9999999.9) | st.floats() | st.sampled_from((1e7, 2.0))))
def test_doubles(numbers: list[float]) -> None:
    assert same([{"x": number} for number in numbers], None)


def test_zeros_and_negative_doubles_among_others() -> None:
    given = (0.0, -0.0, -5.25, 1e-3, -1e-3, 9.9e-4, -9.9e-4, 9999999.5, 1e7, -1e7, 5e-324, 1e308)
    assert same([{"x": number} for number in given], None)


@given(st.lists(st.floats(1e-3, 1e7, exclude_max=True), min_size=1))
def test_doubles_that_are_printed_together(numbers: list[float]) -> None:
    assert same([{"x": number} for number in numbers], None)


@given(st.lists(schemaless_values(), max_size=3), st.booleans())
def test_without_schema(given: list[Any], doubled: bool) -> None:
    assert same(given * (1 + doubled), None)


@given(schemas().flatmap(lambda s: st.tuples(st.just(s), st.lists(values(s), max_size=3))))
def test_with_schema(case: tuple[Schema, list[Any]]) -> None:
    schema, given = case
    assert same(given, schema)
