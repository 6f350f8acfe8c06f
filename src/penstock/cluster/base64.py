"""Base64 as strict as Java's basic decoder, and refusing in its words."""

from __future__ import annotations

import base64
import string

_ALPHABET = frozenset((string.ascii_letters + string.digits + "+/").encode())
_PAD = ord("=")


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """Padding may be missing altogether, but not in part. Raises ValueError."""
    data = text.encode("latin-1", "replace")
    if not data:
        return b""
    if len(data) == 1:
        raise ValueError("Input byte[] should at least have 2 bytes for base64 bytes")
    body = _body(data)
    if len(body) % 4 == 1:
        raise ValueError("Last unit does not have enough valid bits")
    return base64.b64decode(body + b"=" * (-len(body) % 4))


def _body(data: bytes) -> bytes:
    """What stands before the padding, which must be whole and at the end."""
    for index, byte in enumerate(data):
        if byte == _PAD:
            _check_padding(data, index)
            return data[:index]
        if byte not in _ALPHABET:
            raise ValueError(f"Illegal base64 character {byte:x}")
    return data


def _check_padding(data: bytes, index: int) -> None:
    inside = index % 4
    if inside == 1:
        return  # what stands before is too short already
    needed = 2 if inside == 2 else 1
    whole = inside >= 2 and data[index : index + needed] == b"=" * needed
    if not whole:
        raise ValueError("Input byte array has wrong 4-byte ending unit")
    if len(data) > index + needed:
        raise ValueError(f"Input byte array has incorrect ending byte at {index + needed}")
