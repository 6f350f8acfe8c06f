"""Flatten: bring the fields of nested structs or maps to the top, under joined names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, NamedTuple

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.errors import DataError
from penstock.sdk.numbers import Float32, Int8, Int16, Int32
from penstock.sdk.schema import Schema, Type
from penstock.sdk.values import infer_type, java_type_name
from penstock.transforms.parts import Change, PartTransform
from penstock.transforms.requirements import (
    KeyTypeError,
    not_a_struct,
    refusing_structs,
    required_map,
)
from penstock.transforms.schema_update import filled, is_struct, struct_like

_PURPOSE = "flattening"


# kept as they are, without a closer look
_PLAIN: Final = frozenset((str, float, bool, bytes, list, type(None), Int8, Int16, Int32, Float32))
_LONGS: Final = (-(1 << 63), (1 << 63) - 1)


class FlattenConfig(Config):
    """Settings of Flatten."""

    delimiter: Annotated[
        str,
        Option("What stands between the names of nested fields.", Importance.MEDIUM),
    ] = "."


class _Leaf(NamedTuple):
    """A field of the flattened struct."""

    source: str
    name: str
    own: Schema  # where it comes from, whose default null means
    schema: Schema


class _Branch(NamedTuple):
    """A nested struct."""

    source: str
    members: list[_Leaf | _Branch]


class Flatten(PartTransform[FlattenConfig]):
    """Flattens structs and maps; arrays are left as they are."""

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._flat_map)
        if not is_struct(schema):
            return Change(None, refusing_structs(_PURPOSE, schema))
        builder = struct_like(schema)
        members = self._members(schema, "", builder, schema.optional, schema.default)
        return Change(builder.build(), _flattening(schema, members))

    def _joined(self, prefix: str, name: str) -> str:
        return prefix + self.config.delimiter + name if prefix else name

    def _flat_map(self, value: Any) -> Any:
        flat: dict[str, Any] = {}
        self._spread(required_map(_PURPOSE, value), "", flat)
        return flat

    def _spread(self, given: dict[Any, Any], prefix: str, flat: dict[str, Any]) -> None:
        for key, value in given.items():
            if not isinstance(key, str):
                raise KeyTypeError(f"The map has a key that is no string: {key!r}")
            name = prefix + self.config.delimiter + key if prefix else key
            if type(value) in _PLAIN or (type(value) is int and _LONGS[0] <= value <= _LONGS[1]):
                flat[name] = value
            elif isinstance(value, dict):
                self._spread(_nested_map(value, name), name, flat)  # pyright: ignore[reportUnknownArgumentType]
            elif infer_type(value) is None:
                raise DataError(
                    "Flatten transformation was passed a value of type class "
                    f"{java_type_name(value)} which is not supported by Connect's data API"
                )
            else:
                flat[name] = value

    def _members(
        self, schema: Schema, prefix: str, builder: SchemaBuilder, optional: bool, default: Any
    ) -> list[_Leaf | _Branch]:
        """How to read a struct; adds its leaves to the builder."""
        members: list[_Leaf | _Branch] = []
        for field in schema.fields:
            own, name = field.schema, self._joined(prefix, field.name)
            inherited = None if default is None else default.get(field.name)
            its_default = inherited if own.default is None else own.default
            its_optional = optional or own.optional
            if own.type is Type.STRUCT:
                nested = self._members(own, name, builder, its_optional, its_default)
                members.append(_Branch(field.name, nested))
            elif own.type is Type.MAP:
                raise DataError(
                    f"Flatten transformation does not support {own.type.name} "
                    f"for record with schemas (for field {name})."
                )
            else:
                leaf = _leaf_schema(own, its_optional, its_default)
                builder.field(name, leaf)
                members.append(_Leaf(field.name, name, own, leaf))
        return members


def _nested_map(value: dict[str, Any], name: str) -> dict[str, Any]:
    if infer_type(value) is not Type.MAP:
        raise DataError(
            f"Flatten transformation does not support class {java_type_name(value)} "
            f"for record without schemas (for field {name})."
        )
    return value


def _leaf_schema(schema: Schema, optional: bool, default: Any) -> Schema:
    builder = SchemaBuilder.of(schema)
    if optional:
        builder.optional()
    return builder.build() if default is None else builder.default(default).build()


def _flattening(schema: Schema, members: list[_Leaf | _Branch]) -> Callable[[Any], Any]:
    def spread(given: dict[str, Any], inner: list[_Leaf | _Branch], flat: dict[str, Any]) -> None:
        for member in inner:
            value = given.get(member.source)
            if isinstance(member, _Branch):
                if value is not None:
                    spread(value, member.members, flat)
            elif value is None:
                kept = filled(member.own.as_optional(), member.name, defaults=True)
                flat[member.name] = (
                    filled(member.schema, member.name, defaults=False) if kept is None else kept
                )
            else:
                flat[member.name] = value

    def flatten(value: Any) -> Any:
        if not isinstance(value, dict):
            raise not_a_struct(_PURPOSE, value, schema)
        flat: dict[str, Any] = {}
        spread(value, members, flat)  # pyright: ignore[reportUnknownArgumentType]
        return flat

    return flatten


class FlattenKey(Flatten):
    """Flattens the key."""

    on_key: ClassVar[bool] = True


class FlattenValue(Flatten):
    """Flattens the value."""
