"""From the records of a poll to what the producer takes: transform, convert, check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

from penstock.runtime.error_reports import Reporters
from penstock.runtime.marks import mark
from penstock.runtime.plugins import Converters, Transforms
from penstock.runtime.ports import Headers, Outgoing
from penstock.runtime.stages import transformed
from penstock.runtime.tolerance import ErrorContext, Operator, Stage
from penstock.sdk.columns import column
from penstock.sdk.converter import Converter
from penstock.sdk.record import Header, SourceRecord
from penstock.sdk.schema import Schema


class InvalidRecordError(Exception):
    """Kafka would refuse the record."""

    java_class = "org.apache.kafka.common.InvalidRecordException"


def checked_timestamp(timestamp: int | None) -> int | None:
    """The timestamp as it is sent; -1 means none."""
    if timestamp is None or timestamp >= 0:
        return timestamp
    if timestamp == -1:
        return None
    raise InvalidRecordError(f"Invalid record timestamp {timestamp}")


class Encoded(NamedTuple):
    """Records ready to be sent, by topic; and the records themselves in the source's order."""

    outgoing: list[Outgoing]
    records: Sequence[SourceRecord]


class SourceEncoder:
    """Transforms and converts records, whole batches at once or one with all care."""

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

    @property
    def transforms(self) -> bool:
        """Whether a record that leaves may be another than the one that came."""
        return bool(self._transforms.stages)

    def close(self) -> None:
        self._transforms.close()
        self._converters.close()

    def whole(self, records: Sequence[SourceRecord]) -> list[Encoded]:
        """All of a batch, or the first exception."""
        records = transformed(self._transforms.stages, records)
        ready = [self._outgoing(topic, of_topic) for topic, of_topic in _by_topic(records)]
        return [Encoded(ready, records)]

    def one(self, record: SourceRecord) -> list[Encoded]:
        """One record with retries; nothing if it is to be skipped, and then it is reported."""
        context = ErrorContext(record)
        try:
            return self._carefully(context, record)
        finally:
            if context.failed:
                self._reporters.report(context)

    def _carefully(self, context: ErrorContext, record: SourceRecord) -> list[Encoded]:
        execute = self._operator.execute
        records: Sequence[SourceRecord] | None = [record]
        for stage in self._transforms.stages:
            if records:
                context.before = records
            step = _applied(stage.apply, records or [])
            records = execute(context, Stage.TRANSFORMATION, stage.class_name, step)
        if records:
            context.before = records
        ready = [out for r in records or () if (out := self._converted(context, r)) is not None]
        return [] if context.failed else [Encoded(ready, records or [])]

    def _converted(self, context: ErrorContext, record: SourceRecord) -> Outgoing | None:
        execute, by, batch = self._operator.execute, self._converters, [record]
        topic = record.topic
        headers = execute(
            context, Stage.HEADER_CONVERTER, by.header_class, lambda: self._headers(topic, batch)
        )
        keys = execute(
            context,
            Stage.KEY_CONVERTER,
            by.key_class,
            lambda: by.key.encode(topic, record.key_schema, [record.key]),
        )
        values = execute(
            context,
            Stage.VALUE_CONVERTER,
            by.value_class,
            lambda: by.value.encode(topic, record.value_schema, [record.value]),
        )
        if context.failed or values is None:
            return None
        partitions, timestamps = [record.partition], [_timestamp_of(record)]
        return Outgoing(topic, values, keys, partitions, timestamps, headers, batch)

    def _outgoing(self, topic: str, records: Sequence[SourceRecord]) -> Outgoing:
        converters = self._converters
        headers = self._headers(topic, records) if any(column(records, "headers")) else None
        keys = _encoded(
            converters.key, topic, column(records, "key_schema"), column(records, "key")
        )
        values = _encoded(
            converters.value, topic, column(records, "value_schema"), column(records, "value")
        )
        partitions = column(records, "partition")
        timestamps = _checked_timestamps(column(records, "timestamp"))
        return Outgoing(
            topic,
            values,
            _unless_empty(keys),
            _unless_empty(partitions),
            _unless_empty(timestamps),
            headers,
            records,
        )

    def _headers(self, topic: str, records: Sequence[SourceRecord]) -> list[Headers | None]:
        encode = self._converters.header.encode_header

        def encoded(headers: tuple[Header, ...]) -> Headers:
            return [(h.key, encode(topic, h.key, h.schema, h.value)) for h in headers]

        return [encoded(record.headers) if record.headers else None for record in records]


def _timestamp_of(record: SourceRecord) -> int | None:
    """Not tolerated if wrong, as in Java; but whose it is shall be told."""
    try:
        return checked_timestamp(record.timestamp)
    except InvalidRecordError as error:
        mark(error, ErrorContext(record))
        raise


def _applied(
    apply: Callable[[Sequence[SourceRecord]], Sequence[SourceRecord]],
    records: Sequence[SourceRecord],
) -> Callable[[], Sequence[SourceRecord]]:
    return lambda: apply(records)


def _by_topic(records: Sequence[SourceRecord]) -> list[tuple[str, Sequence[SourceRecord]]]:
    """The records of each topic, in their order."""
    topics = column(records, "topic")
    if not topics:
        return []
    if topics.count(topics[0]) == len(topics):
        return [(topics[0], records)]
    groups: dict[str, list[SourceRecord]] = {}
    for topic, record in zip(topics, records, strict=True):
        groups.setdefault(topic, []).append(record)
    return list(groups.items())


def _encoded(
    converter: Converter[Any],
    topic: str,
    schemas: Sequence[Schema | None],
    values: Sequence[Any],
) -> list[bytes | None]:
    """The bytes of each value, converted in groups that share one schema."""
    first = schemas[0]
    if schemas.count(first) == len(schemas):
        return _encoded_of(converter, topic, first, values)
    groups: dict[Schema | None, list[int]] = {}
    for index, schema in enumerate(schemas):
        groups.setdefault(schema, []).append(index)
    encoded: list[bytes | None] = [None] * len(values)
    for schema, indices in groups.items():
        of_schema = _encoded_of(converter, topic, schema, [values[i] for i in indices])
        for index, payload in zip(indices, of_schema, strict=True):
            encoded[index] = payload
    return encoded


def _encoded_of(
    converter: Converter[Any], topic: str, schema: Schema | None, values: Sequence[Any]
) -> list[bytes | None]:
    """The values of one schema; records without a key are the rule, and all alike."""
    size = len(values)
    if values[0] is not None or values.count(None) < size:
        return converter.encode(topic, schema, values)
    return converter.encode(topic, schema, values[:1]) * size


def _checked_timestamps(timestamps: Sequence[int | None]) -> Sequence[int | None]:
    if None not in timestamps and min(cast("Sequence[int]", timestamps)) >= 0:
        return timestamps
    return list(map(checked_timestamp, timestamps))


def _unless_empty(values: Sequence[Any]) -> Sequence[Any] | None:
    """None for a column in which there is nothing."""
    return None if values[0] is None and values.count(None) == len(values) else values
