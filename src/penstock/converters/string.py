"""Values as text: what Java's `toString` says of them, in a configurable character set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

from penstock.converters.charsets import Charset
from penstock.converters.options import ConverterConfig
from penstock.sdk.columns import Same
from penstock.sdk.config import Importance, Option, Width
from penstock.sdk.converter import Converter, DecodedColumns, HeaderConverter, Role
from penstock.sdk.schema import OPTIONAL_STRING, Schema
from penstock.sdk.values import java_string


class StringConverterConfig(ConverterConfig):
    """Settings of `StringConverter`."""

    converter_encoding: Annotated[
        str,
        Option(
            "The character set of the texts, by its Java name.",
            Importance.HIGH,
            width=Width.MEDIUM,
            display="Encoding",
        ),
    ] = "UTF-8"


class StringConverter(Converter[StringConverterConfig], HeaderConverter[StringConverterConfig]):
    """Writes any value as text and reads text; null stays null."""

    def __init__(self, config: StringConverterConfig, role: Role = Role.VALUE) -> None:
        super().__init__(config, role)
        self._charset = Charset.named(config.converter_encoding)

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        with suppress(TypeError, UnicodeError):  # not texts alone, or half a character
            return list(map(self._charset.encode_strictly, values))
        encode = self._charset.encode
        return [None if v is None else encode(java_string(v, schema)) for v in values]

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return list(zip(*StringConverter.decode_columns(self, topic, payloads), strict=True))

    def decode_columns(self, topic: str, payloads: Sequence[bytes | None]) -> DecodedColumns:
        return Same.of(OPTIONAL_STRING, len(payloads)), self._texts(payloads)

    def _texts(self, payloads: Sequence[bytes | None]) -> list[str | None]:
        with suppress(TypeError, UnicodeError):  # some are null or malformed
            return list(map(self._charset.decode_strictly, payloads))
        decode = self._charset.decode
        return [None if payload is None else decode(payload) for payload in payloads]

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        return self.encode(topic, schema, (value,))[0]

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        return self.decode(topic, (payload,))[0]
