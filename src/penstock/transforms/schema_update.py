"""Building the schema and the values that come out of a transformation."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any, cast

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
    pick = _picker(pairs)

    def project(value: Any) -> dict[str, Any]:
        try:
            values = pick(value)
        except (KeyError, TypeError, IndexError):
            if not isinstance(value, dict):
                raise not_a_struct(purpose, value, schema) from None
            given = cast("dict[str, Any]", value)
            values = {new: given.get(old) for old, new in pairs}
        if None in values.values():
            for name, found in values.items():
                if found is None:
                    values[name] = filled(by_name[name], name, defaults=defaults)
        return values

    return project


def filled(schema: Schema, name: str, *, defaults: bool) -> Any:
    """What stands for null in a field; raises `DataError` where null may not be."""
    if defaults and schema.default is not None:
        return schema.default
    if not schema.optional:
        raise null_for_required(name, schema)
    return None


def _picker(pairs: list[tuple[str, str]]) -> Callable[[Any], dict[str, Any]]:
    """Made as text: twice as fast as anything that loops over names."""
    if not pairs:
        return _nothing
    members = ", ".join(f"{new!r}: value[{old!r}]" for old, new in pairs)
    return eval(f"lambda value: {{{members}}}", {"__builtins__": {}})  # repr quotes any name


def _nothing(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return {}


def copying(schema: Schema, *, purpose: str, defaults: bool) -> Projection:
    """Copies structs of one schema whole."""
    members = [(field, field.name) for field in schema.fields]
    size = len(members)
    slowly = projection(schema, members, purpose=purpose, defaults=defaults)

    def copy(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            return slowly(value)
        given = cast("dict[str, Any]", value)
        if len(given) != size or None in given.values():
            return slowly(given)
        return given.copy()

    return copy


def keeping(schema: Schema, kept: Collection[Field], *, purpose: str, defaults: bool) -> Projection:
    """Copies structs of one schema without some of their fields."""
    members = [(field, field.name) for field in kept]
    slowly = projection(schema, members, purpose=purpose, defaults=defaults)
    left_out = [field.name for field in schema.fields if field not in kept]
    if len(left_out) > len(members):
        return slowly
    size = len(schema.fields)

    def keep(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            return slowly(value)
        given = cast("dict[str, Any]", value)
        if len(given) != size or None in given.values():
            return slowly(given)
        changed = given.copy()
        for name in left_out:
            changed.pop(name, None)
        return changed

    return keep


def is_struct(schema: Schema) -> bool:
    """Whether values of this schema are structs."""
    return schema.type is Type.STRUCT
