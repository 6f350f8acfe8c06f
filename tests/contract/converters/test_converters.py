"""Every built-in converter keeps the contract."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis import strategies as st

from penstock.converters.bytes import ByteArrayConverter
from penstock.converters.json import JsonConverter
from penstock.converters.numbers import (
    BooleanConverter,
    DoubleConverter,
    FloatConverter,
    IntegerConverter,
    LongConverter,
    ShortConverter,
)
from penstock.converters.string import StringConverter
from penstock.sdk.converter import Role
from penstock.sdk.schema import (
    OPTIONAL_BOOLEAN,
    OPTIONAL_BYTES,
    OPTIONAL_FLOAT32,
    OPTIONAL_FLOAT64,
    OPTIONAL_INT16,
    OPTIONAL_INT32,
    OPTIONAL_INT64,
    OPTIONAL_STRING,
    Schema,
)
from penstock.testing.converter_contract import Batch, ConverterContract
from penstock.testing.strategies import schemaless_values, values

Options = Mapping[str, str]

NOT_A_NUMBER = (b"", b"abc", b"\0" * 9)


def read_by_jackson(value: Any) -> Any:
    """Doubles that JSON has no number for are written as strings, which are then read as zero."""
    if isinstance(value, float):
        return value if math.isfinite(value) and value else 0.0
    if isinstance(value, dict):
        return {key: read_by_jackson(member) for key, member in value.items()}
    return list(map(read_by_jackson, value)) if isinstance(value, list) else value


class TestJsonConverterWithSchemas(ConverterContract):
    converter = JsonConverter
    bad_payloads = (b"", b"{", b"1", b'{"schema":null}', b'{"schema":{},"payload":1}')

    def read_back(self, schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
        return schema, read_by_jackson(value)


class TestJsonConverterWithNumericDecimals(TestJsonConverterWithSchemas):
    options: ClassVar[Options] = {"decimal.format": "NUMERIC"}
    role = Role.KEY


class TestJsonConverterThatForgetsSchemas(TestJsonConverterWithSchemas):
    options: ClassVar[Options] = {
        "schemas.cache.size": "0",
        "replace.null.with.default": "false",
    }


class TestJsonConverterWithoutSchemas(ConverterContract):
    converter = JsonConverter
    options: ClassVar[Options] = {"schemas.enable": "false"}
    bad_payloads = (b"{", b"nul", b"[1,]", b"\xff")

    def batches(self) -> st.SearchStrategy[Batch]:
        return st.lists(schemaless_values(), max_size=4).map(lambda written: (None, written))

    def read_back(self, schema: Schema | None, value: Any) -> tuple[Schema | None, Any]:
        return schema, read_by_jackson(value)


class TestJsonConverterWithNullSchemas(TestJsonConverterWithoutSchemas):
    options: ClassVar[Options] = {}


class SingleContract(ConverterContract):
    """For converters of one type, which read it as optional."""

    schema: Schema

    def batches(self) -> st.SearchStrategy[Batch]:
        return st.lists(values(self.schema), max_size=4).map(lambda written: (self.schema, written))


class TestStringConverter(SingleContract):
    converter = StringConverter
    schema = OPTIONAL_STRING


class TestStringConverterInUtf16(SingleContract):
    converter = StringConverter
    options: ClassVar[Options] = {"converter.encoding": "UTF-16"}
    schema = OPTIONAL_STRING


class TestByteArrayConverter(SingleContract):
    converter = ByteArrayConverter
    schema = OPTIONAL_BYTES


class TestBooleanConverter(SingleContract):
    converter = BooleanConverter
    schema = OPTIONAL_BOOLEAN
    bad_payloads = (*NOT_A_NUMBER, b"\2")


class TestShortConverter(SingleContract):
    converter = ShortConverter
    schema = OPTIONAL_INT16
    bad_payloads = NOT_A_NUMBER


class TestIntegerConverter(SingleContract):
    converter = IntegerConverter
    schema = OPTIONAL_INT32
    bad_payloads = NOT_A_NUMBER


class TestLongConverter(SingleContract):
    converter = LongConverter
    schema = OPTIONAL_INT64
    bad_payloads = NOT_A_NUMBER


class TestFloatConverter(SingleContract):
    converter = FloatConverter
    schema = OPTIONAL_FLOAT32
    bad_payloads = NOT_A_NUMBER


class TestDoubleConverter(SingleContract):
    converter = DoubleConverter
    schema = OPTIONAL_FLOAT64
    bad_payloads = NOT_A_NUMBER


del SingleContract, ConverterContract  # not to be run by themselves
