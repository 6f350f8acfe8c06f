"""The hot paths without a broker, a batch at a time: what `benchmarks.check` watches over.

Each path is told in multiples of `bare`, the plain loop that parses, copies and prints values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from confluent_kafka import Message

from benchmarks.transforms import CHAINS, ORDER, Stock
from penstock.connectors.file.lines import Lines
from penstock.converters.bytes import ByteArrayConverter
from penstock.converters.json import JsonConverter, JsonConverterConfig
from penstock.converters.options import ConverterConfig
from penstock.converters.simple_header import SimpleHeaderConverter
from penstock.converters.string import StringConverter, StringConverterConfig
from penstock.hosting.control import SystemClock, ThreadControl
from penstock.kafka.consumer import KafkaBatch
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters
from penstock.runtime.sink_decoding import SinkDecoder
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.stages import TransformChain
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.sdk.columns import column
from penstock.sdk.config import Config
from penstock.sdk.converter import Converter, Role
from penstock.sdk.record import SourceRecord
from penstock.sdk.schema import Schema
from penstock.sdk.values_texts import java_lines

Batch = Callable[[], object]  # does the work for `BATCH` records

BATCH = 500
TOPIC = "shop.orders"
THREE = CHAINS["InsertField, MaskField, RegexRouter"]


def values(records: int) -> list[dict[str, Any]]:
    return [
        {"id": i, "customer": f"customer {i % 97}", "total": i / 7, "note": "x" * 20, "items": 3}
        for i in range(records)
    ]


def json_converter(role: Role, *, schemas: bool) -> JsonConverter:
    options = {"schemas.enable": str(schemas).lower(), "converter.type": role.value}
    return JsonConverter(JsonConverterConfig.parse(options), role)


def json_converters(*, schemas: bool) -> Converters:
    key, value = (json_converter(role, schemas=schemas) for role in (Role.KEY, Role.VALUE))
    return _with_header(key, value)


def _with_header(key: Converter[Any], value: Converter[Any]) -> Converters:
    header = SimpleHeaderConverter(Config.parse({}))
    return Converters(key, value, header, "key", "value", "header")


def operator() -> Operator:
    return Operator(Tolerance.NONE, SystemClock(), ThreadControl())


def chain(properties: Mapping[str, str]) -> TransformChain:
    return TransformChain.build(properties, Stock())


def decoder(converters: Converters, transforms: Mapping[str, str]) -> SinkDecoder:
    return SinkDecoder(chain(transforms), converters, operator(), Reporters([]))


def encoder(converters: Converters, transforms: Mapping[str, str]) -> SourceEncoder:
    return SourceEncoder(chain(transforms), converters, operator(), Reporters([]))


def messages(payloads: Sequence[bytes | None]) -> list[Message]:
    """As the client gives them."""
    stamp = (1, 1_700_000_000_000)
    return [
        Message(topic=TOPIC, partition=0, offset=offset, value=payload, timestamp=stamp)
        for offset, payload in enumerate(payloads)
    ]


def _bare(given: Sequence[Message]) -> Batch:
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode

    def run() -> object:
        parsed: list[dict[str, Any]] = []
        for message in given:
            payload = message.value()
            assert payload is not None
            parsed.append(decode(payload) | {"offset": message.offset()})
        return [encode(value) for value in parsed]

    return run


def _sink(
    given: list[Message], converters: Converters, transforms: Mapping[str, str], *, records: bool
) -> Batch:
    decode = decoder(converters, transforms).whole

    def run() -> object:
        decoded = decode(batch := KafkaBatch(given, TOPIC))
        if records:
            for record in decoded:
                assert record.value is not None
        else:
            column(decoded, "value")
        return batch.ends()

    return run


def _source(
    given: Sequence[Any],
    schema: Schema | None,
    converters: Converters,
    transforms: Mapping[str, str],
) -> Batch:
    encode = encoder(converters, transforms).whole

    def run() -> object:
        return encode(
            [
                SourceRecord(
                    TOPIC, value, schema, source_partition={"f": 1}, source_offset={"p": i}
                )
                for i, value in enumerate(given)
            ]
        )

    return run


def _lines(data: bytes) -> Batch:
    def run() -> object:
        lines = Lines(0)
        lines.feed(data)
        return lines.take(BATCH)

    return run


def workloads() -> dict[str, Batch]:
    """By name; the first is the one the others are compared with."""
    plain, envelopes = json_converters(schemas=False), json_converters(schemas=True)
    given = values(BATCH)
    bodies = messages(plain.value.encode(TOPIC, None, given))
    wrapped = messages(envelopes.value.encode(TOPIC, ORDER, given))
    texts = messages([b"%09d " % row + b"x" * 89 for row in range(BATCH)])
    lines = b"\n".join(text for message in texts if (text := message.value())) + b"\n"
    options = ConverterConfig.parse({"converter.type": "value"})
    text_options = StringConverterConfig.parse({"converter.type": "value"})
    strings = _with_header(StringConverter(text_options, Role.KEY), StringConverter(text_options))
    raw = _with_header(ByteArrayConverter(options, Role.KEY), ByteArrayConverter(options))
    return {
        "bare": _bare(bodies),
        "sink, JSON, records": _sink(bodies, plain, {}, records=True),
        "sink, JSON, columns": _sink(bodies, plain, {}, records=False),
        "sink, JSON, 3 transforms, records": _sink(bodies, plain, THREE, records=True),
        "sink, envelope, records": _sink(wrapped, envelopes, {}, records=True),
        "sink, envelope, 3 transforms, records": _sink(wrapped, envelopes, THREE, records=True),
        "sink, String, columns": _sink(texts, strings, {}, records=False),
        "sink, bytes, columns": _sink(texts, raw, {}, records=False),
        "source, JSON": _source(given, None, plain, {}),
        "source, JSON, 3 transforms": _source(given, None, plain, THREE),
        "source, envelope": _source(given, ORDER, envelopes, {}),
        "source, lines of a file": _lines(lines),
        "values as text, as the file sink prints them": lambda: java_lines(given, [None] * BATCH),
    }
