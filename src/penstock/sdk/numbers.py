"""Numbers that remember a width of their own.

With a schema, plain `int` and `float` are all there is. Without one, an `int` means INT64 and a
`float` FLOAT64; these subclasses say otherwise where the width can be seen (a cast to `int8`
without schema, a header's text). They compare and compute as the numbers they are. Beside a schema
of another width they are wrong, as in Java; `Int64` and `Float64` exist to say that much.
"""

from __future__ import annotations

from ctypes import c_float
from typing import ClassVar

from penstock.sdk.errors import DataError


class Int8(int):
    """A schemaless INT8."""


class Int16(int):
    """A schemaless INT16."""


class Int32(int):
    """A schemaless INT32."""


class Int64(int):
    """An INT64, whatever schema stands beside it."""


class Float32(float):
    """A schemaless FLOAT32; holds the nearest single-precision value."""


class Float64(float):
    """A FLOAT64, whatever schema stands beside it."""


class NumberFormatError(DataError):
    """A text, or stored bytes, are no number."""

    java_class: ClassVar[str] = "java.lang.NumberFormatException"


def single(number: float) -> float:
    """The nearest single-precision value; infinite when that is out of range."""
    return c_float(number).value


def wrapped(number: int, bits: int) -> int:
    """The low-order bits as a two's-complement integer, as Java narrows."""
    half = 1 << (bits - 1)
    return ((number + half) & ((1 << bits) - 1)) - half


def single_from_int(number: int) -> float:
    """The nearest single-precision value, rounded once."""
    surplus = number.bit_length() - 52
    if surplus <= 0:
        return single(float(number))
    kept = abs(number) >> surplus | bool(abs(number) & ((1 << surplus) - 1))  # sticky last bit
    magnitude = single(float(kept << surplus))
    return -magnitude if number < 0 else magnitude
