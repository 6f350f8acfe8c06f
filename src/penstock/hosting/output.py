"""What a host prints, in lines, and no more of them than the log can bear."""

from __future__ import annotations

from collections import deque

import msgspec

from penstock.sdk.redaction import hide

LINE_BYTES_MAX = 4000
LAST_LINES = 20


class Allowance:
    """So much per second, and a little more after a time of rest."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._left = burst
        self._at: float | None = None

    def left(self, now: float) -> int:
        if self._at is not None:
            gained = (now - self._at) * self._per_second
            self._left = min(self._burst, self._left + gained)
        self._at = now
        return int(self._left)

    def take(self, amount: float) -> None:
        self._left -= amount


class Lines(msgspec.Struct, frozen=True):
    """What may be logged now, and how many lines before it could not be."""

    shown: list[str]
    dropped: int = 0


class Output:
    """The printed lines of one host."""

    def __init__(self, lines_per_second: float = 200, lines_burst: float = 1000) -> None:
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._allowance = Allowance(lines_per_second, lines_burst)
        self._rest = b""
        self._dropped = 0

    def feed(self, data: bytes, now: float) -> Lines:
        """Take in what was read."""
        *complete, rest = (self._rest + data).split(b"\n")
        if len(rest) > LINE_BYTES_MAX:
            complete, rest = [*complete, rest], b""
        self._rest = rest
        return self._lines(complete, now)

    def end(self, now: float) -> Lines:
        """There will be no more."""
        rest, self._rest = self._rest, b""
        return self._lines([rest] if rest else [], now)

    def _lines(self, complete: list[bytes], now: float) -> Lines:
        texts = [_text(line) for line in complete[-LAST_LINES:]]
        self.last.extend(text for text in texts if text)
        room = self._allowance.left(now)
        shown = [text for text in map(_text, complete[:room]) if text]
        self._allowance.take(len(shown))
        lost = max(0, len(complete) - room)
        dropped = 0
        if shown or lost == 0:
            dropped, self._dropped = self._dropped, 0
        self._dropped += lost
        return Lines(shown, dropped)


def _text(line: bytes) -> str:
    """Without secrets, and cut only then: half a secret would not be known as one."""
    shown = hide(line.decode("utf-8", "replace").rstrip())
    return shown if len(shown) <= LINE_BYTES_MAX else shown[:LINE_BYTES_MAX] + "..."
