"""What a host prints, without secrets."""

from __future__ import annotations

import io
from typing import TextIO

from penstock.sdk.redaction import hide


class HidingStream(io.TextIOWrapper):
    """Stands in for a standard stream, and writes what it is given at the end of each line."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream.buffer, encoding="utf-8", errors="replace", line_buffering=True)

    def write(self, text: str, /) -> int:
        super().write(hide(text))
        return len(text)
