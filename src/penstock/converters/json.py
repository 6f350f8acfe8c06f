"""JSON, with the schema beside each value or without; byte for byte as Connect writes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from typing import Annotated, Any

import msgspec

from penstock.converters import json_decode, json_encode
from penstock.converters.json_reader import MISSING, JsonError, exact_number, read
from penstock.converters.json_schema_text import schema_from_json, schema_to_json
from penstock.converters.json_writer import write
from penstock.converters.options import ConverterConfig
from penstock.sdk.config import Importance, Option, Width, one_of_ignoring_case
from penstock.sdk.converter import Converter, HeaderConverter, Role
from penstock.sdk.errors import DataError
from penstock.sdk.schema import Schema


class JsonConverterConfig(ConverterConfig):
    """Settings of `JsonConverter`."""

    schemas_enable: Annotated[
        bool,
        Option(
            "Write the schema beside each value, and expect it there when reading.",
            Importance.HIGH,
            group="Schemas",
            order=0,
            width=Width.MEDIUM,
            display="Enable Schemas",
        ),
    ] = True
    schemas_cache_size: Annotated[
        int,
        Option(
            "How many schemas are remembered in each direction.",
            Importance.HIGH,
            group="Schemas",
            order=1,
            width=Width.MEDIUM,
            display="Schema Cache Size",
        ),
    ] = 1000
    decimal_format: Annotated[
        str,
        Option(
            "How decimals are written: BASE64 or NUMERIC. Both can be read.",
            Importance.LOW,
            check=one_of_ignoring_case("BASE64", "NUMERIC"),
            group="Serialization",
            order=0,
            width=Width.MEDIUM,
            display="Decimal Format",
        ),
    ] = "BASE64"
    replace_null_with_default: Annotated[
        bool,
        Option(
            "Whether the default stands in for null, when writing and when reading.",
            Importance.LOW,
            group="Serialization",
            order=1,
            width=Width.MEDIUM,
            display="Replace null with default",
        ),
    ] = True
    schema_content: Annotated[
        str | None,
        Option(
            "The schema of all values read, as JSON; each message is then a bare value.",
            Importance.HIGH,
            group="Schemas",
            order=2,
            width=Width.MEDIUM,
            display="Schema Content",
        ),
    ] = None


_ENVELOPE_EXPECTED = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain '
    "additional fields. If you are trying to deserialize plain JSON data, set "
    "schemas.enable=false in your converter configuration."
)


class JsonConverter(Converter[JsonConverterConfig], HeaderConverter[JsonConverterConfig]):
    """Values as JSON texts."""

    def __init__(self, config: JsonConverterConfig, role: Role = Role.VALUE) -> None:
        super().__init__(config, role)
        self._null_is_default = config.replace_null_with_default
        self._numeric = config.decimal_format.upper() == "NUMERIC"
        remember = lru_cache(maxsize=max(0, config.schemas_cache_size))
        self._frame = remember(self._framed)
        self._content = self._fixed_schema(config.schema_content)
        self._tree = partial(msgspec.json.Decoder(float_hook=exact_number).decode)

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        prefix = self._frame(schema) if self.config.schemas_enable else b""
        if schema is None:
            prepare = json_encode.schemaless
        else:
            prepare = json_encode.encoder(schema, self._null_is_default, self._numeric)
        texts = write([prepare(value) for value in values])
        end = b"}" if prefix else b""
        framed = [prefix + text + end for text in texts]
        if schema is not None:
            return list(framed)
        return [None if v is None else t for v, t in zip(values, framed, strict=True)]

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return [self._decoded(payload) for payload in payloads]

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        return self.encode(topic, schema, (value,))[0]

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        return self.decode(topic, (payload,))[0]

    def _framed(self, schema: Schema | None) -> bytes:
        shown = write([schema_to_json(schema, self._null_is_default, self._numeric)])[0]
        return b'{"schema":' + shown + b',"payload":'

    def _fixed_schema(self, content: str | None) -> Schema | None:
        if not content:
            return None
        try:
            node = read(content.encode())
        except JsonError as error:
            message = "Failed to parse schema in converter config due to serialization error: "
            raise DataError(message) from error
        return schema_from_json(node, self._null_is_default)

    def _decoded(self, payload: bytes | None) -> tuple[Schema | None, Any]:
        if payload is None:
            return None, None
        node = self._parsed(payload)
        if not self.config.schemas_enable:
            return None, json_decode.schemaless(node)
        if self._content is not None:
            schema = self._content
        elif node.__class__ is not dict or node.keys() != {"schema", "payload"}:
            raise DataError(_ENVELOPE_EXPECTED)
        else:
            schema, node = schema_from_json(node["schema"], self._null_is_default), node["payload"]
        if schema is None:
            return None, json_decode.schemaless(node)
        return schema, json_decode.decoder(schema, self._null_is_default)(node)

    def _parsed(self, payload: bytes) -> Any:
        try:
            return self._tree(payload)
        except Exception:  # msgspec is stricter than Jackson
            try:
                return read(payload)
            except JsonError as error:
                raise DataError(
                    "Converting byte[] to Kafka Connect data failed due to serialization error: "
                ) from error


__all__ = ["MISSING", "JsonConverter", "JsonConverterConfig"]
