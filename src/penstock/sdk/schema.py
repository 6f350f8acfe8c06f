"""Schemas: immutable, compared by content, hashed once.

`Schema(Type.INT32)` and the constants (`INT32`, `OPTIONAL_STRING`, …) cover the simple cases;
`SchemaBuilder` builds the rest step by step, with Connect's own checks.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from decimal import Decimal
from struct import pack
from types import MappingProxyType
from typing import Any, Final

from penstock.sdk.errors import DataError


class Type(enum.Enum):
    """The types of Connect's data model; the value is the name used in text."""

    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    BOOLEAN = "boolean"
    STRING = "string"
    BYTES = "bytes"
    ARRAY = "array"
    MAP = "map"
    STRUCT = "struct"

    @property
    def is_primitive(self) -> bool:
        """Everything but ARRAY, MAP and STRUCT."""
        return self not in _COMPOUND

    __hash__ = object.__hash__  # identity: a type is looked up far more often than made


_COMPOUND = frozenset((Type.ARRAY, Type.MAP, Type.STRUCT))


class Field:
    """A named member of a STRUCT schema, at its place."""

    __slots__ = ("index", "name", "schema")

    def __init__(self, name: str, index: int, schema: Schema) -> None:
        self.name: Final = name
        self.index: Final = index
        self.schema: Final = schema

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Field)
            and self.name == other.name
            and self.index == other.index
            and self.schema == other.schema
        )

    def __hash__(self) -> int:
        return hash((self.name, self.index, self.schema))

    def __repr__(self) -> str:
        return f"Field{{name={self.name}, index={self.index}, schema={self.schema}}}"


class Schema:
    """What a value looks like. Never changes after it is made, so it can be a cache's key."""

    __slots__ = (
        "_by_name",
        "_fields",
        "_hash",
        "_key_schema",
        "_value_schema",
        "default",
        "doc",
        "name",
        "optional",
        "parameters",
        "type",
        "version",
    )

    def __init__(
        self,
        type: Type,  # noqa: A002  Connect's word
        *,
        optional: bool = False,
        default: Any = None,
        name: str | None = None,
        version: int | None = None,
        doc: str | None = None,
        parameters: Mapping[str, str] | None = None,
        fields: Iterable[tuple[str, Schema]] | None = None,
        key_schema: Schema | None = None,
        value_schema: Schema | None = None,
    ) -> None:
        self.type: Final = type
        self.optional: Final = optional
        self.default: Final = default
        self.name: Final = name
        self.version: Final = version
        self.doc: Final = doc
        self.parameters: Final = None if parameters is None else MappingProxyType(dict(parameters))
        self._key_schema: Final = key_schema
        self._value_schema: Final = value_schema
        members = tuple(Field(n, i, s) for i, (n, s) in enumerate(fields or ()))
        self._fields: Final = members
        self._by_name: Final = {field.name: field for field in members}
        self._hash: Final = hash(
            (type, optional, name, version, doc, members, key_schema, value_schema)
            + (() if parameters is None else tuple(parameters.items()))
        )

    @property
    def fields(self) -> tuple[Field, ...]:
        """The members, in order. Raises `DataError` unless this is a STRUCT."""
        if self.type is not Type.STRUCT:
            raise DataError("Cannot list fields on non-struct type")
        return self._fields

    def field(self, name: str) -> Field | None:
        """The member of that name, or None. Raises `DataError` unless this is a STRUCT."""
        if self.type is not Type.STRUCT:
            raise DataError("Cannot look up fields on non-struct type")
        return self._by_name.get(name)

    @property
    def key_schema(self) -> Schema | None:
        """Of a MAP's keys. Raises `DataError` for any other type."""
        if self.type is not Type.MAP:
            raise DataError("Cannot look up key schema on non-map type")
        return self._key_schema

    @property
    def value_schema(self) -> Schema | None:
        """Of a MAP's values or an ARRAY's elements. Raises `DataError` for any other type."""
        if self.type is not Type.MAP and self.type is not Type.ARRAY:
            raise DataError("Cannot look up value schema on non-array and non-map type")
        return self._value_schema

    def changed(self, **changes: Any) -> Schema:
        """A copy with some attributes replaced (`optional=True`, `name="x"`, …)."""
        mine: dict[str, Any] = {
            "optional": self.optional,
            "default": self.default,
            "name": self.name,
            "version": self.version,
            "doc": self.doc,
            "parameters": self.parameters,
            "fields": [(field.name, field.schema) for field in self._fields],
            "key_schema": self._key_schema,
            "value_schema": self._value_schema,
        }
        return Schema(changes.pop("type", self.type), **(mine | changes))

    def as_optional(self) -> Schema:
        """This schema, allowing null."""
        return self if self.optional else self.changed(optional=True)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return (
            isinstance(other, Schema)
            and self._hash == other._hash
            and self.type is other.type
            and self.optional == other.optional
            and self.name == other.name
            and self.version == other.version
            and self.doc == other.doc
            and self.parameters == other.parameters
            and self._fields == other._fields
            and self._key_schema == other._key_schema
            and self._value_schema == other._value_schema
            and same_value(self.default, other.default)
        )

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (
            {
                "type": self.type,
                "optional": self.optional,
                "default": self.default,
                "name": self.name,
                "version": self.version,
                "doc": self.doc,
                "parameters": None if self.parameters is None else dict(self.parameters),
                "fields": [(field.name, field.schema) for field in self._fields],
                "key_schema": self._key_schema,
                "value_schema": self._value_schema,
            },
        )

    def __repr__(self) -> str:
        kind = self.type.name
        return f"Schema{{{self.name}:{kind}}}" if self.name is not None else f"Schema{{{kind}}}"


def same_value(one: Any, other: Any) -> bool:
    """Whether two values are the same in every respect: class, scale of a Decimal, sign of zero."""
    if one is other:
        return True
    kind: type[Any] = one.__class__
    if kind is not other.__class__:
        return False
    if kind is list or kind is tuple:
        return len(one) == len(other) and all(map(same_value, one, other))
    if kind is dict:
        return one.keys() == other.keys() and all(same_value(one[k], other[k]) for k in one)
    if isinstance(one, float):
        return pack("d", one) == pack("d", other)
    if kind is Decimal:
        return one.as_tuple() == other.as_tuple()
    return bool(one == other)


def _rebuilt(attributes: dict[str, Any]) -> Schema:
    return Schema(**attributes)


INT8 = Schema(Type.INT8)
INT16 = Schema(Type.INT16)
INT32 = Schema(Type.INT32)
INT64 = Schema(Type.INT64)
FLOAT32 = Schema(Type.FLOAT32)
FLOAT64 = Schema(Type.FLOAT64)
BOOLEAN = Schema(Type.BOOLEAN)
STRING = Schema(Type.STRING)
BYTES = Schema(Type.BYTES)
OPTIONAL_INT8 = INT8.as_optional()
OPTIONAL_INT16 = INT16.as_optional()
OPTIONAL_INT32 = INT32.as_optional()
OPTIONAL_INT64 = INT64.as_optional()
OPTIONAL_FLOAT32 = FLOAT32.as_optional()
OPTIONAL_FLOAT64 = FLOAT64.as_optional()
OPTIONAL_BOOLEAN = BOOLEAN.as_optional()
OPTIONAL_STRING = STRING.as_optional()
OPTIONAL_BYTES = BYTES.as_optional()
