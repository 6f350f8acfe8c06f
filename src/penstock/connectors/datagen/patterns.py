"""Texts that match a simple regular expression: characters, classes, groups, counts."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby, product
from random import Random
from typing import Any, Final

from penstock.sdk.errors import DataError

_TEXTS_MAX: Final = 20_000
_TEXTS_KEPT: Final = 64
REPEATS_MAX: Final = 10  # of what may be repeated without end
_CLASSES: Final = {
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "_",
    "s": " ",
}
_ANY: Final = string.ascii_letters + string.digits
_SPECIAL: Final = frozenset("()[]{}|?*+.\\^$")


class Pattern:
    """One text in many forms. Raises `DataError` for what it does not know."""

    def __init__(self, regex: str) -> None:
        self._regex = regex
        self._at = 0
        self._parts = self._choices()
        if self._at < len(regex):
            raise self._unknown()

    def column(self, random: Random, size: int) -> list[str]:
        """Texts that match."""
        return _drawn(self._parts, random, size)

    def _choices(self) -> _Choices:
        options = [self._sequence()]
        while self._next() == "|":
            self._at += 1
            options.append(self._sequence())
        return _Choices(options)

    def _sequence(self) -> list[_Piece]:
        pieces: list[_Piece] = []
        while (char := self._next()) and char not in ")|":
            atom = self._atom()
            pieces.append(_Piece(atom, *self._counts()))
        return pieces

    def _atom(self) -> _Choices | str:
        char = self._take()
        if char == "(":
            if self._regex.startswith("?:", self._at):
                self._at += 2
            inner = self._choices()
            if self._take() != ")":
                raise self._unknown()
            return inner
        if char == "[":
            return self._set()
        if char == "\\":
            escaped = self._take()
            return _CLASSES.get(escaped, escaped)
        if char == ".":
            return _ANY
        if char in _SPECIAL:
            self._at -= 1
            raise self._unknown()
        return char

    def _set(self) -> str:
        chars = ""
        while (char := self._take()) != "]":
            if char == "^" and not chars:
                raise self._unknown()
            if char == "\\":
                chars += _CLASSES.get(escaped := self._take(), escaped)
            elif self._next() == "-" and self._regex[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                chars += "".join(map(chr, range(ord(char), ord(self._take()) + 1)))
            else:
                chars += char
        if not chars:
            raise self._unknown()
        return chars

    def _counts(self) -> tuple[int, int]:
        usual = {"?": (0, 1), "*": (0, REPEATS_MAX), "+": (1, REPEATS_MAX)}
        char = self._next()
        if char in usual:
            self._at += 1
            return usual[char]
        if char != "{":
            return 1, 1
        end = self._regex.find("}", self._at)
        least, comma, most = self._regex[self._at + 1 : end].partition(",")
        try:
            low = int(least)
            high = int(most) if most else low + (REPEATS_MAX if comma else 0)
        except ValueError:
            raise self._unknown() from None
        if end < 0 or high < low:
            raise self._unknown()
        self._at = end + 1
        return low, high

    def _next(self) -> str:
        return self._regex[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._next()
        if not char:
            raise self._unknown()
        self._at += 1
        return char

    def _unknown(self) -> DataError:
        return DataError(
            f"The regex '{self._regex}' cannot be made texts of: character {self._at + 1} is not "
            "understood. Use characters, [classes], (groups|of choices), ?, *, + and {n,m}."
        )


class _Choices:
    """Alternatives, each a sequence."""

    def __init__(self, options: Sequence[Sequence[_Piece]]) -> None:
        self.options = options


class _Piece:
    """Something that is there some times: one of some characters, or a group."""

    def __init__(self, atom: Any, least: int, most: int) -> None:
        self.atom = atom
        self.least = least
        self.most = most


def _drawn(choices: _Choices, random: Random, size: int) -> list[str]:
    if len(choices.options) == 1:
        return _sequence_drawn(choices.options[0], random, size)
    columns = [_sequence_drawn(option, random, size) for option in choices.options]
    picks = random.choices(range(len(columns)), k=size)
    return [columns[pick][row] for row, pick in enumerate(picks)]


def _sequence_drawn(pieces: Sequence[_Piece], random: Random, size: int) -> list[str]:
    columns: list[list[str]] = []
    for fixed, run in groupby(pieces, _is_fixed):
        if fixed:
            columns += [random.choices(texts, k=size) for texts in _all_texts(tuple(run))]
        else:
            columns += [_piece_drawn(piece, random, size) for piece in run]
    if len(columns) == 1:
        return columns[0]
    return list(map("".join, zip(*columns, strict=True))) if columns else [""] * size


def _is_fixed(piece: _Piece) -> bool:
    """Whether it is so many characters, each of a set."""
    return isinstance(piece.atom, str) and piece.least == piece.most


@lru_cache(maxsize=_TEXTS_KEPT)
def _all_texts(pieces: tuple[_Piece, ...]) -> list[list[str]]:
    """What there is to choose from, in as few parts as their number allows."""
    parts: list[list[str]] = []
    texts = [""]
    for piece in pieces:
        for _ in range(piece.least):
            if len(texts) * len(piece.atom) > _TEXTS_MAX:
                parts.append(texts)
                texts = [""]
            texts = list(map("".join, product(texts, piece.atom)))
    return [*parts, texts]


def _piece_drawn(piece: _Piece, random: Random, size: int) -> list[str]:
    low, high = piece.least, piece.most
    atom = piece.atom
    counts = [low] * size if low == high else random.choices(range(low, high + 1), k=size)
    total = sum(counts)
    drawn = random.choices(atom, k=total) if isinstance(atom, str) else _drawn(atom, random, total)
    if low == high == 1:
        return drawn
    parts = iter(drawn)
    return ["".join([next(parts) for _ in range(count)]) for count in counts]
