from __future__ import annotations

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.converters.base64_text import decode_base64
from penstock.converters.json_fast_decode import exact_tree
from penstock.converters.json_reader import MISSING, JsonError, read
from penstock.sdk.schema import same_value
from penstock.testing.strategies import schemaless_values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"1 2", 1),
        (b"[1] x", [1]),
        (b'"a"b', "a"),
        (b"true,", True),
        (b"007", 7),
        (b"-00.50e1", Decimal("-5.0")),
        (b"\t1\n", 1),
        (b'{"a":1,"a":2}', {"a": 2}),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\ud83d"', "\ud83d"),
        (rb'{"\ud83d\ude00":1}', {"😀": 1}),
        (b'"\xc0\x80"', "\0"),
        (b"\xef\xbb\xbf1", 1),
        (b"\xfe\xff\x001", 1),
        (b"\x001", 1),
        (b"[\0]\0", []),
        (b"\0\0\0001", 1),
        (b"1E400", Decimal("1E400")),
    ],
)
def test_reads_what_jackson_reads(text: bytes, value: Any) -> None:
    assert same_value(read(text), value)


def test_reads_a_thousand_levels() -> None:
    value, levels = read(b"[" * 1000 + b"]" * 1000), 0
    while value:
        (value,), levels = value, levels + 1
    assert levels == 999


@pytest.mark.parametrize(
    "text",
    [
        *(b"{", b"[1,]", b"[,1]", b'{"a":1,}', b"{a:1}", b"{'a':1}", b'{"a"1}', b"[1 2]", b'"a'),
        *(b"1.", b".5", b"+1", b"1e", b"-", b"1x", b"1,", b"truex", b"nul", b"NaN", b"/**/1"),
        *(b'"\xed\xa0\x80"', b'"\xed\xa0\xbd\\ude00"', rb'{"\ud83d":1}', rb'{"\ude00\ud83d":1}'),
        *(b'"\\x"', b'"\\u12"', b'"a\nb"', b'"\xff"', b'"\xc3"', b"\xff\xfe", b"\0", b"\xe9"),
        *(b"1e99999999999", b"1" * 1001, b"[" * 1001 + b"]" * 1001, b"\0\0\xfe\xff1"),
    ],
)
def test_refuses_what_jackson_refuses(text: bytes) -> None:
    with pytest.raises(JsonError):
        read(text)


def test_nothing_at_all_is_missing() -> None:
    assert read(b"") is MISSING
    assert read(b" \n") is MISSING


@given(schemaless_values())
def test_reads_what_others_write(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False).encode()
    assert same_value(read(text), exact_tree(text))


@given(schemaless_values(max_leaves=3), st.data())
def test_never_disagrees_with_msgspec(value: Any, data: st.DataObject) -> None:
    text = bytearray(json.dumps(value).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + 1] = bytes([data.draw(st.sampled_from(b' ,:{}[]"\\019.eE-tn\xff\xc3'))])
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        expected = exact_tree(bytes(text))
        assert same_value(read(bytes(text)), expected)


def test_base64_may_have_space_between_quartets_and_several_ends() -> None:
    assert decode_base64("YQ== YWI=\nYWJj") == b"aababc"
    assert decode_base64("YR==") == b"a"


@pytest.mark.parametrize("text", ["x", "YQ", "YQ=", "Y Q=", "====", "Y===", "-_-_", "YQ=a"])
def test_refuses_what_is_no_base64(text: str) -> None:
    with pytest.raises(ValueError, match="not base64"):
        decode_base64(text)
