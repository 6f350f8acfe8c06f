"""JSON, with the schema beside each value or without; byte for byte as Connect writes it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, cast

from penstock.converters.json_fast_encode import FastEncoder, schemaless_texts
from penstock.converters.json_payloads import BareReader, EnvelopeReader
from penstock.converters.json_reader import JsonError, read
from penstock.converters.json_schema_text import schema_from_json, schema_to_json
from penstock.converters.json_writer import write
from penstock.converters.options import ConverterConfig
from penstock.sdk.config import Importance, Option, Width, one_of_ignoring_case
from penstock.sdk.converter import Converter, DecodedColumns, HeaderConverter, Role
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


class JsonConverter(Converter[JsonConverterConfig], HeaderConverter[JsonConverterConfig]):
    """Values as JSON texts."""

    def __init__(self, config: JsonConverterConfig, role: Role = Role.VALUE) -> None:
        super().__init__(config, role)
        self._null_is_default = config.replace_null_with_default
        self._numeric = config.decimal_format.upper() == "NUMERIC"
        remember = lru_cache(maxsize=max(0, config.schemas_cache_size))
        self._encoder = remember(self._made_encoder)
        self._start = remember(self._made_start)
        self._reader = self._made_reader()

    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        start = self._start(schema) if self.config.schemas_enable else None
        texts = self._texts(schema, values)
        framed = texts if start is None else [start + text + b"}" for text in texts]
        if schema is None and None in values:
            return [None if v is None else t for v, t in zip(values, framed, strict=True)]
        return cast("list[bytes | None]", framed)

    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        return list(zip(*self._reader.read(payloads), strict=True))

    def decode_columns(self, topic: str, payloads: Sequence[bytes | None]) -> DecodedColumns:
        return self._reader.read(payloads)

    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        return self.encode(topic, schema, (value,))[0]

    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        return self.decode(topic, (payload,))[0]

    def _texts(self, schema: Schema | None, values: Sequence[Any]) -> list[bytes]:
        try:
            return (
                schemaless_texts(values) if schema is None else self._encoder(schema).texts(values)
            )
        except RecursionError as error:
            raise DataError("The value is nested too deeply, or contains itself.") from error

    def _made_encoder(self, schema: Schema) -> FastEncoder:
        return FastEncoder(schema, self._null_is_default, self._numeric)

    def _made_start(self, schema: Schema | None) -> bytes:
        """All of an envelope that comes before its payload."""
        shown = write([schema_to_json(schema, self._null_is_default, self._numeric)])[0]
        return b'{"schema":' + shown + b',"payload":'

    def _made_reader(self) -> BareReader | EnvelopeReader:
        fixed = self._fixed_schema(self.config.schema_content)
        if not self.config.schemas_enable:
            return BareReader(None, self._null_is_default)
        if fixed is not None:
            return BareReader(fixed, self._null_is_default)
        return EnvelopeReader(self._null_is_default, max(0, self.config.schemas_cache_size))

    def _fixed_schema(self, content: str | None) -> Schema | None:
        if not content:
            return None
        try:
            return schema_from_json(read(content.encode()), self._null_is_default)
        except JsonError as error:
            message = "Failed to parse schema in converter config due to serialization error: "
            raise DataError(message) from error
