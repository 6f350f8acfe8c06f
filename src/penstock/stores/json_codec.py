"""JSON as it stands in the internal topics: without schema, to the byte as Java writes it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from penstock.sdk.errors import DataError
from penstock.sdk.numbers import Float32
from penstock.sdk.values_text import java_double, java_float

if TYPE_CHECKING:
    from penstock.converters.json_payloads import BareReader

_ESCAPED: Final = re.compile(r'[\x00-\x1f"\\\ud800-\udfff\U00010000-\U0010ffff]')
_SHORT: Final = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}
_INT64: Final = range(-(2**63), 2**63)
_PLAIN_MAX: Final = 900  # no number in so few bytes is too long for Java


def dumps(value: Any) -> bytes:
    """A value of None, bool, int, float, str, bytes, list or mapping, members in given order."""
    return _text(value).encode()


def loads(data: bytes | None) -> Any:
    """The value in `data`; None for no bytes and for empty ones. Raises DataError.

    Like Java's reader it stops at the end of the first value and ignores what follows.
    """
    if data and len(data) < _PLAIN_MAX and b"\\u" not in data:
        try:
            text = data.decode().strip(" \t\r\n")
            value, end = _DECODER.raw_decode(text)
            if end == len(text):
                return value
        except (ValueError, RecursionError):
            pass
    return _exact().read((data,))[1][0]


@cache
def _exact() -> BareReader:
    from penstock.converters.json_payloads import BareReader  # a worker answers before

    return BareReader(None, null_is_default=False)


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
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in _SHORT:
        return _SHORT[character]
    units = character.encode("utf-16-be", "surrogatepass").hex().upper()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _float(value: float) -> str:
    text = java_float(value) if isinstance(value, Float32) else java_double(value)
    return text if text[-1].isdigit() else f'"{text}"'  # NaN and the infinities


def _integer(text: str) -> int:
    """Java's reader keeps the low 64 bits of what does not fit."""
    value = int(text)
    return value if value in _INT64 else (value + 2**63) % 2**64 - 2**63


def _no_plain_number(text: str) -> NoReturn:
    raise ValueError(f"{text} needs a closer look")


_DECODER: Final = json.JSONDecoder(
    parse_int=_integer, parse_float=_no_plain_number, parse_constant=_no_plain_number
)
