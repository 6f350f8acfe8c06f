"""How errors and records are shown: traces as Java prints them, records as Connect names them."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import Any

from penstock.sdk.errors import java_class
from penstock.sdk.record import Header, Record, SinkRecord, SourceRecord
from penstock.sdk.values import java_string

_CAUSES_MAX = 20
_FRAMES_MAX = 200


def error_message(error: BaseException) -> str | None:
    """The message, None when the error was made without one."""
    if isinstance(error, KeyError | OSError):
        return str(error)
    return str(error.args[0]) if error.args and error.args[0] is not None else None


def headline(error: BaseException) -> str:
    """`<java class>: <message>`, the first line of a trace."""
    message = error_message(error)
    return java_class(error) if message is None else f"{java_class(error)}: {message}"


def trace_text(error: BaseException) -> str:
    """The error with its frames and causes, laid out like a Java stack trace."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _CAUSES_MAX:
        parts.append(("Caused by: " if seen else "") + headline(current) + "\n" + _frames(current))
        seen.add(id(current))
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden
    return "".join(parts)


def _frames(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(
        f"\tat {_module(frame.filename)}.{frame.name}({_file(frame.filename)}:{frame.lineno})\n"
        for frame in list(reversed(frames))[:_FRAMES_MAX]
    )


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _module(path: str) -> str:
    """`penstock.runtime.source_loop` of `…/site-packages/penstock/runtime/source_loop.py`."""
    parts = path.replace("\\", "/").removesuffix(".py").split("/")
    for folder in ("site-packages", "src", "lib"):
        if folder in parts[:-1]:
            return ".".join(parts[len(parts) - parts[::-1].index(folder) :])
    return parts[-1]


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
