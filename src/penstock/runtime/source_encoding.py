"""From the records of a poll to what the producer takes: transform, convert, check."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters, Transforms
from penstock.runtime.ports import Headers, Outgoing
from penstock.runtime.tolerance import ErrorContext, Operator, Stage
from penstock.sdk.converter import Converter
from penstock.sdk.record import Header, SourceRecord
from penstock.sdk.schema import Schema

_topic = attrgetter("topic")
_key = attrgetter("key")
_value = attrgetter("value")
_key_schema = attrgetter("key_schema")
_value_schema = attrgetter("value_schema")
_timestamp = attrgetter("timestamp")
_partition = attrgetter("partition")
_headers = attrgetter("headers")


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
        for stage in self._transforms.stages:
            records = stage.apply(records)
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
            step = _applied(stage.apply, records or [])
            records = execute(context, Stage.TRANSFORMATION, stage.class_name, step)
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
        partitions, timestamps = [record.partition], [checked_timestamp(record.timestamp)]
        return Outgoing(topic, values, keys, partitions, timestamps, headers, batch)

    def _outgoing(self, topic: str, records: Sequence[SourceRecord]) -> Outgoing:
        converters = self._converters
        headers = self._headers(topic, records) if any(map(_headers, records)) else None
        keys = _encoded(converters.key, topic, records, _key_schema, _key)
        values = _encoded(converters.value, topic, records, _value_schema, _value)
        return Outgoing(
            topic,
            values,
            None if keys.count(None) == len(keys) else keys,
            _column(records, _partition),
            _timestamps(records),
            headers,
            records,
        )

    def _headers(self, topic: str, records: Sequence[SourceRecord]) -> list[Headers | None]:
        encode = self._converters.header.encode_header

        def encoded(headers: tuple[Header, ...]) -> Headers:
            return [(h.key, encode(topic, h.key, h.schema, h.value)) for h in headers]

        return [encoded(record.headers) if record.headers else None for record in records]


def _applied(
    apply: Callable[[Sequence[SourceRecord]], Sequence[SourceRecord]],
    records: Sequence[SourceRecord],
) -> Callable[[], Sequence[SourceRecord]]:
    return lambda: apply(records)


def _by_topic(records: Sequence[SourceRecord]) -> list[tuple[str, Sequence[SourceRecord]]]:
    """The records of each topic, in their order."""
    topics = set(map(_topic, records))
    if len(topics) <= 1:
        return [(topic, records) for topic in topics]
    groups: dict[str, list[SourceRecord]] = {}
    for record in records:
        groups.setdefault(record.topic, []).append(record)
    return list(groups.items())


def _encoded(
    converter: Converter[Any],
    topic: str,
    records: Sequence[SourceRecord],
    schema_of: Callable[[SourceRecord], Schema | None],
    value_of: Callable[[SourceRecord], Any],
) -> list[bytes | None]:
    """The bytes of each record, converted in groups that share one schema."""
    values = list(map(value_of, records))
    schemas = list(map(schema_of, records))
    first = schemas[0]
    if schemas.count(first) == len(schemas):
        return converter.encode(topic, first, values)
    groups: dict[Schema | None, list[int]] = {}
    for index, schema in enumerate(schemas):
        groups.setdefault(schema, []).append(index)
    encoded: list[bytes | None] = [None] * len(values)
    for schema, indices in groups.items():
        of_schema = converter.encode(topic, schema, [values[i] for i in indices])
        for index, payload in zip(indices, of_schema, strict=True):
            encoded[index] = payload
    return encoded


def _timestamps(records: Sequence[SourceRecord]) -> list[int | None] | None:
    timestamps = _column(records, _timestamp)
    return None if timestamps is None else list(map(checked_timestamp, timestamps))


def _column(
    records: Sequence[SourceRecord], value_of: Callable[[SourceRecord], Any]
) -> list[Any] | None:
    """One value per record, or None if there is none at all."""
    values = list(map(value_of, records))
    return None if values.count(None) == len(values) else values
