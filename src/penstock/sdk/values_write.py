"""The text of a value that `parse_string` reads back: `[1,2]`, `{"a":1.5}`."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

from penstock.sdk.errors import DataError
from penstock.sdk.logical import as_instant
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.validation import java_type_name
from penstock.sdk.values_dates import temporal_text
from penstock.sdk.values_text import java_decimal, java_string


def convert_to_string(schema: Schema | None, value: Any) -> str | None:
    """A string as it is, anything else in its own notation; None for None."""
    if value is None or isinstance(value, str):
        return value
    return _text(value, schema, _bare)


def _text(value: Any, schema: Schema | None, quote: Callable[[str], str]) -> str:
    if value is None:
        return "null"
    if isinstance(value, str):
        return quote(value.replace("\\", "\\\\").replace('"', '\\"'))
    if isinstance(value, bool | int | float):
        return java_string(value, schema)
    if isinstance(value, Mapping):
        return _mapping(value, schema)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return _sequence(value, schema)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, Decimal):
        return java_decimal(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return quote(b64encode(bytes(value)).decode())  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, date | time):
        return temporal_text(as_instant(value))
    shown = java_string(value)
    raise DataError(f"Failed to serialize unexpected value type {java_type_name(value)}: {shown}")


def _bare(text: str) -> str:
    return text


def _quoted(text: str) -> str:
    return f'"{text}"'


def _mapping(value: Mapping[Any, Any], schema: Schema | None) -> str:
    own = value.schema if isinstance(value, Struct) else schema
    if own is not None and own.type is Type.STRUCT:
        return _struct(value, own)
    keys, values = None, None
    if own is not None and own.type is Type.MAP:
        keys, values = own.key_schema, own.value_schema
    pairs = (f"{_text(k, keys, _quoted)}:{_text(v, values, _quoted)}" for k, v in value.items())
    return "{" + ",".join(pairs) + "}"


def _struct(value: Mapping[str, Any], schema: Schema) -> str:
    found = ((field, value.get(field.name)) for field in schema.fields)
    shown = ((f, f.schema.default if item is None else item) for f, item in found)
    pairs = (f"{_text(f.name, None, _quoted)}:{_text(v, f.schema, _quoted)}" for f, v in shown)
    return "{" + ",".join(pairs) + "}"


def _sequence(value: Iterable[Any], schema: Schema | None) -> str:
    inner = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
    return "[" + ",".join([_text(item, inner, _quoted) for item in value]) + "]"
