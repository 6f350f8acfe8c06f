"""What a source's record looks like as a dead letter: it never was in Kafka, so it is encoded.

The record as it was before the failing stage is written by the connector's own converters, so that
it can be sent again; where they refuse it, as JSON without schema.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, time
from typing import Any, NamedTuple

from penstock.runtime.plugins import Converters
from penstock.runtime.ports import Headers
from penstock.sdk.record import Header, SourceRecord

CONVERTED, JSON = "converter", "json"


class SourceLetter(NamedTuple):
    """Content of a letter; `format` tells how key and value were encoded."""

    record: SourceRecord
    key: bytes | None
    value: bytes | None
    headers: Headers
    format: str


def source_letter(record: SourceRecord, by: Converters) -> SourceLetter:
    """Never raises for a value, however strange."""
    headers = [(each.key, _header(record.topic, each, by)) for each in record.headers]
    try:
        key = by.key.encode(record.topic, record.key_schema, [record.key])[0]
        value = by.value.encode(record.topic, record.value_schema, [record.value])[0]
    except Exception:
        return SourceLetter(record, _json(record.key), _json(record.value), headers, JSON)
    return SourceLetter(record, key, value, headers, CONVERTED)


def _header(topic: str, header: Header, by: Converters) -> bytes | None:
    try:
        return by.header.encode_header(topic, header.key, header.schema, header.value)
    except Exception:
        return _json(header.value)


def _json(value: Any) -> bytes | None:
    if value is None:
        return None
    with suppress(Exception):
        text = json.dumps(value, default=_shown, ensure_ascii=False)
        return text.encode("utf-8", "backslashreplace")
    return json.dumps(_shown(value)).encode()


def _shown(value: Any) -> str:
    """What JSON has no word for."""
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    if isinstance(value, date | time):
        return value.isoformat()
    with suppress(Exception):
        return str(value)
    return f"<{type(value).__name__}>"


def source_json(value: Mapping[str, Any] | None) -> str:
    """A source partition or offset, as the offsets topic has it."""
    return json.dumps(value, separators=(",", ":"), default=str)
