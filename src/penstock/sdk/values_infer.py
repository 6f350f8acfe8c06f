"""What schema a value without one would have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from penstock.sdk.errors import SchemaBuilderError
from penstock.sdk.numbers import Float32, Float64, Int8, Int16, Int32, Int64
from penstock.sdk.schema import (
    BOOLEAN,
    BYTES,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    STRING,
    Schema,
    Type,
)
from penstock.sdk.struct import Struct

_SCALARS: Final[dict[type, Schema]] = {
    str: STRING,
    bool: BOOLEAN,
    int: INT64,
    float: FLOAT64,
    Int8: INT8,
    Int16: INT16,
    Int32: INT32,
    Int64: INT64,
    Float32: FLOAT32,
    Float64: FLOAT64,
    bytes: BYTES,
    bytearray: BYTES,
    memoryview: BYTES,
}


def infer_schema(value: Any) -> Schema | None:
    """The schema of a value, or None where none can be told (Decimal, dates, mixed or empty).

    Raises `SchemaBuilderError` for a list of nothing but null.
    """
    kind: type[Any] = value.__class__
    known = _SCALARS.get(kind)
    if known is not None:
        return known if kind is not int or -(2**63) <= value < 2**63 else None
    if isinstance(value, Struct):
        return value.schema
    if isinstance(value, list | tuple):
        return _array(value)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, Mapping):
        return _map(value)  # pyright: ignore[reportUnknownArgumentType]
    return None


def infer_type(value: Any) -> Type | None:
    """The type that goes with the value's class; empty lists and maps have one too."""
    if isinstance(value, list | tuple):
        return Type.ARRAY
    if isinstance(value, Mapping) and not isinstance(value, Struct):
        return Type.MAP
    schema = infer_schema(value)
    return None if schema is None else schema.type


def _array(items: Iterable[Any]) -> Schema | None:
    inner = _common(items)
    return None if inner is None else Schema(Type.ARRAY, value_schema=inner)


def _map(value: Mapping[Any, Any]) -> Schema | None:
    keys, values = _common(value.keys()), _common(value.values())
    if keys is None or values is None:
        return None
    return Schema(Type.MAP, key_schema=keys, value_schema=values)


def _common(values: Iterable[Any]) -> Schema | None:
    """One schema for all, of their common type alone; None if they have none in common."""
    found: Type | None = None
    optional = False
    for value in values:
        if value is None:
            optional = True
            continue
        schema = infer_schema(value)
        if schema is None or (found is not None and schema.type is not found):
            return None
        found = schema.type
    if found is None and optional:
        raise SchemaBuilderError("type cannot be null")  # nothing but null: it could be any type
    return None if found is None else Schema(found, optional=optional)
