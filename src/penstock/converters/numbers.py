"""Single numbers and booleans as fixed-width big-endian bytes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from itertools import chain
from typing import Any, ClassVar

from penstock.converters.options import ConverterConfig, SerializationError
from penstock.sdk.converter import Converter, DecodedColumns, HeaderConverter
from penstock.sdk.errors import DataError
from penstock.sdk.numbers import single
from penstock.sdk.schema import (
    INT64,
    OPTIONAL_BOOLEAN,
    OPTIONAL_FLOAT32,
    OPTIONAL_FLOAT64,
    OPTIONAL_INT16,
    OPTIONAL_INT32,
    OPTIONAL_INT64,
    Schema,
    Type,
)
from penstock.sdk.values import java_type_name


class _SingleConverter(Converter[ConverterConfig], HeaderConverter[ConverterConfig]):
    """Converts one value at a time; null stays null."""

    _schema: ClassVar[Schema]

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        self._check(schema)
        return [None if value is None else self._bytes(schema, value) for value in values]

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return list(zip(*_SingleConverter.decode_columns(self, topic, payloads), strict=True))

    def decode_columns(self, topic: str, payloads: Sequence[bytes | None]) -> DecodedColumns:
        return [self._schema] * len(payloads), self._values(payloads)

    def _values(self, payloads: Sequence[bytes | None]) -> list[Any]:
        value = self._value
        return [None if payload is None else value(payload) for payload in payloads]

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        return self.encode(topic, schema, (value,))[0]

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        return self.decode(topic, (payload,))[0]

    def _check(self, schema: Schema | None) -> None:
        """Raise `DataError` for a schema this converter refuses."""

    def _bytes(self, schema: Schema | None, value: Any) -> bytes:
        raise NotImplementedError

    def _value(self, payload: bytes) -> Any:
        raise NotImplementedError


class _NumberConverter(_SingleConverter):
    """Refuses values of another class than its own; the schema only tells a plain number's."""

    _label: ClassVar[str]
    _format: ClassVar[struct.Struct]
    _java_class: ClassVar[str]
    _sized_by: ClassVar[str] = "Deserializer"

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        told = INT64 if schema is None else schema
        if told.type is self._schema.type and set(map(type, values)) == {int}:
            with suppress(struct.error):  # one is out of range
                return list(map(self._format.pack, values))
        return super().encode(topic, schema, values)

    def _values(self, payloads: Sequence[bytes | None]) -> list[Any]:
        with suppress(TypeError, struct.error):  # null, or of another size
            return list(chain.from_iterable(map(self._format.unpack, payloads)))  # type: ignore[arg-type]
        return super()._values(payloads)

    def _bytes(self, schema: Schema | None, value: Any) -> bytes:
        found = java_type_name(value, schema)
        if found != self._java_class:
            raise DataError(f"Failed to serialize to {self._label} (was class {found}): ")
        return self._format.pack(value)

    def _value(self, payload: bytes) -> Any:
        try:
            return self._format.unpack(payload)[0]
        except struct.error:
            size = f"Size of data received by {self._sized_by} is not {self._format.size}"
            cause = SerializationError(size)
            raise DataError(f"Failed to deserialize {self._label}: ") from cause


class ShortConverter(_NumberConverter):
    """INT16 in two bytes."""

    _schema = OPTIONAL_INT16
    _label = "short"
    _format = struct.Struct(">h")
    _java_class = "java.lang.Short"
    _sized_by = "ShortDeserializer"


class IntegerConverter(_NumberConverter):
    """INT32 in four bytes."""

    _schema = OPTIONAL_INT32
    _label = "integer"
    _format = struct.Struct(">i")
    _java_class = "java.lang.Integer"
    _sized_by = "IntegerDeserializer"


class LongConverter(_NumberConverter):
    """INT64 in eight bytes."""

    _schema = OPTIONAL_INT64
    _label = "long"
    _format = struct.Struct(">q")
    _java_class = "java.lang.Long"
    _sized_by = "LongDeserializer"


class FloatConverter(_NumberConverter):
    """FLOAT32 in four bytes."""

    _schema = OPTIONAL_FLOAT32
    _label = "float"
    _format = struct.Struct(">f")
    _java_class = "java.lang.Float"

    def _bytes(self, schema: Schema | None, value: Any) -> bytes:
        # out of range is infinite; what is no float is refused below
        return super()._bytes(schema, value.__class__(single(value)) if _is_float(value) else value)


class DoubleConverter(_NumberConverter):
    """FLOAT64 in eight bytes."""

    _schema = OPTIONAL_FLOAT64
    _label = "double"
    _format = struct.Struct(">d")
    _java_class = "java.lang.Double"


class BooleanConverter(_SingleConverter):
    """A boolean in one byte, 0 or 1."""

    _schema = OPTIONAL_BOOLEAN

    def _check(self, schema: Schema | None) -> None:
        if schema is not None and schema.type is not Type.BOOLEAN:
            raise DataError(f"Invalid schema type for BooleanConverter: {schema.type.name}")

    def _bytes(self, schema: Schema | None, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise DataError(
                "BooleanConverter is not compatible with objects of type "
                f"class {java_type_name(value, schema)}"
            )
        return b"\x01" if value else b"\x00"

    def _value(self, payload: bytes) -> Any:
        if payload == b"\x01" or payload == b"\x00":
            return payload == b"\x01"
        detail = (
            "Size of data received by BooleanDeserializer is not 1"
            if len(payload) != 1
            else f"Unexpected byte received by BooleanDeserializer: {payload[0]}"
        )
        raise DataError("Failed to deserialize boolean: ") from SerializationError(detail)


def _is_float(value: Any) -> bool:
    return isinstance(value, float)
