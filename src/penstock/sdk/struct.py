"""A STRUCT value that knows its schema.

A plain dict beside a STRUCT schema is all most code needs. A `Struct` is such a dict that carries
its schema along: for structs inside schemaless data, and for authors who want each `put` checked.
"""

from __future__ import annotations

from typing import Any

from penstock.sdk.schema import Schema


class Struct(dict[str, Any]):
    """A dict of field name to value, with the STRUCT schema it belongs to."""

    __slots__ = ("schema",)

    def __init__(self, schema: Schema, values: dict[str, Any] | None = None) -> None:
        super().__init__(values or {})
        self.schema = schema
