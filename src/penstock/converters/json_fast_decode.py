"""Batches of JSON texts to values by msgspec, wherever that gives what Connect would.

`FastDecoder.values` either answers exactly or raises: whatever msgspec or a check here refuses is
for the exact way, which forgives more and knows the errors. Only beyond Jackson's limits it is
more generous: it reads zeros whose exponent has ten digits, and fractions of a thousand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, NotRequired, Required, TypedDict

import msgspec

from penstock.converters.json_decode import decoder, member_decoder
from penstock.converters.json_numbers import single_from_double
from penstock.converters.json_reader import exact_number
from penstock.sdk.logical import (
    DATE_NAME,
    EPOCH,
    LOGICAL_NAMES,
    TIME_NAME,
    TIMESTAMP_NAME,
    days_to_date,
    millis_to_time,
)
from penstock.sdk.schema import Schema, Type

Finish = Callable[[Any], Any]

_DIGITS_AS_ZERO: Final = bytes(48 if 48 <= i < 58 else 32 for i in range(256))
_DEPTH_USUAL: Final = 6
_TOO_WIDE: Final = b"0" * 19  # so many digits may be more than 64 bits
_NEGATIVE_ZERO: Final = re.compile(
    rb"-0+(?:\.0*)?(?:[eE][+-]?[0-9]+)?(?:[ \t\r\n,\]}]|\Z)", re.MULTILINE
)
exact_tree: Final = msgspec.json.Decoder(float_hook=exact_number).decode


class InexactError(ValueError):
    """msgspec's answer may differ from Connect's."""


class FastDecoder:
    """Values of one schema (None: without) from bare texts, a batch at a time."""

    def __init__(self, schema: Schema | None, null_is_default: bool) -> None:
        self._doubles = schema is None or _has_doubles(schema)
        self._schemaless = schema is None
        self._members: list[tuple[str, Finish]] = []
        self._absent: dict[str, Any] = {}
        self._width = 0
        self._finish: Finish | None = None
        self._decode = self._decoder(schema, null_is_default)

    def values(self, texts: Sequence[bytes]) -> list[Any]:
        """One value per text, or any exception: then ask the exact way, text by text."""
        joined = b"\n".join(texts)
        self._check(joined)
        if self._schemaless:
            return _schemaless(joined, texts)
        values: list[Any] = list(map(self._decode, texts))
        if self._finish is not None:
            return list(map(self._finish, values))
        self._complete(values)
        return values

    def _complete(self, structs: list[dict[str, Any]]) -> None:
        """Do what msgspec left to do; the dicts are still ours."""
        if self._absent and set(map(len, structs)) != {self._width}:
            for struct in structs:
                for name, default in self._absent.items():
                    struct.setdefault(name, default)
        for name, finish in self._members:
            for struct in structs:
                struct[name] = finish(struct[name])

    def _decoder(self, schema: Schema | None, null_is_default: bool) -> Callable[[bytes], Any]:
        if schema is None:
            return _of_64_bits
        kind = self._type(schema, null_is_default)
        if kind is not None:
            return msgspec.json.Decoder(kind).decode
        exactly = _exactly(decoder(schema, null_is_default))
        self._absent.clear()
        self._members.clear()
        self._doubles = False
        return exactly

    def _check(self, joined: bytes) -> None:
        if self._doubles and b"-" in joined and _NEGATIVE_ZERO.search(joined):
            raise InexactError("negative zero")  # Java reads it as 0.0
        if not self._schemaless and not joined.isascii():
            joined.decode()  # msgspec does not look into what it skips

    def _type(self, schema: Schema, null_is_default: bool) -> Any:
        if schema.type is Type.STRUCT and schema.name not in LOGICAL_NAMES:
            return self._struct(schema, null_is_default)
        kind, self._finish = _field(schema, null_is_default, decoder(schema, null_is_default))
        return kind

    def _struct(self, schema: Schema, null_is_default: bool) -> Any:
        members: dict[str, Any] = {}
        for field in schema.fields:
            member = member_decoder(field.name, field.schema, null_is_default)
            kind, finish = _field(field.schema, null_is_default, member)
            default = field.schema.default if null_is_default else None
            may_be_absent = default is not None or field.schema.optional
            if may_be_absent:
                self._absent[field.name] = default
            members[field.name] = NotRequired[kind] if may_be_absent else Required[kind]
            if finish is not None:
                self._members.append((field.name, finish))
        self._width = len(members)
        kind = _dict_of(members)
        return kind | None if kind and _may_be_null(schema, null_is_default) else kind


def _integer(bits: int) -> Any:
    limit = 1 << (bits - 1)
    return Annotated[int, msgspec.Meta(ge=-limit, le=limit - 1)]


def _nested_values(depth: int) -> Any:
    """Any JSON of this depth at most: as a type, so that msgspec sees to the size of integers."""
    simple = _integer(64) | float | str | bool | None
    if depth == 0:
        return simple
    inner = _nested_values(depth - 1)
    return simple | dict[str, inner] | list[inner]


_of_64_bits: Final = msgspec.json.Decoder(_nested_values(_DEPTH_USUAL)).decode
_of_any_width: Final = msgspec.json.Decoder().decode


def _schemaless(joined: bytes, texts: Sequence[bytes]) -> list[Any]:
    try:
        return list(map(_of_64_bits, texts))
    except msgspec.ValidationError:  # nested deeper than usual, or too wide
        if _TOO_WIDE in joined.translate(_DIGITS_AS_ZERO):
            raise
        return list(map(_of_any_width, texts))


def _dict_of(members: dict[str, Any]) -> Any:
    """The type of such dicts; None for names beyond ASCII, which msgspec does not find in them."""
    if not all(map(str.isascii, members)):
        return None
    return TypedDict("Value", members)  # type: ignore[misc]


def _may_be_null(schema: Schema, null_is_default: bool) -> bool:
    """Whether null is simply null."""
    return schema.optional and (schema.default is None or not null_is_default)


def _field(schema: Schema, null_is_default: bool, decode: Finish) -> tuple[Any, Finish | None]:
    """The type msgspec shall read, and what is left to do then: in the worst case `decode`."""
    kind, finish = _simple(schema), None
    if kind is None:
        return msgspec.Raw, _exactly(decode)
    if schema.name in _MOMENTS:
        finish = _MOMENTS[schema.name]
    elif schema.type is Type.FLOAT32:
        finish = _single
    if not _may_be_null(schema, null_is_default):
        return kind, finish
    return kind | None, finish if finish is None else _unless_null(finish)


def _unless_null(finish: Finish) -> Finish:
    return lambda value: None if value is None else finish(value)


def _exactly(decode: Finish) -> Finish:
    return lambda raw: decode(exact_tree(raw))


def _single(number: float) -> float:
    found = single_from_double(number)
    if found is None:
        raise InexactError("halfway between two FLOAT32s")
    return found


def _instant(millis: int) -> datetime:
    return EPOCH + timedelta(0, 0, 0, millis)


_MOMENTS: Final[dict[str | None, Finish]] = {
    DATE_NAME: days_to_date,
    TIME_NAME: millis_to_time,
    TIMESTAMP_NAME: _instant,
}
_MOMENT_BITS: Final = {DATE_NAME: 32, TIME_NAME: 32, TIMESTAMP_NAME: 64}
_TYPES: Final[dict[Type, Any]] = {
    Type.BOOLEAN: bool,
    Type.INT8: _integer(8),
    Type.INT16: _integer(16),
    Type.INT32: _integer(32),
    Type.INT64: _integer(64),
    Type.FLOAT32: float,
    Type.FLOAT64: float,
    Type.STRING: str,
    Type.BYTES: bytes,
}


def _simple(schema: Schema) -> Any:
    """The type for which msgspec's answer is nearly it; None if there is none."""
    if schema.name in _MOMENT_BITS:
        return _integer(_MOMENT_BITS[schema.name])
    if schema.name in LOGICAL_NAMES:
        return None
    if schema.type is Type.ARRAY:
        inner = _finished(schema.value_schema)
        return None if inner is None else list[inner]
    if schema.type is Type.MAP:
        inner = _finished(schema.value_schema)
        named = schema.key_schema is not None and schema.key_schema.type is Type.STRING
        return dict[str, inner] if named and inner is not None else None
    if schema.type is Type.STRUCT:
        return _nested(schema)
    return _TYPES[schema.type]


def _finished(schema: Schema | None) -> Any:
    """The type of a part in which nothing is left to do; None if there is none."""
    if schema is None or schema.type is Type.FLOAT32 or schema.name in LOGICAL_NAMES:
        return None
    kind = _simple(schema)
    return kind | None if kind is not None and _may_be_null(schema, True) else kind


def _nested(schema: Schema) -> Any:
    kinds = {field.name: _finished(field.schema) for field in schema.fields}
    return None if None in kinds.values() else _dict_of(kinds)


def _has_doubles(schema: Schema) -> bool:
    if schema.type is Type.STRUCT:
        return any(_has_doubles(field.schema) for field in schema.fields)
    if schema.type is Type.ARRAY or schema.type is Type.MAP:
        return schema.value_schema is not None and _has_doubles(schema.value_schema)
    return schema.type in (Type.FLOAT32, Type.FLOAT64)
