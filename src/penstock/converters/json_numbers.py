"""How Jackson narrows the numbers of a JSON text, exact so far, to Java's types."""

from __future__ import annotations

from decimal import Decimal
from math import inf, isinf
from typing import Any, Final

from penstock.sdk.numbers import single, single_from_int, wrapped

_DOUBLED_MAX: Final = 3.4028235677973366e38  # halfway between the largest single and the next
_SINGLE_MAX: Final = 3.4028234663852886e38
_SHIFTED_OUT: Final = 64  # so many powers of ten hold 64 powers of two: no low bit is left


def narrowed(node: Any, bits: int) -> int:
    """The low-order bits of a number's whole part; 0 for what is no number."""
    if node.__class__ is int:
        return wrapped(node, bits)
    if node.__class__ is not Decimal:
        return 0
    return 0 if node.as_tuple().exponent >= _SHIFTED_OUT else wrapped(int(node), bits)


def as_double(node: Any) -> float:
    """The nearest FLOAT64; 0.0 for what is no number, and for any zero: Java's has no sign here."""
    if node.__class__ is int:
        return _double_from_int(node)
    return float(node) if node.__class__ is Decimal and node else 0.0


def as_single(node: Any) -> float:
    """The nearest FLOAT32, rounded once; 0.0 for what is no number."""
    if node.__class__ is int:
        return _single_from_int(node)
    if node.__class__ is not Decimal or not node:
        return 0.0
    double = float(node)
    rounded = single(double)
    if rounded == double or not _is_halfway(double, rounded):
        return rounded
    return _nearer(Decimal(double), node, double, rounded)


def single_from_double(double: float) -> float | None:
    """The nearest FLOAT32; None where the digits the double came from must decide."""
    rounded = single(double)
    return None if rounded != double and _is_halfway(double, rounded) else rounded


def _is_halfway(double: float, rounded: float) -> bool:
    if isinf(rounded):
        return abs(double) == _DOUBLED_MAX
    other = 2 * double - rounded
    return single(other) == other


def _nearer(shown: Decimal, exact: Decimal, double: float, rounded: float) -> float:
    """Of the two singles around a double the one its digits are nearer to."""
    if shown == exact:
        return rounded
    largest = _SINGLE_MAX if double > 0 else -_SINGLE_MAX
    other = largest if isinf(rounded) else 2 * double - rounded
    return max(rounded, other) if exact > shown else min(rounded, other)


def _double_from_int(number: int) -> float:
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def _single_from_int(number: int) -> float:
    try:
        return single_from_int(number)
    except OverflowError:
        return inf if number > 0 else -inf
