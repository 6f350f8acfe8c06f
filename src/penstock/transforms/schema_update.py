"""Building the schema and the values that come out of a transformation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import itemgetter
from typing import Any

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.schema import Field, Schema, Type
from penstock.transforms.requirements import not_a_struct, null_for_required

Projection = Callable[[Any], dict[str, Any]]


def with_basics(source: Schema, builder: SchemaBuilder) -> SchemaBuilder:
    """A builder with name, version, doc and parameters of a schema, and nothing else of it."""
    if source.name is not None:
        builder.name(source.name)
    if source.version is not None:
        builder.version(source.version)
    if source.doc is not None:
        builder.doc(source.doc)
    return builder if source.parameters is None else builder.parameters(source.parameters)


def struct_like(source: Schema) -> SchemaBuilder:
    """A builder of a struct without fields that is named like `source`."""
    return with_basics(source, SchemaBuilder.struct())


def projection(
    schema: Schema, members: Iterable[tuple[Field, str]], *, purpose: str, defaults: bool
) -> Projection:
    """Reads some fields of structs of one schema into new ones, each under its new name.

    With `defaults`, a null becomes the field's default. A null for a required field is refused.
    """
    pairs = [(field.name, name) for field, name in members]
    by_name = {name: field.schema for field, name in members}
    names = [new for _, new in pairs]
    pick = _picker([old for old, _ in pairs])

    def complete(values: dict[str, Any]) -> None:
        for name, value in values.items():
            if value is None:
                values[name] = filled(by_name[name], name, defaults=defaults)

    def project(value: Any) -> dict[str, Any]:
        try:
            values = dict(zip(names, pick(value), strict=True))
        except (KeyError, TypeError):
            if not isinstance(value, dict):
                raise not_a_struct(purpose, value, schema) from None
            values: dict[str, Any] = {new: value.get(old) for old, new in pairs}  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if None in values.values():
            complete(values)
        return values

    return project


def filled(schema: Schema, name: str, *, defaults: bool) -> Any:
    """What stands for null in a field; raises `DataError` where null may not be."""
    if defaults and schema.default is not None:
        return schema.default
    if not schema.optional:
        raise null_for_required(name, schema)
    return None


def _picker(names: list[str]) -> Callable[[Any], Iterable[Any]]:
    if len(names) > 1:
        return itemgetter(*names)
    if not names:
        return lambda value: () if isinstance(value, dict) else _raise(TypeError())
    (name,) = names
    return lambda value: (value[name],)


def _raise(error: Exception) -> Any:
    raise error


def copying(schema: Schema, *, purpose: str, defaults: bool) -> Projection:
    """Copies structs of one schema whole."""
    members = [(field, field.name) for field in schema.fields]
    return projection(schema, members, purpose=purpose, defaults=defaults)


def is_struct(schema: Schema) -> bool:
    """Whether values of this schema are structs."""
    return schema.type is Type.STRUCT
