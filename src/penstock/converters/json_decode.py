"""From the parts of a JSON text to Connect values, derived once per schema.

Takes what `json_reader` gives, numbers still exact, and is as forgiving as Connect: a wrong scalar
becomes zero, false or null rather than an error.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from penstock.converters.base64_text import decode_base64
from penstock.converters.json_numbers import as_double, as_single, narrowed
from penstock.converters.json_reader import MISSING, Missing
from penstock.sdk.errors import DataError
from penstock.sdk.logical import (
    DATE_NAME,
    DECIMAL_NAME,
    TIME_NAME,
    TIMESTAMP_NAME,
    bytes_to_decimal,
    days_to_date,
    millis_to_instant,
    millis_to_time,
    scale_of,
)
from penstock.sdk.numbers import wrapped
from penstock.sdk.schema import Schema, Type
from penstock.sdk.validation import validate_value
from penstock.sdk.values import as_key

Decode = Callable[[Any], Any]
_SCHEMAS_MAX: Final = 1024


@lru_cache(maxsize=_SCHEMAS_MAX)
def decoder(schema: Schema, null_is_default: bool) -> Decode:
    """What turns parts of a text into values of this schema."""
    present = _present(schema, null_is_default)
    default = schema.default if null_is_default else None
    kind = schema.type.name

    def decode(node: Any) -> Any:
        if node is not None:
            return present(node)
        if default is not None or schema.optional:
            return default
        raise DataError(f"Invalid null value for required {kind} field")

    return decode


def schemaless(node: Any) -> Any:
    """A value without schema: whole numbers are INT64, others FLOAT64."""
    kind: type[Any] = node.__class__
    if kind is dict:
        return {name: schemaless(member) for name, member in node.items()}
    if kind is list:
        return [schemaless(item) for item in node]
    if kind is int:
        return wrapped(node, 64)
    if kind is Decimal:
        return as_double(node)
    return None if kind is Missing else node


def node_type(node: Any) -> str:
    """Jackson's word for a part of a text."""
    return _NODE_TYPES.get(node.__class__, "NUMBER")


_NODE_TYPES: Final[dict[type, str]] = {
    type(None): "NULL",
    Missing: "MISSING",
    bool: "BOOLEAN",
    str: "STRING",
    list: "ARRAY",
    dict: "OBJECT",
}


def _present(schema: Schema, null_is_default: bool) -> Decode:
    if schema.name in _LOGICAL:
        return _LOGICAL[schema.name](schema)
    if schema.type in _COMPOUND:
        return _COMPOUND[schema.type](schema, null_is_default)
    return _SCALARS[schema.type]


def _bytes(node: Any) -> bytes | None:
    if node.__class__ is not str:
        return None
    try:
        return decode_base64(node)
    except ValueError as error:
        raise DataError("Invalid bytes field") from error


_SCALARS: Final[dict[Type, Decode]] = {
    Type.BOOLEAN: lambda node: node is True,
    Type.INT8: lambda node: narrowed(node, 8),
    Type.INT16: lambda node: narrowed(node, 16),
    Type.INT32: lambda node: narrowed(node, 32),
    Type.INT64: lambda node: narrowed(node, 64),
    Type.FLOAT32: as_single,
    Type.FLOAT64: as_double,
    Type.STRING: lambda node: node if node.__class__ is str else None,
    Type.BYTES: _bytes,
}


def _decimal(schema: Schema) -> Decode:
    def decode(node: Any) -> Decimal:
        if node.__class__ is int or node.__class__ is Decimal:
            return Decimal(node).copy_abs() if not node else Decimal(node)
        if node.__class__ is not str:
            raise DataError(
                "Invalid type for Decimal, underlying representation should be numeric or bytes "
                f"but was {node_type(node)}"
            )
        try:
            return bytes_to_decimal(decode_base64(node), scale_of(schema))
        except (DataError, ValueError) as error:
            raise DataError("Invalid bytes for Decimal field") from error

    return decode


