"""JSON as it stands in the internal topics: compact, without schema, Java's forms of numbers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, cast

from penstock.sdk.errors import DataError
from penstock.sdk.numbers import Float32
from penstock.sdk.values_text import java_double, java_float

_ESCAPED = re.compile(r'[\x00-\x1f"\\]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1


def dumps(value: Any) -> bytes:
    """A value of None, bool, int, float, str, bytes, list or mapping, members in given order."""
    return _text(value).encode("utf-8", "surrogatepass")


def loads(data: bytes | None) -> Any:
    """The value in `data`; None for no bytes and for empty ones. Raises DataError.

    Like Java's reader it stops at the end of the first value and ignores what follows.
    """
    if data is None:
        return None
    try:
        text = data.decode("utf-8").lstrip(" \t\r\n")
        return _DECODER.raw_decode(text)[0] if text else None
    except (ValueError, RecursionError) as error:
        raise DataError(
            "Converting byte[] to Kafka Connect data failed due to serialization error: "
        ) from error


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f'"{base64.b64encode(bytes(cast(bytes, value))).decode()}"'
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_string(str(k))}:{_text(v)}" for k, v in _items(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_text, _list(value))) + "]"
    raise DataError(f"A value of type {type(value).__name__} cannot be stored as JSON")


def _items(value: Any) -> list[tuple[Any, Any]]:
    return list(value.items())


def _list(value: Any) -> list[Any]:
    return list(value)


def _string(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda m: _SHORT.get(m[0]) or f"\\u{ord(m[0]):04X}", text) + '"'


def _float(value: float) -> str:
    text = java_float(value) if isinstance(value, Float32) else java_double(value)
    return text if text[-1].isdigit() else f'"{text}"'  # NaN and the infinities


def _integer(text: str) -> int:
    """Java's reader keeps the low 64 bits of what does not fit."""
    value = int(text)
    if _INT64_MIN <= value <= _INT64_MAX:
        return value
    return (value + 2**63) % 2**64 - 2**63


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_int=_integer, parse_constant=_no_constant)
