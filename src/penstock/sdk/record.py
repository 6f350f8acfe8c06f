"""Records: what moves between a connector and Kafka, as plain frozen data.

Values are dict, list, str, int, float, bool, bytes, Decimal and aware datetime; the schema (or
None) stands beside them. Never edit a value in place: build a new one and `replace` it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import replace as replace

from penstock.sdk.schema import Schema


class TopicPartition(NamedTuple):
    """A partition of a Kafka topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class TimestampType(enum.Enum):
    """Who set a record's timestamp; the values are Kafka's names."""

    NO_TIMESTAMP_TYPE = "NoTimestampType"
    CREATE_TIME = "CreateTime"
    LOG_APPEND_TIME = "LogAppendTime"


class Header(msgspec.Struct, frozen=True, gc=False):
    """One header of a record. Several may share a key; their order counts."""

    key: str
    value: Any = None
    schema: Schema | None = None


class Record(msgspec.Struct, frozen=True, gc=False):
    """What source and sink records share. `timestamp` is in milliseconds since 1970, or None."""

    topic: str
    value: Any = None
    value_schema: Schema | None = None
    key: Any = None
    key_schema: Schema | None = None
    timestamp: int | None = None
    headers: tuple[Header, ...] = ()
    partition: int | None = None


class SourceRecord(Record, frozen=True, gc=False):
    """A record on its way into Kafka, and where in the source it came from.

    `source_partition` names the stream within the source and `source_offset` the place to resume
    *after* this record; both are small maps of string to scalar.
    """

    source_partition: Mapping[str, Any] | None = None
    source_offset: Mapping[str, Any] | None = None


class SinkRecord(Record, frozen=True, gc=False):
    """A record on its way out of Kafka; `original_*` coordinates survive every transformation."""

    offset: int = -1
    timestamp_type: TimestampType = TimestampType.NO_TIMESTAMP_TYPE
    original_topic: str | None = None
    original_partition: int | None = None
    original_offset: int | None = None


class RecordMetadata(NamedTuple):
    """Where Kafka stored a source record."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None = None
