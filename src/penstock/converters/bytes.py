"""Bytes as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.converters.options import ConverterConfig
from penstock.sdk.converter import Converter, DecodedColumns, HeaderConverter
from penstock.sdk.errors import DataError
from penstock.sdk.schema import OPTIONAL_BYTES, Schema, Type
from penstock.sdk.values import java_type_name

_AS_THEY_ARE = frozenset((bytes, type(None)))


class ByteArrayConverter(Converter[ConverterConfig], HeaderConverter[ConverterConfig]):
    """Hands bytes and null on; anything else is an error."""

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        if schema is not None and schema.type is not Type.BYTES:
            kind = schema.type.name
            raise DataError(f"Invalid schema type for ByteArrayConverter: {kind}")
        if _AS_THEY_ARE.issuperset(map(type, values)):
            return list(values)
        return [_as_bytes(value) for value in values]

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return list(zip(*ByteArrayConverter.decode_columns(self, topic, payloads), strict=True))

    def decode_columns(self, topic: str, payloads: Sequence[bytes | None]) -> DecodedColumns:
        return [OPTIONAL_BYTES] * len(payloads), payloads

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        return self.encode(topic, schema, (value,))[0]

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        return OPTIONAL_BYTES, payload


def _as_bytes(value: Any) -> bytes | None:
    if value is None or value.__class__ is bytes:
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)  # pyright: ignore[reportUnknownArgumentType]
    raise DataError(
        f"ByteArrayConverter is not compatible with objects of type class {java_type_name(value)}"
    )
