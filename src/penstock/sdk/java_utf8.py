"""UTF-8 as Java reads and writes it: nothing is refused, what is malformed is replaced."""

from __future__ import annotations

import re
from typing import Final

_SURROGATE_IN_UTF8: Final = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]?")


def encode_utf8(text: str) -> bytes:
    """UTF-8, with `?` for a surrogate that stands alone."""
    try:
        return str.encode(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def decode_utf8(data: bytes) -> str:
    """UTF-8, with U+FFFD for what is malformed; Java counts an encoded surrogate as one piece."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        return _SURROGATE_IN_UTF8.sub(b"\xef\xbf\xbd", data).decode("utf-8", "replace")
