"""Columns of FLOAT32 as doubles that msgspec prints as Java prints the singles."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, Final

from penstock.sdk.numbers import Float32

_KINDS: Final = frozenset((float, Float32))
_POWERS: Final = frozenset(sign * 2.0**power for power in range(-10, 24) for sign in (1, -1))


def with_fewest_digits(column: Sequence[Any], otherwise: Callable[[Any], Any]) -> list[Any] | None:
    """Per value the double with the fewest digits that is the same single; None if not all are one.

    Values that Java prints in a way of its own go through `otherwise`: very small and large ones,
    and powers of two, which have more room above than below. Of the others, seven digits tell
    whether fewer do: half a step of seven digits is never less than half a step of singles.
    """
    if not _KINDS.issuperset(map(type, column)):
        return None
    singles = array("f", column).tolist()
    odd = [
        place
        for place, x in enumerate(singles)
        if not (1e-3 <= abs(x) < 1e7 or x == 0) or x in _POWERS
    ]
    for place in odd:
        singles[place] = 0.0
    near: list[Any] = _nearest(singles, (7, 8, 9))
    for place in odd:
        near[place] = otherwise(column[place])
    return near


def _nearest(singles: list[float], digits: Sequence[int]) -> list[float]:
    form = f"%.{digits[0]}g"
    near = [float(form % x) for x in singles]
    same = array("f", near).tolist()
    if same == singles or len(digits) == 1:
        return near
    missed = [place for place, x in enumerate(singles) if same[place] != x]
    better = _nearest([singles[place] for place in missed], digits[1:])
    for place, x in zip(missed, better, strict=True):
        near[place] = x
    return near
