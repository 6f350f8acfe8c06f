"""Numbers the way Java reads, narrows and widens them."""

from __future__ import annotations

import re
from decimal import Decimal
from math import inf, isnan, nextafter
from struct import pack, unpack
from typing import Final

from penstock.sdk.logical import unscaled
from penstock.sdk.numbers import NumberFormatError, single

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,10})?")
_INT64_MAX: Final = (1 << 63) - 1
_INT32_MAX: Final = (1 << 31) - 1


def decimal_of(text: str) -> Decimal:
    """The exact decimal a text writes; raises `NumberFormatError`. Not `NaN`, `1_000` or ` 1`."""
    if _NUMBER.fullmatch(text) is None or max(text) > "\uffff":
        raise NumberFormatError(f"Not a number: {text!r}")
    number = Decimal(text)
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or abs(exponent) > _INT32_MAX:
        raise NumberFormatError(f"The exponent is out of range: {text!r}")
    return number or number.copy_abs()


def integral(number: Decimal) -> int | None:
    """The integer a decimal equals, if there is one of at most 64 bits."""
    if not number:
        return 0
    if not 0 <= number.adjusted() <= 19 or number != number.to_integral_value():
        return None
    whole = int(number)
    return whole if -_INT64_MAX - 1 <= whole <= _INT64_MAX else None


def whole_part(number: Decimal) -> int:
    """The integer part; of the very large only the low-order bits matter, which are all zero."""
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent >= 64 or number.adjusted() < 0:
        return 0
    return int(number) if exponent < 0 else unscaled(number) * 10**exponent


def saturated(number: float) -> int:
    """A float as a 64-bit integer: cut off, at most the largest, zero for NaN."""
    if isnan(number):
        return 0
    if abs(number) >= 2.0**63:
        return _INT64_MAX if number > 0 else -_INT64_MAX - 1
    return int(number)


def single_of(number: Decimal) -> float:
    """The nearest single-precision value, rounded once; infinite when out of range."""
    near = float(number)
    if abs(near) == inf or Decimal(near) == number:
        return single(near)
    if abs(Decimal(near)) > abs(number):
        near = nextafter(near, 0.0)
    (bits,) = unpack("q", pack("d", near))
    (odd,) = unpack("d", pack("q", bits | 1))  # inexact: neither a single nor halfway between two
    return single(odd)
