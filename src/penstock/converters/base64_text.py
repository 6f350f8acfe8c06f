"""Base64 as Jackson reads it: white space between quartets, several texts in a row."""

from __future__ import annotations

import binascii
from typing import Final

_ALPHABET: Final = {
    c: i for i, c in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
}


def decode_base64(text: str) -> bytes:
    """The bytes a text stands for. Raises `ValueError` where Jackson would refuse it."""
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        return _leniently(text)


def _leniently(text: str) -> bytes:
    found = bytearray()
    at = 0
    while True:
        while at < len(text) and text[at] <= " ":
            at += 1
        if at == len(text):
            return bytes(found)
        found += _quartet(text[at : at + 4])
        at += 4


def _quartet(text: str) -> bytes:
    digits = text.rstrip("=") if len(text) == 4 else text
    if len(text) < 4 or len(digits) < 2 or any(c not in _ALPHABET for c in digits):
        raise ValueError("The text is not base64.")
    bits = 0
    for c in digits:
        bits = bits << 6 | _ALPHABET[c]
    size = len(digits) - 1
    return (bits >> (6 * len(digits) - 8 * size)).to_bytes(size, "big")
