"""Numbers that remember a width narrower than Python's.

With a schema, plain `int` and `float` are all there is. Without one, an `int` means INT64 and a
`float` FLOAT64; these subclasses say otherwise where the width can be seen (a cast to `int8`
without schema, a header's text). They compare and compute as the numbers they are.
"""

from __future__ import annotations


class Int8(int):
    """A schemaless INT8."""


class Int16(int):
    """A schemaless INT16."""


class Int32(int):
    """A schemaless INT32."""


class Float32(float):
    """A schemaless FLOAT32; holds the nearest single-precision value."""
