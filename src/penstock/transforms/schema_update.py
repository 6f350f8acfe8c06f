"""Building the schema and the values that come out of a transformation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.schema import Field, Schema, Type
from penstock.transforms.generated import quick_copy, quick_projection
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
    schema: Schema, members: Sequence[tuple[Field, str]], *, purpose: str, defaults: bool
) -> Projection:
    """Reads some fields of structs of one schema into new ones, each under its new name.

    With `defaults`, a null becomes the field's default. A null for a required field is refused.
    """

    def carefully(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise not_a_struct(purpose, value, schema)
        given = cast("dict[str, Any]", value)
        values = {name: given.get(field.name) for field, name in members}
        for field, name in members:
            if values[name] is None:
                values[name] = filled(field.schema, name, defaults=defaults)
        return values

    checked = [f.name for f, _ in members if not f.schema.optional or f.schema.default is not None]
    kept = [field for field, _ in members]
    left_out = [field.name for field in schema.fields if field not in kept]
    if len(left_out) <= len(kept) and all(field.name == name for field, name in members):
        return quick_copy(checked, left_out, carefully)
    return quick_projection([(field.name, name) for field, name in members], checked, carefully)


def filled(schema: Schema, name: str, *, defaults: bool) -> Any:
    """What stands for null in a field; raises `DataError` where null may not be."""
    if defaults and schema.default is not None:
        return schema.default
    if not schema.optional:
        raise null_for_required(name, schema)
    return None


def copying(schema: Schema, *, purpose: str, defaults: bool) -> Projection:
    """Copies structs of one schema whole."""
    return keeping(schema, schema.fields, purpose=purpose, defaults=defaults)


def keeping(schema: Schema, kept: Iterable[Field], *, purpose: str, defaults: bool) -> Projection:
    """Copies structs of one schema with some of their fields, in the schema's order."""
    members = [(field, field.name) for field in kept]
    return projection(schema, members, purpose=purpose, defaults=defaults)


def is_struct(schema: Schema) -> bool:
    """Whether values of this schema are structs."""
    return schema.type is Type.STRUCT
