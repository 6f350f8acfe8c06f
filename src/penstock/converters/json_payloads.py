"""Reads batches of JSON messages: bare values, or envelopes with their schema beside them.

An envelope mostly begins with the same bytes as the one before. Such a start is remembered with
its schema, and only the payload behind it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final

import msgspec

from penstock.converters import json_decode
from penstock.converters.json_fast_decode import FastDecoder, exact_tree
from penstock.converters.json_reader import JsonError, read
from penstock.converters.json_schema_text import schema_from_json
from penstock.sdk.columns import Same
from penstock.sdk.converter import DecodedColumns, apart
from penstock.sdk.errors import DataError
from penstock.sdk.schema import Schema

SchemaAndValue = tuple[Schema | None, Any]

_NUMBER_LENGTH_MAX: Final = 1000
_LONG_NUMBER: Final = re.compile(rb"[-+.eE0-9]{1001}")
_STARTS_MAX: Final = 8  # schemas that take turns in one topic
_BEFORE_PAYLOAD: Final = re.compile(rb'"payload"[ \t\r\n]*:[ \t\r\n]*\Z')
_ENVELOPE_EXPECTED: Final = (
    'JsonConverter with schemas.enable requires "schema" and "payload" fields and may not contain '
    "additional fields. If you are trying to deserialize plain JSON data, set "
    "schemas.enable=false in your converter configuration."
)


def parse(text: bytes) -> Any:
    """The parts of a message, numbers exact. Raises `DataError` if it is no JSON."""
    try:
        if len(text) > _NUMBER_LENGTH_MAX and _LONG_NUMBER.search(text):
            return read(text)
        return exact_tree(text)
    except Exception:  # msgspec is stricter than Jackson
        return _read(text)


def _read(text: bytes) -> Any:
    try:
        return read(text)
    except JsonError as error:
        raise DataError(
            "Converting byte[] to Kafka Connect data failed due to serialization error: "
        ) from error


def _exact(schema: Schema | None, node: Any, null_is_default: bool) -> SchemaAndValue:
    try:
        if schema is None:
            return None, json_decode.schemaless(node)
        return schema, json_decode.decoder(schema, null_is_default)(node)
    except RecursionError as error:
        raise DataError("The message is nested too deeply to be converted.") from error


def _around_nulls(
    read_all: Callable[[Sequence[bytes | None]], DecodedColumns],
    messages: Sequence[bytes | None],
) -> DecodedColumns:
    """Null messages are null; the others are still a batch."""
    some = read_all([message for message in messages if message is not None])
    schemas, values = map(iter, some)
    return (
        [None if message is None else next(schemas) for message in messages],
        [None if message is None else next(values) for message in messages],
    )


class BareReader:
    """Messages that are values of one schema, or of none."""

    def __init__(self, schema: Schema | None, null_is_default: bool) -> None:
        self._schema = schema
        self._null_is_default = null_is_default
        self._fast = FastDecoder(schema, null_is_default)

    def read(self, messages: Sequence[bytes | None]) -> DecodedColumns:
        try:
            values = self._fast.values(messages)  # type: ignore[arg-type]  # null raises
            return Same.of(self._schema, len(values)), values
        except Exception:  # at least one needs a closer look
            if None in messages and len(messages) > 1:
                return _around_nulls(self.read, messages)
            return apart([self._read_one(message) for message in messages])

    def _read_one(self, message: bytes | None) -> SchemaAndValue:
        if message is None:
            return None, None
        try:
            return self._schema, self._fast.values((message,))[0]
        except Exception:
            return _exact(self._schema, parse(message), self._null_is_default)


class _Envelope(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    schema: msgspec.Raw
    payload: msgspec.Raw


_envelope: Final = msgspec.json.Decoder(_Envelope).decode


class _Start:
    """The bytes up to the payload of envelopes that share a schema."""

    def __init__(self, start: bytes, schema: Schema | None, fast: FastDecoder) -> None:
        self._start = start
        self._schema = schema
        self._payload = itemgetter(slice(len(start), -1))
        self._fast = fast

    def read(self, messages: Sequence[bytes]) -> DecodedColumns | None:
        """None unless all messages begin like this; raises if one needs a closer look."""
        start = self._start
        # whatever sorts between two texts with the same start has it, too
        if not (min(messages).startswith(start) and max(messages).startswith(start)):
            return None
        if set(map(_LAST, messages)) != _CLOSED:
            return None
        values = self._fast.values(list(map(self._payload, messages)))
        return Same.of(self._schema, len(values)), values


_LAST: Final = itemgetter(-1)
_CLOSED: Final = {ord("}")}


class EnvelopeReader:
    """Messages that carry their schema."""

    def __init__(self, null_is_default: bool, schemas_max: int) -> None:
        self._null_is_default = null_is_default
        self._starts: list[_Start] = []  # the latest first
        self._described = lru_cache(maxsize=schemas_max)(self._describe)

    def read(self, messages: Sequence[bytes | None]) -> DecodedColumns:
        found = self._alike(messages)
        if found is not None:
            return found
        if None in messages and len(messages) > 1:
            return _around_nulls(self.read, messages)
        return apart([self._read_one(message) for message in messages])

    def _alike(self, messages: Sequence[Any]) -> DecodedColumns | None:
        """The answer if all messages begin with the latest start and none needs a closer look."""
        if not self._starts:
            return None
        try:
            return self._starts[0].read(messages)
        except Exception:
            return None

    def _read_one(self, message: bytes | None) -> SchemaAndValue:
        if message is None:
            return None, None
        try:
            return self._read_known(message) or self._read_new(message)
        except Exception:
            return self._read_exactly(message)

    def _read_known(self, message: bytes) -> SchemaAndValue | None:
        for place, start in enumerate(self._starts):
            found = start.read((message,))
            if found is not None:
                if place:
                    self._starts.insert(0, self._starts.pop(place))
                return found[0][0], found[1][0]
        return None

    def _read_new(self, message: bytes) -> SchemaAndValue:
        message.decode()  # msgspec does not look into what it skips
        envelope = _envelope(message)
        schema, fast = self._described(bytes(envelope.schema))
        payload = bytes(envelope.payload)
        value = fast.values((payload,))[0]
        start = message[: -len(payload) - 1]
        if message == start + payload + b"}" and _BEFORE_PAYLOAD.search(start):
            self._starts = [_Start(start, schema, fast), *self._starts[: _STARTS_MAX - 1]]
        return schema, value

    def _read_exactly(self, message: bytes) -> SchemaAndValue:
        node = parse(message)
        if node.__class__ is not dict or node.keys() != {"schema", "payload"}:
            raise DataError(_ENVELOPE_EXPECTED)
        schema = schema_from_json(node["schema"], self._null_is_default)
        return _exact(schema, node["payload"], self._null_is_default)

    def _describe(self, text: bytes) -> tuple[Schema | None, FastDecoder]:
        schema = schema_from_json(parse(text), self._null_is_default)
        return schema, FastDecoder(schema, self._null_is_default)
