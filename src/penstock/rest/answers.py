"""Answers of resources, and how values become JSON text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from penstock.converters.json_writer import as_jackson, write
from penstock.sdk.numbers import Float32

_encoder = msgspec.json.Encoder()


class Answer(msgspec.Struct, frozen=True):
    """What a resource answers; a `location` is relative to the server."""

    status: int
    body: bytes | None = None
    location: str | None = None
    content_type: str | None = None  # None is JSON


def json_answer(status: int, value: Any, location: str | None = None) -> Answer:
    """An answer whose body is a value; None is no body."""
    return Answer(status, None if value is None else to_json(value), location)


def to_json(value: Any) -> bytes:
    """Compact JSON, with characters escaped as Jackson does."""
    try:
        return as_jackson(_encoder.encode(value))
    except (UnicodeEncodeError, msgspec.EncodeError):  # half of a surrogate pair has no UTF-8
        return write([msgspec.to_builtins(value)])[0]


def plain(value: Any) -> Any:
    """A value from an offset, with floating-point numbers written as Java writes them."""
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)  # some have a width, which JSON does not show
    if isinstance(value, Mapping):
        pairs = cast("Mapping[Any, Any]", value)
        return {("null" if k is None else str(k)): plain(v) for k, v in pairs.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast("list[Any]", value)]
    return value


def _number(value: float) -> Any:
    from penstock.sdk.values import java_double, java_float

    text = java_float(value) if isinstance(value, Float32) else java_double(value)
    return msgspec.Raw(text.encode()) if math.isfinite(value) else text
