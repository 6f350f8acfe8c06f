"""Schemas as JSON, in the form that JsonConverter puts beside a payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from penstock.converters.json_decode import decoder
from penstock.converters.json_encode import encoder
from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.errors import DataError
from penstock.sdk.numbers import wrapped
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct

_NAMES: Final = {
    **{kind: kind.value for kind in Type},
    Type.FLOAT32: "float",
    Type.FLOAT64: "double",
}
_TYPES: Final = {name: kind for kind, name in _NAMES.items() if kind.is_primitive}


def schema_to_json(schema: Schema | None, null_is_default: bool, numeric: bool) -> Any:
    """The schema as the tree to be written."""
    if schema is None:
        return None
    shown: dict[str, Any] = {"type": _NAMES[schema.type]}

    def inner(of: Schema | None) -> Any:
        return schema_to_json(of, null_is_default, numeric)

    if schema.type is Type.ARRAY:
        shown["items"] = inner(schema.value_schema)
    elif schema.type is Type.MAP:
        shown["keys"] = inner(schema.key_schema)
        shown["values"] = inner(schema.value_schema)
    elif schema.type is Type.STRUCT:
        shown["fields"] = [inner(field.schema) | {"field": field.name} for field in schema.fields]
    shown["optional"] = schema.optional
    attributes: dict[str, Any] = {
        "name": schema.name,
        "version": schema.version,
        "doc": schema.doc,
        "parameters": None if schema.parameters is None else dict(schema.parameters),
    }
    shown |= {key: value for key, value in attributes.items() if value is not None}
    if schema.default is not None:
        shown["default"] = encoder(schema, null_is_default, numeric)(schema.default)
    return shown


def schema_from_json(node: Any, null_is_default: bool) -> Schema | None:
    """The schema a part of a text describes; null is no schema."""
    return None if node is None else _schema(node, null_is_default)


def _schema(node: Any, null_is_default: bool) -> Schema:
    kind = _member(node, "type")
    if kind.__class__ is not str:
        raise DataError("Schema must contain 'type' field")
    builder = _builder(kind, node, null_is_default)
    if node.get("optional") is True:
        builder.optional()
    else:
        builder.required()
    if (name := node.get("name")).__class__ is str:
        builder.name(name)
    if (version := node.get("version")).__class__ is int:
        builder.version(wrapped(version, 32))
    if (doc := node.get("doc")).__class__ is str:
        builder.doc(doc)
    if (parameters := node.get("parameters")).__class__ is dict:
        for key, value in parameters.items():
            if value.__class__ is not str:
                raise DataError("Schema parameters must have string values.")
            builder.parameter(key, value)
    if "default" in node:
        builder.default(_default(builder.build(), node["default"], null_is_default))
    return builder.build()


def _default(schema: Schema, node: Any, null_is_default: bool) -> Any:
    """A struct's default knows its schema, for what follows the default is not yet part of it."""
    value = decoder(schema, null_is_default)(node)
    return Struct(schema, value) if schema.type is Type.STRUCT and value is not None else value


def _member(node: Any, name: str) -> Any:
    return node.get(name) if node.__class__ is dict else None


def _builder(kind: str, node: Any, null_is_default: bool) -> SchemaBuilder:
    if kind in _TYPES:
        return SchemaBuilder(_TYPES[kind])
    if kind in _COMPOUND:
        return _COMPOUND[kind](node, null_is_default)
    raise DataError(f"Unknown schema type: {kind}")


def _array(node: Any, null_is_default: bool) -> SchemaBuilder:
    if node.get("items") is None:
        raise DataError("Array schema did not specify the element type")
    return SchemaBuilder.array(_schema(node["items"], null_is_default))


def _map(node: Any, null_is_default: bool) -> SchemaBuilder:
    for member, word in (("keys", "key"), ("values", "value")):
        if node.get(member) is None:
            raise DataError(f"Map schema did not specify the {word} type")
    keys, values = (_schema(node[name], null_is_default) for name in ("keys", "values"))
    return SchemaBuilder.map(keys, values)


def _struct(node: Any, null_is_default: bool) -> SchemaBuilder:
    builder = SchemaBuilder.struct()
    fields = node.get("fields")
    if fields.__class__ is not list:
        raise DataError('Struct schema\'s "fields" argument is not an array.')
    for field in fields:
        name = _member(field, "field")
        if name.__class__ is not str:
            raise DataError("Struct schema's field name not specified properly")
        builder.field(name, _schema(field, null_is_default))
    return builder


_COMPOUND: Final[dict[str, Callable[[Any, bool], SchemaBuilder]]] = {
    "array": _array,
    "map": _map,
    "struct": _struct,
}
