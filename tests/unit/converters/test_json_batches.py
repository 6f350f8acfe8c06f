"""Any batch of messages is read as its messages are one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.converters.json import JsonConverter
from penstock.sdk.errors import DataError
from penstock.sdk.schema import same_value
from tests.unit.converters.making import make

few = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
numbers = st.one_of(
    st.integers(-(2**66), 2**66),
    st.sampled_from((2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 0)),
    st.floats(allow_nan=False, allow_infinity=False),
)
trees = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=4) | st.just("-0.0"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)
ODD = (
    b'{"a":-0.0}',
    b"-0",
    b"",
    b"  ",
    b'{"a":1,"a":2,"b":3}',
    b"[1]\n[2]",
    b'{"a":\n1}',
    b"0123",
    b'"\xff"',
    b"9223372036854775808",
    b"[" * 9 + b"18446744073709551616" + b"]" * 9,
    b"[" * 9 + b"7" + b"]" * 9,
    b"{",
    b"1e3",
    b"1e400",
    b"NaN",
)
SCHEMAS = (
    b'{"type":"struct","optional":true,"fields":[{"field":"a","type":"int32","optional":true}]}',
    b'{"type":"double"}',
    b"null",
)
texts = trees.map(lambda tree: json.dumps(tree).encode()) | st.sampled_from(ODD)


@st.composite
def envelopes(draw: st.DrawFn) -> bytes:
    schema = draw(st.sampled_from(SCHEMAS))
    payload = draw(st.sampled_from((b"1.5", b"null", b'{"a":3}', b'{"a":-0.0}')) | texts)
    end = draw(st.sampled_from((b"}", b"}", b"}", b" }", b"} ", b"")))
    return b'{"schema":' + schema + b',"payload":' + payload + end


def outcome(converter: JsonConverter, messages: list[bytes | None]) -> Any:
    try:
        return converter.decode("t", messages)
    except DataError as error:
        return str(error)


def agree(converter: JsonConverter, messages: list[bytes | None]) -> None:
    found = outcome(converter, messages)
    alone = [outcome(converter, [message]) for message in messages]
    if isinstance(found, str):
        assert found in alone
        return
    for (schema, value), one in zip(found, alone, strict=True):
        assert not isinstance(one, str)
        assert schema == one[0][0]
        assert same_value(value, one[0][1])
        assert repr(value) == repr(one[0][1])


@few
@given(st.lists(texts | st.none(), min_size=1, max_size=6))
def test_values_without_schema(messages: list[bytes | None]) -> None:
    agree(make(JsonConverter, schemas_enable="false"), messages)


@few
@given(st.lists(envelopes() | st.none(), min_size=1, max_size=6))
def test_envelopes(messages: list[bytes | None]) -> None:
    agree(make(JsonConverter), messages)


@pytest.mark.parametrize("depth", range(12))
def test_an_integer_beyond_64_bits_wraps_at_any_depth(depth: int) -> None:
    converter = make(JsonConverter, schemas_enable="false")
    message = b"[" * depth + str(2**64 + 5).encode() + b"]" * depth
    expected: Any = 5
    for _ in range(depth):
        expected = [expected]
    assert converter.decode("t", [b"1", message]) == [(None, 1), (None, expected)]


def test_a_message_between_others_that_begin_alike_is_still_looked_at() -> None:
    start = b'{"schema":{"type":"int32"},"payload":'
    other = b'{"schema":{"type":"string"},"payload":"x"}'
    converter = make(JsonConverter)
    messages = [start + b"1}", other, start + b"2}"]
    for _ in range(2):
        assert [value for _, value in converter.decode("t", messages)] == [1, "x", 2]
