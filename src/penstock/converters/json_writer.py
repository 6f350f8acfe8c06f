"""Writes prepared values as JSON texts with Jackson's escapes, a batch at a time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

_json: Final = msgspec.json.Encoder()
_ASTRAL: Final = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_CONTROL: Final = re.compile(rb"(?<!\\)((?:\\\\)*\\u00[01])([a-f])")
_LONE: Final = re.compile("([\ud800-\udfff])")


def write(prepared: Sequence[Any]) -> list[bytes]:
    """The text of each prepared value, without white space."""
    if not prepared:
        return []
    try:
        lines = _json.encode_lines(prepared)
    except UnicodeEncodeError:
        return [_with_lone_surrogates(value) for value in prepared]
    return as_jackson(lines)[:-1].split(b"\n")


def as_jackson(text: bytes) -> bytes:
    """The text with characters escaped as Jackson does: `\\uD83D\\uDE00`, `\\u001F`."""
    if not text.isascii() and _ASTRAL.search(text):
        text = _ASTRAL.sub(_pair, text)
    if b"\\u00" in text:
        text = _CONTROL.sub(lambda found: found[1] + found[2].upper(), text)
    return text


def _pair(found: re.Match[bytes]) -> bytes:
    units = found[0].decode().encode("utf-16-be").hex().upper()
    return f"\\u{units[:4]}\\u{units[4:]}".encode()


def _with_lone_surrogates(value: Any) -> bytes:
    """Member by member: msgspec refuses strings that hold half of a character."""
    kind: type[Any] = value.__class__
    if kind is str:
        return _quoted(value)
    if kind is dict:
        members = (_quoted(name) + b":" + _with_lone_surrogates(v) for name, v in value.items())
        return b"{" + b",".join(members) + b"}"
    if isinstance(value, msgspec.Struct):
        members = msgspec.structs.fields(kind)
        return _with_lone_surrogates({f.encode_name: getattr(value, f.name) for f in members})
    if kind is list or kind is tuple:
        return b"[" + b",".join(map(_with_lone_surrogates, value)) + b"]"
    return as_jackson(_json.encode(value))


def _quoted(text: str) -> bytes:
    parts = re.split("([\ud800-\udfff])", text)
    halves = (
        f"\\u{ord(part):04X}".encode()
        if _LONE.match(part)
        else as_jackson(_json.encode(part))[1:-1]
        for part in parts
    )
    return b'"' + b"".join(halves) + b'"'
