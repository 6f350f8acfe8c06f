"""Batches of values to JSON texts: checked and written by msgspec where that is exact.

A struct's simple fields are checked in C; of the others, column by column, only what Java prints
in its own way is replaced. What is refused goes the exact way, which knows the errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from math import isfinite
from operator import attrgetter, itemgetter
from typing import Annotated, Any, Final

import msgspec

from penstock.converters.json_encode import encoder, schemaless
from penstock.converters.json_singles import with_fewest_digits
from penstock.converters.json_writer import write
from penstock.sdk.logical import EPOCH, LOGICAL_NAMES, TIMESTAMP_NAME
from penstock.sdk.schema import STRING, Schema, Type
from penstock.sdk.struct import Struct

_BUILTIN: Final = (bytes, bytearray, memoryview)
_MS: Final = timedelta(milliseconds=1)
_SHAPES_MAX: Final = 256
_AS_THEY_ARE: Final = frozenset((str, bool, type(None)))


class FastEncoder:
    """Texts of the values of one schema, a batch at a time."""

    def __init__(self, schema: Schema, null_is_default: bool, numeric: bool) -> None:
        self._schema = schema
        self._exact = encoder(schema, null_is_default, numeric)
        self._columns: list[_Column] = []
        self._shape: Any = None
        if schema.type is Type.STRUCT and schema.name not in LOGICAL_NAMES:
            self._shape = self._shaped(schema, null_is_default, numeric)

    def texts(self, values: Sequence[Any]) -> list[bytes]:
        """One text per value. Raises `DataError` for the first that does not fit."""
        if self._shape is not None and self._has_shape(values):
            try:
                structs = msgspec.convert(values, self._shape, builtin_types=_BUILTIN)
            except (msgspec.ValidationError, UnicodeEncodeError):
                pass
            else:
                for column in self._columns:
                    column.prepare(structs)
                return write(structs)
        exact = self._exact
        return write([exact(value) for value in values])

    def _has_shape(self, values: Sequence[Any]) -> bool:
        kinds = set(map(type, values))
        if kinds == {Struct}:
            schema = self._schema
            return all(value.schema is schema or value.schema == schema for value in values)
        return kinds == {dict}

    def _shaped(self, schema: Schema, null_is_default: bool, numeric: bool) -> Any:
        """The struct msgspec shall make of a value; None where field names forbid it."""
        members: list[Any] = []
        names: dict[str, str] = {}
        for field in schema.fields:
            attribute = f"f{field.index}"
            names[attribute] = field.name
            kind = _simple(field.schema, null_is_default)
            if kind is None:
                self._columns.append(_Column(attribute, field.schema, null_is_default, numeric))
            default = (None,) if kind is None or field.schema.optional else ()
            members.append((attribute, Any if kind is None else kind, *default))
        kind = _struct_of(members, names)
        return None if kind is None else list[kind]


def _struct_of(members: list[Any], names: dict[str, str]) -> Any:
    try:
        return msgspec.defstruct(
            "Value", members, rename=names, kw_only=True, forbid_unknown_fields=True, gc=False
        )
    except ValueError:  # a name with a quote or a backslash
        return None


class _Column:
    """A field that msgspec neither checks nor writes: its values are prepared one by one."""

    def __init__(self, name: str, schema: Schema, null_is_default: bool, numeric: bool) -> None:
        self._name = name
        self._get = attrgetter(name)
        self._prepare = encoder(schema, null_is_default, numeric)
        self._doubles = schema.type is Type.FLOAT64 and schema.name not in LOGICAL_NAMES
        self._singles = schema.type is Type.FLOAT32 and schema.name not in LOGICAL_NAMES
        self._instants = schema.name == TIMESTAMP_NAME
        self._nullable = _may_be_null(schema, null_is_default)

    def prepare(self, structs: list[Any]) -> None:
        column = list(map(self._get, structs))
        if self._doubles and are_plain_doubles(self._numbers(column)):
            return
        name = self._name
        for struct, value in zip(structs, self._prepared(column), strict=True):
            setattr(struct, name, value)

    def _prepared(self, column: list[Any]) -> list[Any]:
        if self._instants and set(map(type, column)) == {datetime}:
            with suppress(TypeError):  # a datetime without time zone
                return [(moment - EPOCH) // _MS for moment in column]
        near = with_fewest_digits(column, self._prepare) if self._singles else None
        return list(map(self._prepare, column)) if near is None else near

    def _numbers(self, column: list[Any]) -> list[Any]:
        if self._nullable and None in column:
            return [value for value in column if value is not None]
        return column


def _may_be_null(schema: Schema, null_is_default: bool) -> bool:
    """Whether null is simply null."""
    return schema.optional and (schema.default is None or not null_is_default)


def are_plain_doubles(column: Sequence[Any]) -> bool:
    """Whether msgspec prints all of these like Java. Zeros are left to a closer look."""
    if set(map(type, column)) != {float}:
        return not column
    low, high = min(column), max(column)
    if low >= 1e-3 and high < 1e7:
        return isfinite(sum(column))
    return all(1e-3 <= x < 1e7 or -1e7 < x <= -1e-3 or x == 0 for x in column)


def _integer(bits: int) -> Any:
    limit = 1 << (bits - 1)
    return Annotated[int, msgspec.Meta(ge=-limit, le=limit - 1)]


_TYPES: Final[dict[Type, Any]] = {
    Type.BOOLEAN: bool,
    Type.INT8: _integer(8),
    Type.INT16: _integer(16),
    Type.INT32: _integer(32),
    Type.INT64: _integer(64),
    Type.STRING: str,
    Type.BYTES: bytes,
}


def _simple(schema: Schema | None, null_is_default: bool) -> Any:
    """The type by which msgspec checks such values and writes them exactly; None if none."""
    if schema is None or schema.name in LOGICAL_NAMES:
        return None
    if schema.type in _CONTAINERS:
        kind = _CONTAINERS[schema.type](schema, null_is_default)
    else:
        kind = _TYPES.get(schema.type)
    if kind is None or (schema.default is not None and null_is_default):
        return None
    return kind | None if schema.optional else kind


def _array(schema: Schema, null_is_default: bool) -> Any:
    inner = _simple(schema.value_schema, null_is_default)
    return None if inner is None else list[inner]


def _map(schema: Schema, null_is_default: bool) -> Any:
    inner = _simple(schema.value_schema, null_is_default)
    return dict[str, inner] if schema.key_schema == STRING and inner is not None else None


def _struct(schema: Schema, null_is_default: bool) -> Any:
    members: list[Any] = []
    for field in schema.fields:
        kind = _simple(field.schema, null_is_default)
        if kind is None:
            return None
        default = (None,) if field.schema.optional else ()
        members.append((f"f{field.index}", kind, *default))
    return _struct_of(members, {f"f{field.index}": field.name for field in schema.fields})


_CONTAINERS: Final[dict[Type, Callable[[Schema, bool], Any]]] = {
    Type.ARRAY: _array,
    Type.MAP: _map,
    Type.STRUCT: _struct,
}


_FLAT: Final = _TYPES[Type.INT64] | bool | str | None


def schemaless_texts(values: Sequence[Any]) -> list[bytes]:
    """The texts of values without schema."""
    if _are_alike(values) or are_plain(values):
        with suppress(TypeError):  # a number that tells its width
            return write(values)
    return write([schemaless(value) for value in values])


def _are_alike(values: Sequence[Any]) -> bool:
    """Whether all are flat and plain maps with the names and doubles of the first."""
    if set(map(type, values)) != {dict}:
        return False
    first: dict[Any, Any] = values[0]
    shape = _alike(tuple(first), tuple([value.__class__ is float for value in first.values()]))
    if shape is None:
        return False
    try:
        msgspec.convert(values, shape, builtin_types=_BUILTIN)
    except (msgspec.ValidationError, UnicodeEncodeError):
        return False
    names = [name for name, value in first.items() if value.__class__ is float]
    columns = [list(map(itemgetter(name), values)) for name in names]
    return all(map(are_plain_doubles, columns))


@lru_cache(maxsize=_SHAPES_MAX)
def _alike(names: tuple[Any, ...], doubles: tuple[bool, ...]) -> Any:
    """The type of a list of such maps; None where a name forbids it."""
    if not all(isinstance(name, str) for name in names):
        return None
    kinds = [float if double else _FLAT for double in doubles]
    members = [(f"f{place}", kind) for place, kind in enumerate(kinds)]
    kind = _struct_of(members, {f"f{place}": name for place, name in enumerate(names)})
    return None if kind is None else list[kind]


def are_plain(values: Sequence[Any]) -> bool:
    """Whether msgspec writes all of these as Connect does."""
    kinds = set(map(type, values))
    for kind in kinds - _AS_THEY_ARE:
        own = values if len(kinds) == 1 else [each for each in values if each.__class__ is kind]
        check = _PLAIN.get(kind)
        if check is None or not check(own):
            return False
    return True


def _plain_integers(values: Sequence[int]) -> bool:
    return min(values) >= -(2**63) and max(values) < 2**63


def _plain_maps(values: Sequence[dict[Any, Any]]) -> bool:
    if not all(isinstance(name, str) for name in set(chain.from_iterable(values))):
        return False
    members = [each.values() for each in values]
    try:
        columns: list[Sequence[Any]] = list(zip(*members, strict=True))
    except ValueError:  # not all of the same length
        columns = [list(chain.from_iterable(members))]
    return all(map(are_plain, columns))


def _plain_lists(values: Sequence[list[Any]]) -> bool:
    return are_plain(list(chain.from_iterable(values)))


_PLAIN: Final[dict[type, Callable[[Any], bool]]] = {
    int: _plain_integers,
    float: are_plain_doubles,
    dict: _plain_maps,
    list: _plain_lists,
}
