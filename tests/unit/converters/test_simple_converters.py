from __future__ import annotations

import logging
from typing import Any

import pytest

from penstock.converters.bytes import ByteArrayConverter
from penstock.converters.numbers import (
    BooleanConverter,
    DoubleConverter,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from penstock.converters.options import SerializationError
from penstock.converters.simple_header import SimpleHeaderConverter
from penstock.converters.string import StringConverter
from penstock.sdk.converter import Role
from penstock.sdk.errors import DataError
from penstock.sdk.numbers import Int8, Int16, Int32
from penstock.sdk.schema import (
    BOOLEAN,
    BYTES,
    FLOAT32,
    INT8,
    INT32,
    INT64,
    OPTIONAL_BYTES,
    OPTIONAL_INT32,
    OPTIONAL_STRING,
    STRING,
    Schema,
    Type,
)
from tests.unit.converters.making import make

TOPIC = "t"


def test_strings_are_what_java_says_of_values() -> None:
    converter = make(StringConverter)
    schema = Schema(Type.STRUCT, fields=[("a", FLOAT32)])
    assert converter.encode(TOPIC, None, ["x", None, 1e10, [1, None], {"a": True}]) == [
        b"x",
        None,
        b"1.0E10",
        b"[1, null]",
        b"{a=true}",
    ]
    assert converter.encode(TOPIC, schema, [{"a": 0.1}]) == [b"Struct{a=0.1}"]


def test_malformed_bytes_are_replaced_in_texts() -> None:
    read = make(StringConverter).decode(TOPIC, [b"a", None, b"\xc3x", b"\xed\xa0\x80"])
    assert [text for _, text in read] == ["a", None, "\ufffdx", "\ufffd"]
    assert {schema for schema, _ in read} == {OPTIONAL_STRING}


def test_half_a_character_is_written_as_a_question_mark() -> None:
    assert make(StringConverter).encode(TOPIC, STRING, ["\ud83dx"]) == [b"?x"]


@pytest.mark.parametrize(
    ("encoding", "text", "data"),
    [
        ("UTF-16", "a\u20ac", b"\xfe\xff\0a\x20\xac"),
        ("utf-16le", "a", b"a\0"),
        ("UTF-32", "a", b"\0\0\0a"),
        ("latin1", "h\xe9", b"h\xe9"),
        ("windows-1252", "\u20ac", b"\x80"),
        ("Shift_JIS", "\u65e5", b"\x93\xfa"),
        ("IBM850", "\xe9", b"\x82"),
    ],
)
def test_texts_come_in_javas_character_sets(encoding: str, text: str, data: bytes) -> None:
    converter = make(StringConverter, converter_encoding=encoding)
    assert converter.encode(TOPIC, STRING, [text]) == [data]
    assert converter.decode(TOPIC, [data]) == [(OPTIONAL_STRING, text)]


def test_what_a_character_set_lacks_becomes_a_question_mark() -> None:
    ascii_only = make(StringConverter, converter_encoding="US-ASCII")
    assert ascii_only.encode(TOPIC, STRING, ["h\xe9😀"]) == [b"h??"]
    utf_16 = make(StringConverter, converter_encoding="UTF-16BE")
    assert utf_16.encode(TOPIC, STRING, ["\ud83d"]) == [b"\xff\xfd"]


@pytest.mark.parametrize("encoding", ["bogus", "", "rot13", "utf 8"])
def test_refuses_a_character_set_java_does_not_know(encoding: str) -> None:
    with pytest.raises(SerializationError, match=f"Unsupported encoding {encoding}"):
        make(StringConverter, converter_encoding=encoding)


def test_bytes_are_handed_on() -> None:
    converter = make(ByteArrayConverter)
    assert converter.encode(TOPIC, BYTES, [b"a", None]) == [b"a", None]
    assert converter.encode(TOPIC, None, [bytearray(b"a"), memoryview(b"b")]) == [b"a", b"b"]
    assert converter.decode(TOPIC, [b"a", None]) == [(OPTIONAL_BYTES, b"a"), (OPTIONAL_BYTES, None)]


def test_bytes_refuse_other_schemas_and_values() -> None:
    converter = make(ByteArrayConverter)
    with pytest.raises(DataError, match="Invalid schema type for ByteArrayConverter: INT32"):
        converter.encode(TOPIC, INT32, [None])
    with pytest.raises(DataError, match=r"objects of type class java\.lang\.String"):
        converter.encode(TOPIC, None, [b"a", "a"])


@pytest.mark.parametrize(
    ("kind", "schema", "value", "data"),
    [
        (ShortConverter, None, Int16(-2), b"\xff\xfe"),
        (IntegerConverter, INT32, 1, b"\0\0\0\1"),
        (IntegerConverter, STRING, Int32(1), b"\0\0\0\1"),
        (LongConverter, None, -1, b"\xff" * 8),
        (FloatConverter, FLOAT32, 1e300, b"\x7f\x80\0\0"),
        (DoubleConverter, None, 1.5, b"\x3f\xf8" + b"\0" * 6),
        (BooleanConverter, BOOLEAN, True, b"\1"),
    ],
)
def test_numbers_have_a_fixed_width(kind: Any, schema: Any, value: Any, data: bytes) -> None:
    converter = make(kind)
    assert converter.encode(TOPIC, schema, [value, None]) == [data, None]
    read = converter.decode(TOPIC, [data, None])
    assert read[1] == (read[0][0], None)
    assert converter.encode(TOPIC, read[0][0], [read[0][1]]) == [data]


@pytest.mark.parametrize(
    ("kind", "schema", "value", "label"),
    [
        (IntegerConverter, None, 1, "integer"),
        (IntegerConverter, INT8, 1, "integer"),
        (IntegerConverter, INT32, True, "integer"),
        (IntegerConverter, INT32, 2**31, "integer"),
        (LongConverter, None, 2**63, "long"),
        (LongConverter, None, Int8(1), "long"),
        (FloatConverter, None, 1.5, "float"),
        (DoubleConverter, FLOAT32, 1.5, "double"),
    ],
)
def test_numbers_of_another_width_are_refused(
    kind: Any, schema: Any, value: Any, label: str
) -> None:
    with pytest.raises(DataError, match=f"Failed to serialize to {label}"):
        make(kind).encode(TOPIC, schema, [value])


def test_a_batch_with_one_payload_of_a_wrong_size_is_refused() -> None:
    converter = make(IntegerConverter)
    assert converter.decode(TOPIC, [b"\0\0\0\1"] * 2) == [(OPTIONAL_INT32, 1)] * 2
    with pytest.raises(DataError, match="Failed to deserialize integer"):
        converter.decode(TOPIC, [b"\0\0\0\1", b"\0"])
    with pytest.raises(DataError, match="Failed to deserialize boolean"):
        make(BooleanConverter).decode(TOPIC, [b"\2"])


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(DataError, match="Invalid schema type for BooleanConverter: INT64"):
        make(BooleanConverter).encode(TOPIC, INT64, [None])
    with pytest.raises(DataError, match="BooleanConverter is not compatible"):
        make(BooleanConverter).encode(TOPIC, None, [1])


def test_simple_headers_guess_what_a_text_means() -> None:
    converter = SimpleHeaderConverter(make_config(), Role.HEADER)
    assert converter.encode_header(TOPIC, "h", None, {"a": [1.5, "x"]}) == b'{"a":[1.5,"x"]}'
    assert converter.encode_header(TOPIC, "h", None, None) is None
    assert converter.decode_header(TOPIC, "h", b"42") == (INT8, 42)
    assert converter.decode_header(TOPIC, "h", b"abc") == (STRING, "abc")
    assert converter.decode_header(TOPIC, "h", b"null") == (None, None)
    assert converter.decode_header(TOPIC, "h", None) == (None, None)


def test_a_header_that_cannot_be_parsed_is_handed_on_as_bytes(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: str) -> Any:
        raise ValueError("no")

    monkeypatch.setattr("penstock.converters.simple_header.parse_string", broken)
    converter = SimpleHeaderConverter(make_config(), Role.HEADER)
    with caplog.at_level(logging.WARNING):
        assert converter.decode_header(TOPIC, "h", b"x") == (BYTES, b"x")
    assert "'h' on topic t" in caplog.text


def make_config() -> Any:
    from penstock.sdk.config import Config

    return Config.parse({})
