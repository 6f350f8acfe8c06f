"""Records as Connect's own `toString` shows them, in messages and logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.sdk.record import Header, Record, SinkRecord, SourceRecord
from penstock.sdk.values_text import java_string


def record_text(record: Record) -> str:
    """A record as Connect's own `toString` shows it."""
    common = (
        f"ConnectRecord{{topic='{_or_null(record.topic)}', "
        f"kafkaPartition={_or_null(record.partition)}, "
        f"key={java_string(record.key, record.key_schema)}, "
        f"keySchema={_or_null(record.key_schema)}, "
        f"value={java_string(record.value, record.value_schema)}, "
        f"valueSchema={_or_null(record.value_schema)}, "
        f"timestamp={_or_null(record.timestamp)}, headers={_headers(record.headers)}}}"
    )
    if isinstance(record, SinkRecord):
        return f"{_sink(record)} {common}"
    if isinstance(record, SourceRecord):
        return (
            f"SourceRecord{{sourcePartition={_map(record.source_partition)}, "
            f"sourceOffset={_map(record.source_offset)}}} {common}"
        )
    return common


def _sink(record: SinkRecord) -> str:
    return (
        f"SinkRecord{{kafkaOffset={record.offset}, "
        f"timestampType={record.timestamp_type.value}, "
        f"originalTopic={_or_null(record.original_topic)}, "
        f"originalKafkaPartition={_or_null(record.original_partition)}, "
        f"originalKafkaOffset={_or_null(record.original_offset)}}}"
    )


def _headers(headers: tuple[Header, ...]) -> str:
    shown = ", ".join(
        f"ConnectHeader(key={header.key}, value={java_string(header.value, header.schema)}, "
        f"schema={_or_null(header.schema)})"
        for header in headers
    )
    return f"ConnectHeaders(headers={f'[{shown}]' if shown else ''})"


def _map(offsets: Mapping[str, Any] | None) -> str:
    return java_string(None if offsets is None else dict(offsets))


def _or_null(value: object) -> str:
    return "null" if value is None else str(value)
