"""Projection: what a value written with one schema is under another."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from penstock.sdk.errors import SchemaProjectorError
from penstock.sdk.numbers import single, single_from_int
from penstock.sdk.schema import Field, Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.validation import checker, java_type_name
from penstock.sdk.values_text import java_string

Projection = Callable[[Any], Any]

_LADDER: Final = (
    Type.INT8,
    Type.INT16,
    Type.INT32,
    Type.INT64,
    Type.FLOAT32,
    Type.FLOAT64,
)


def project(source: Schema, value: Any, target: Schema) -> Any:
    """The value under the target schema; raises `SchemaProjectorError` where that cannot be."""
    return projection(source, target)(value)


@lru_cache(maxsize=256)
def projection(source: Schema, target: Schema) -> Projection:
    """How values of one schema become values of another.

    What stands in the way is raised by the projection, not here: some obstacles inside a struct,
    array or map only matter once there is a value.
    """
    obstacle = _obstacle(source, target)
    if obstacle is not None:
        return _refusal(obstacle)
    present = _PRESENT.get(target.type, _primitive)(source, target)
    if source.optional and not target.optional:
        return lambda value: target.default if value is None else present(value)
    return lambda value: None if value is None else present(value)


def _obstacle(source: Schema, target: Schema) -> str | None:
    if source.type is not target.type and not _promotable(source.type, target.type):
        found, wanted = source.type.name, target.type.name
        return f"Schema type mismatch. source type: {found} and target type: {wanted}"
    if source.name != target.name:
        found, wanted = java_string(source.name), java_string(target.name)
        return f"Schema name mismatch. source name: {found} and target name: {wanted}"
    if source.parameters != target.parameters:
        found, wanted = java_string(source.parameters), java_string(target.parameters)
        return (
            f"Schema parameters not equal. source parameters: {found} "
            f"and target parameters: {wanted}"
        )
    if source.optional and not target.optional and target.default is None:
        return "Writer schema is optional, however, target schema does not provide a default value."
    return None


def _promotable(source: Type, target: Type) -> bool:
    return source in _LADDER and target in _LADDER[_LADDER.index(source) :]


def _refusal(message: str) -> Projection:
    def refuse(value: Any) -> Any:
        raise SchemaProjectorError(message)

    return refuse


def _primitive(source: Schema, target: Schema) -> Projection:
    if target.type not in _LADDER:
        return lambda value: value
    to = _NUMBERS[target.type]
    return lambda value: to(value) if _is_number(value) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _to_single(value: float) -> float:
    return single_from_int(value) if isinstance(value, int) else single(value)


_NUMBERS: Final[dict[Type, Callable[[Any], Any]]] = {
    Type.INT8: int,
    Type.INT16: int,
    Type.INT32: int,
    Type.INT64: int,
    Type.FLOAT32: _to_single,
    Type.FLOAT64: float,
}


def _array(source: Schema, target: Schema) -> Projection:
    inner = _inner(source.value_schema, target.value_schema)

    def convert(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise TypeError(f"class {java_type_name(value)} is not an array.")
        return [inner(item) for item in value]  # pyright: ignore[reportUnknownVariableType]

    return convert


def _map(source: Schema, target: Schema) -> Projection:
    keys = _inner(source.key_schema, target.key_schema)
    values = _inner(source.value_schema, target.value_schema)

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"class {java_type_name(value)} is not a map.")
        return {keys(k): values(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]

    return convert


def _inner(source: Schema | None, target: Schema | None) -> Projection:
    if source is None or target is None:
        return _refusal("Arrays and maps are projected with schemas for what they hold.")
    return projection(source, target)


def _struct(source: Schema, target: Schema) -> Projection:
    members = [_member(source, field) for field in target.fields]

    def convert(value: Any) -> Any:
        if not isinstance(value, dict):
            raise TypeError(f"class {java_type_name(value)} is not a struct.")
        projected = ((name, of(value)) for name, of in members)
        return {name: item for name, item in projected if item is not None}

    return convert


def _member(source: Schema, field: Field) -> tuple[str, Projection]:
    """From a source struct to one field of the target."""
    origin = source.field(field.name)
    if origin is not None:
        return field.name, _kept(origin, field)
    if field.schema.optional:
        return field.name, lambda struct: None
    if field.schema.default is not None:
        return field.name, lambda struct: field.schema.default
    message = f"Required field `{field.name}` is missing from source schema: {source}"
    return field.name, _refusal(message)


def _kept(origin: Field, field: Field) -> Projection:
    name, change, check = field.name, projection(origin.schema, field.schema), checker(field.schema)
    place, default = f'field: "{field.name}"', origin.schema.default

    def convert(struct: Any) -> Any:
        found = struct.get_with_default(name) if isinstance(struct, Struct) else struct.get(name)
        try:
            projected = change(default if found is None else found)
        except SchemaProjectorError as error:
            raise SchemaProjectorError(f"Error projecting {name}") from error
        check(projected, place)
        return projected

    return convert


_PRESENT: Final[dict[Type, Callable[[Schema, Schema], Projection]]] = {
    Type.ARRAY: _array,
    Type.MAP: _map,
    Type.STRUCT: _struct,
}
