"""From consumed messages to the records a sink task is given: convert, then transform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from penstock.runtime.consumed import consumed
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters, Transforms
from penstock.runtime.ports import Headers, Incoming
from penstock.runtime.stages import transformed
from penstock.runtime.tolerance import ErrorContext, Operator, Stage
from penstock.sdk.columns import Columns, Same
from penstock.sdk.converter import Converter, DecodedColumns
from penstock.sdk.record import Header, SinkRecord


class SinkDecoder:
    """Converts and transforms messages, whole batches at once or one with all care."""

    def __init__(
        self,
        transforms: Transforms,
        converters: Converters,
        operator: Operator,
        reporters: Reporters,
    ) -> None:
        self._transforms = transforms
        self._converters = converters
        self._operator = operator
        self._reporters = reporters

    def close(self) -> None:
        self._transforms.close()
        self._converters.close()

    def whole(self, batch: Incoming) -> Sequence[SinkRecord]:
        """All of a batch, or the first exception."""
        topics = batch.topics()
        keys = _decoded(self._converters.key, topics, batch.keys())
        values = _decoded(self._converters.value, topics, batch.values())
        headers = self._headers(topics, batch.headers())
        return transformed(self._transforms.stages, _records(batch, keys, values, headers))

    def one(self, batch: Incoming) -> Sequence[SinkRecord]:
        """The only record of a batch, with retries; nothing if it is skipped and reported."""
        context = ErrorContext(consumed(batch))
        try:
            return self._carefully(context, batch)
        finally:
            if context.failed:
                self._reporters.report(context)

    def _carefully(self, context: ErrorContext, batch: Incoming) -> Sequence[SinkRecord]:
        execute, by, topics = self._operator.execute, self._converters, batch.topics()
        keys = execute(
            context,
            Stage.KEY_CONVERTER,
            by.key_class,
            lambda: _decoded(by.key, topics, batch.keys()),
        )
        values = execute(
            context,
            Stage.VALUE_CONVERTER,
            by.value_class,
            lambda: _decoded(by.value, topics, batch.values()),
        )
        headers = execute(
            context,
            Stage.HEADER_CONVERTER,
            by.header_class,
            lambda: self._headers(topics, batch.headers()),
        )
        if context.failed or keys is None or values is None:
            return []
        made = _records(batch, keys, values, headers or [()])
        records: Sequence[SinkRecord] = made.records()
        for stage in self._transforms.stages:
            step = _applied(stage.apply, records)
            records = execute(context, Stage.TRANSFORMATION, stage.class_name, step) or []
        return [] if context.failed else records

    def _headers(
        self, topics: Sequence[str], raw: Sequence[Headers | None]
    ) -> list[tuple[Header, ...]]:
        if not any(raw):
            return Same.of((), len(raw))
        decode = self._converters.header.decode_header

        def header(topic: str, key: str, payload: bytes | None) -> Header:
            schema, value = decode(topic, key, payload)
            return Header(key, value, schema)

        return [
            tuple(header(topic, key, payload) for key, payload in headers) if headers else ()
            for topic, headers in zip(topics, raw, strict=True)
        ]


def _applied(
    apply: Callable[[Sequence[SinkRecord]], Sequence[SinkRecord]], records: Sequence[SinkRecord]
) -> Callable[[], Sequence[SinkRecord]]:
    return lambda: apply(records)


def _decoded(
    converter: Converter[Any], topics: Sequence[str], payloads: Sequence[bytes | None]
) -> DecodedColumns:
    """Schemas and values of the payloads, asked for topic by topic."""
    first = topics[0]
    if type(topics) is Same or topics.count(first) == len(topics):
        return _decoded_of(converter, first, payloads)
    groups: dict[str, list[int]] = {}
    for index, topic in enumerate(topics):
        groups.setdefault(topic, []).append(index)
    schemas: list[Any] = [None] * len(payloads)
    values: list[Any] = [None] * len(payloads)
    for topic, indices in groups.items():
        of_topic = _decoded_of(converter, topic, [payloads[i] for i in indices])
        for index, schema, value in zip(indices, *of_topic, strict=True):
            schemas[index], values[index] = schema, value
    return schemas, values


def _decoded_of(
    converter: Converter[Any], topic: str, payloads: Sequence[bytes | None]
) -> DecodedColumns:
    """The payloads of one topic; records without a key are the rule, and all alike."""
    size = len(payloads)
    if payloads[0] is not None or payloads.count(None) < size:
        return converter.decode_columns(topic, payloads)
    (schema,), (value,) = converter.decode_columns(topic, payloads[:1])
    return Same.of(schema, size), Same.of(value, size)


def _records(
    batch: Incoming,
    keys: DecodedColumns,
    values: DecodedColumns,
    headers: Sequence[tuple[Header, ...]],
) -> Columns[SinkRecord]:
    """Nothing that nobody asks for is read from the messages."""
    return Columns(
        SinkRecord,
        len(batch),
        {
            "topic": batch.topics,
            "value": values[1],
            "value_schema": values[0],
            "key": keys[1],
            "key_schema": keys[0],
            "timestamp": batch.timestamps,
            "headers": headers,
            "partition": batch.partitions,
            "offset": batch.offsets,
            "timestamp_type": batch.timestamp_types,
            "original_topic": batch.topics,
            "original_partition": batch.partitions,
            "original_offset": batch.offsets,
        },
    )