def _whole(
    kind: str, wanted: str, bits: int | None, meaning: Callable[[int], Any]
) -> Callable[[Schema], Decode]:
    """Dates and times: a whole number, of at most so many bits if that is told."""

    def decode(node: Any) -> Any:
        if node.__class__ is not int or (bits is not None and wrapped(node, bits) != node):
            raise DataError(
                f"Invalid type for {kind}, underlying representation should be {wanted} "
                f"but was {node_type(node)}"
            )
        return meaning(wrapped(node, 64))

    return lambda _: decode


_LOGICAL: Final[dict[str | None, Callable[[Schema], Decode]]] = {
    DECIMAL_NAME: _decimal,
    DATE_NAME: _whole("Date", "integer", 32, days_to_date),
    TIME_NAME: _whole("Time", "integer", 32, millis_to_time),
    TIMESTAMP_NAME: _whole("Timestamp", "integral", None, millis_to_instant),
}


def _array(schema: Schema, null_is_default: bool) -> Decode:
    item = _inner(schema.value_schema, null_is_default)

    def decode(node: Any) -> list[Any]:
        if node.__class__ is dict:
            return [item(member) for member in node.values()]
        return [item(member) for member in node] if node.__class__ is list else []

    return decode


def _map(schema: Schema, null_is_default: bool) -> Decode:
    key, item = (
        _inner(schema.key_schema, null_is_default),
        _inner(schema.value_schema, null_is_default),
    )
    if schema.key_schema is not None and schema.key_schema.type is Type.STRING:
        return _string_map(item)

    def decode(node: Any) -> dict[Any, Any]:
        if node.__class__ is not list:
            raise DataError(
                "Maps with non-string fields should be encoded as JSON array of tuples, "
                f"but found {node_type(node)}"
            )
        return {as_key(key(k)): item(v) for k, v in map(_pair, node)}

    return decode


def _string_map(item: Decode) -> Decode:
    def decode(node: Any) -> dict[str, Any]:
        if node.__class__ is not dict:
            raise DataError(
                "Maps with string fields should be encoded as JSON objects, "
                f"but found {node_type(node)}"
            )
        return {name: item(member) for name, member in node.items()}

    return decode


def _pair(node: Any) -> list[Any]:
    if node.__class__ is not list:
        raise DataError(f"Found invalid map entry instead of array tuple: {node_type(node)}")
    if len(node) != 2:
        raise DataError(f"Found invalid map entry, expected length 2 but found :{len(node)}")
    return node


def member_decoder(name: str, schema: Schema, null_is_default: bool) -> Decode:
    """Like `decoder`, for a field of a struct: what forgiving made of a value must be allowed."""
    decode = decoder(schema, null_is_default)
    if not _may_lose_values(schema):
        return decode

    def checked(node: Any) -> Any:
        value = decode(node)
        validate_value(schema, value, name)
        return value

    return checked


def _struct(schema: Schema, null_is_default: bool) -> Decode:
    members = [
        (field.name, member_decoder(field.name, field.schema, null_is_default))
        for field in schema.fields
    ]

    def decode(node: Any) -> dict[str, Any]:
        if node.__class__ is not dict:
            raise DataError(
                f"Structs should be encoded as JSON objects, but found {node_type(node)}"
            )
        return {name: member(node.get(name)) for name, member in members}

    return decode


def _may_lose_values(schema: Schema) -> bool:
    """Whether a wrong text can give null where null is not allowed."""
    if schema.type is Type.ARRAY or schema.type is Type.MAP:
        inner = schema.value_schema
        keys = schema.key_schema if schema.type is Type.MAP else None
        return any(s is not None and _may_lose_values(s) for s in (inner, keys))
    return schema.type in (Type.STRING, Type.BYTES) and schema.name not in _LOGICAL


_COMPOUND: Final[dict[Type, Callable[[Schema, bool], Decode]]] = {
    Type.ARRAY: _array,
    Type.MAP: _map,
    Type.STRUCT: _struct,
}


def _inner(schema: Schema | None, null_is_default: bool) -> Decode:
    return schemaless if schema is None else decoder(schema, null_is_default)


__all__ = ["MISSING", "Decode", "decoder", "member_decoder", "node_type", "schemaless"]
