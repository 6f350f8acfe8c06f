"""The fast ways never differ from the exact ones."""

from __future__ import annotations

import base64
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from penstock.converters import json_decode
from penstock.converters.json import JsonConverter
from penstock.converters.json_encode import encoder, schemaless
from penstock.converters.json_fast_encode import FastEncoder, schemaless_texts
from penstock.converters.json_payloads import parse
from penstock.sdk.numbers import Float32, Int8
from penstock.sdk.schema import Schema, same_value
from penstock.sdk.values import java_double
from penstock.testing.strategies import schemaless_values, schemas, struct_schemas, values
from tests.unit.converters.making import make

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
any_text = st.text(max_size=6) | st.sampled_from(("\ud83d", "😀", "\x1f\\u001f", '\\\\u001a"'))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**65), 2**65),
    st.floats(),
    st.floats(-1e8, 1e8),
    any_text,
    st.binary(max_size=3),
    st.builds(Int8, st.integers(-5, 5)),
    st.builds(Float32, st.floats(width=32)),
    st.decimals(allow_nan=False, allow_infinity=False),
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(any_text, inner, max_size=3),
        st.dictionaries(st.integers() | st.none() | any_text, inner, max_size=3),
    ),
    max_leaves=8,
)
alike = st.fixed_dictionaries(
    {"n": st.integers(-5, 5) | st.none(), "d": st.floats(-1e8, 1e8), "t": any_text | st.booleans()}
)


def slow_text(prepared: Any) -> str:
    """What Jackson writes, character by character."""
    if prepared is None or isinstance(prepared, bool):
        return json.dumps(prepared)
    if isinstance(prepared, Raw):
        return bytes(prepared).decode()
    if isinstance(prepared, float):
        return java_double(prepared)
    if isinstance(prepared, int):
        return str(prepared)
    if isinstance(prepared, bytes):
        return f'"{base64.b64encode(prepared).decode()}"'
    if isinstance(prepared, str):
        return slowly_quoted(prepared)
    if isinstance(prepared, dict):
        members = (f"{slowly_quoted(k)}:{slow_text(v)}" for k, v in prepared.items())
        return "{" + ",".join(members) + "}"
    return "[" + ",".join(map(slow_text, prepared)) + "]"


def slowly_quoted(text: str) -> str:
    data = text.encode("utf-16-be", "surrogatepass")
    units = (int.from_bytes(data[i : i + 2], "big") for i in range(0, len(data), 2))
    return '"' + "".join(map(escaped, units)) + '"'


def escaped(unit: int) -> str:
    short = {8: r"\b", 9: r"\t", 10: r"\n", 12: r"\f", 13: r"\r", 34: r"\"", 92: r"\\"}
    if unit in short:
        return short[unit]
    return f"\\u{unit:04X}" if unit < 32 or 0xD800 <= unit < 0xE000 else chr(unit)


def outcome(run: Any) -> Any:
    try:
        return run()
    except Exception as error:
        return type(error), str(error)


@few
@given(st.lists(anything, max_size=3) | st.lists(alike, max_size=3))
def test_schemaless_batches_are_written_as_the_slow_way_does(given_values: list[Any]) -> None:
    found = outcome(lambda: schemaless_texts(given_values))
    assert found == outcome(lambda: [slow_text(schemaless(v)).encode() for v in given_values])


@few
@given(struct_schemas() | schemas(), st.booleans(), st.booleans(), st.data())
def test_batches_with_schema_are_written_as_the_slow_way_does(
    schema: Schema, null_is_default: bool, numeric: bool, data: st.DataObject
) -> None:
    batch = data.draw(st.lists(values(schema), max_size=3))
    exact = encoder(schema, null_is_default, numeric)
    found = FastEncoder(schema, null_is_default, numeric).texts(batch)
    assert found == [slow_text(exact(value)).encode() for value in batch]


@few
@given(st.lists(schemaless_values(), max_size=3))
def test_schemaless_batches_are_read_as_the_slow_way_does(written: list[Any]) -> None:
    payloads = [json.dumps(value, ensure_ascii=False).encode() for value in written]
    found = make(JsonConverter, schemas_enable="false").decode("t", payloads)
    assert same_value(found, [(None, json_decode.schemaless(parse(text))) for text in payloads])


@few
@given(struct_schemas(), st.data())
def test_what_another_value_left_in_a_field_is_read_as_the_slow_way_does(
    schema: Schema, data: st.DataObject
) -> None:
    """Any text at the place of a field: mostly of a wrong type."""
    names = st.sampled_from([field.name for field in schema.fields] or ["x"])
    node = data.draw(st.dictionaries(names, schemaless_values(max_leaves=3), max_size=3))
    text = json.dumps(node).encode()
    converter = make(JsonConverter)
    start = (converter.encode("t", schema.as_optional(), [None])[0] or b"")[: -len("null}")]
    found = outcome(lambda: converter.decode("t", [start + text + b"}"] * 2)[1][1])
    exact = json_decode.decoder(schema.as_optional(), True)
    expected = outcome(lambda: exact(parse(text)))
    assert same_value(ordered(found), ordered(expected)), (found, expected)


def ordered(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value
