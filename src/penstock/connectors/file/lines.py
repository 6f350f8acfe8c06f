"""Bytes in, complete lines out, each with the position after it.

Positions are what the Java connector writes: the byte the reader started at plus the UTF-16 units
read since, terminators included.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

BUFFER_UNITS = 1024
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_FOUR_BYTES = re.compile(rb"[\xf0-\xf4]")
_AS_JAVA = "penstock-malformed-as-java"


class Lines:
    """Complete lines that have been read and not yet been taken.

    When a full batch has been taken, the Java connector keeps the lines that are left in its buffer
    until the file grows; `waiting` says that this is so here, and `release` ends it.
    """

    def __init__(self, position: int) -> None:
        self.waiting = False
        self._position = position  # after the last line taken
        self._end = position  # after the last complete line
        self._lines: list[str] = []
        self._ends: list[int] = []
        self._next = 0
        self._pieces: list[bytes] = []  # of a line that is not complete yet
        self._longest = 0

    @property
    def count(self) -> int:
        """How many lines can be taken now."""
        return 0 if self.waiting else len(self._lines) - self._next

    def feed(self, data: bytes) -> None:
        """Add what was read next."""
        self.waiting = False
        if self._pieces and self._pieces[-1].endswith(b"\r"):
            data = self._pieces.pop() + data
        # a carriage return at the very end may be half of a line's end
        cut = max(data.rfind(b"\n"), data.rfind(b"\r", 0, len(data) - 1)) + 1
        if cut:
            self._complete(b"".join([*self._pieces, data[:cut]]))
            self._pieces.clear()
        if cut < len(data):
            self._pieces.append(data[cut:])

    def finish(self) -> None:
        """Nothing follows: what is left is a line, although nothing ends it."""
        self.waiting = False
        if self._pieces:
            self._complete(b"".join(self._pieces))
            self._pieces.clear()

    def release(self) -> None:
        """Let the lines be taken that wait for the file to grow."""
        self.waiting = False

    def take(self, most: int) -> tuple[Sequence[str], Sequence[int]]:
        """The next lines, and the positions after them."""
        first, last = self._next, self._next + min(most, self.count)
        lines, ends = self._lines[first:last], self._ends[first:last]
        if ends:
            self.waiting = last < len(self._lines) and self._all_buffered(ends)
            self._position, self._next = ends[-1], last
        return lines, ends

    def _complete(self, data: bytes) -> None:
        text = data.decode("utf-8", _AS_JAVA)
        if "\r" in text or not text.endswith("\n"):
            whole: list[str] = _LINE.findall(text)
            lines = [line.rstrip("\r\n") for line in whole]
            sizes = [_units(line) for line in whole]
        else:
            lines = text[:-1].split("\n")
            wide = len(text) != len(data) and _FOUR_BYTES.search(data) is not None
            sizes = [(_units(line) if wide else len(line)) + 1 for line in lines]
        ends = list(accumulate(sizes, initial=self._end))
        del ends[0]
        self._end = ends[-1]
        self._longest = max(self._longest, *sizes)
        left = slice(self._next, None)
        self._lines, self._ends = self._lines[left] + lines, self._ends[left] + ends
        self._next = 0

    def _all_buffered(self, ends: Sequence[int]) -> bool:
        """Whether Java's buffer holds all that is left when it has given a batch ending at `ends`.

        It is filled from the first line that is still in it up to its size, which doubles until the
        longest line fits; the lines of a batch can take many fillings.
        """
        size = BUFFER_UNITS
        while size < self._longest:
            size *= 2
        if self._end > ends[-1] + size:
            return False
        start, taken = self._position, 0
        while (filled := bisect_right(ends, start + size, taken)) < len(ends):
            start, taken = ends[filled - 1], filled
        return self._end + self._units_pending(size) <= start + size

    def _units_pending(self, enough: int) -> int:
        """The units of the incomplete line, or more than `enough` of them."""
        if sum(map(len, self._pieces)) > 4 * enough:
            return enough + 1
        return _units(b"".join(self._pieces).decode("utf-8", _AS_JAVA))


def _units(text: str) -> int:
    """The length of a text as Java counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _malformed_as_java(error: UnicodeError) -> tuple[str, int]:
    """Java replaces an encoded surrogate by one character, where Python gives three."""
    assert isinstance(error, UnicodeDecodeError)
    data, start = error.object, error.start
    if data[start] == 0xED and re.match(rb"[\xa0-\xbf][\x80-\xbf]", data[start + 1 : start + 3]):
        return "\N{REPLACEMENT CHARACTER}", start + 3
    return "\N{REPLACEMENT CHARACTER}", error.end


codecs.register_error(_AS_JAVA, _malformed_as_java)
