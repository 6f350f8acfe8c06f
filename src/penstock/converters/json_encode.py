"""From Connect values to what msgspec writes as JSON, derived once per schema.

The result holds only what msgspec writes as Jackson would, character escapes aside; numbers that
Java prints in its own way are `Raw` already.
"""

from __future__ import annotations

from base64 import b64encode
from collections import UserString
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, cast

from msgspec import Raw

from penstock.sdk.errors import DataError
from penstock.sdk.logical import (
    DATE_NAME,
    DECIMAL_NAME,
    TIME_NAME,
    TIMESTAMP_NAME,
    date_to_days,
    decimal_to_bytes,
    instant_to_millis,
    scale_of,
    time_to_millis,
)
from penstock.sdk.numbers import Float32, Float64, Int8, Int16, Int32, Int64
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.values import java_decimal, java_double, java_float, java_type_name

Encode = Callable[[Any], Any]
_SCHEMAS_MAX: Final = 1024


@lru_cache(maxsize=_SCHEMAS_MAX)
def encoder(schema: Schema, null_is_default: bool, numeric: bool) -> Encode:
    """What prepares values of this schema for msgspec; `numeric`: Decimals become numbers."""
    present = _present(schema, null_is_default, numeric)
    default = schema.default if null_is_default else None

    def encode(value: Any) -> Any:
        if value is not None:
            return present(value)
        if default is not None:
            return present(default)
        if schema.optional:
            return None
        raise DataError(
            "Conversion error: null value for field that is required and has no default value"
        )

    return encode


def schemaless(value: Any) -> Any:
    """A value without schema, prepared for msgspec by what it is."""
    kind: type[Any] = value.__class__
    if kind is str or value is None or kind is bool:
        return value
    if kind is int and -(2**63) <= value < 2**63:
        return value
    convert = _BY_CLASS.get(kind)
    if convert is not None:
        return convert(value)
    if isinstance(value, Struct):
        raise DataError("Mismatching schema.")
    if isinstance(value, Mapping):
        return _schemaless_map(value)  # pyright: ignore[reportUnknownArgumentType]
    raise DataError(
        f"Java class class {java_type_name(value)} does not have corresponding schema type."
    )


def double_text(number: float) -> Any:
    """A FLOAT64 as Java prints it: a number, or a string if it is none."""
    if 1e-3 <= number < 1e7 or -1e7 < number <= -1e-3:
        return number  # msgspec prints these alike
    text = java_double(number)
    return Raw(text.encode()) if number - number == 0 else text


def single_text(number: float) -> Any:
    """A FLOAT32 as Java prints it."""
    text = java_float(number)
    return text if text[-1] in "Ny" else Raw(text.encode())  # NaN and Infinity are strings


def _present(schema: Schema, null_is_default: bool, numeric: bool) -> Encode:
    if schema.name == DECIMAL_NAME:
        return _decimal_number if numeric else _decimal_bytes(schema)
    if schema.name in _MOMENTS:
        return _moment(*_MOMENTS[schema.name])
    if schema.type in _COMPOUND:
        return _COMPOUND[schema.type](schema, null_is_default, numeric)
    classes, convert = _SCALARS[schema.type]
    return _scalar(schema, classes, convert)


def _wrong(schema: Schema, value: Any) -> DataError:
    kind = "bytes type" if schema.type is Type.BYTES else schema.type.name
    return DataError(f"Invalid type for {kind}: class {java_type_name(value)}")


def _scalar(schema: Schema, classes: frozenset[type], convert: Encode | None) -> Encode:
    limit = _LIMITS.get(schema.type)
    if limit is not None:
        return _integer(schema, classes, limit)

    def encode(value: Any) -> Any:
        if value.__class__ not in classes and not _is_text(schema, value):
            raise _wrong(schema, value)
        return value if convert is None else convert(value)

    return encode


def _is_text(schema: Schema, value: Any) -> bool:
    return schema.type is Type.STRING and isinstance(value, str | UserString)


def _integer(schema: Schema, classes: frozenset[type], limit: int) -> Encode:
    def encode(value: Any) -> int:
        if value.__class__ not in classes or not -limit <= value < limit:
            raise _wrong(schema, value)
        return int(value)

    return encode


def _text(value: Any) -> str:
    if value.__class__ is str:
        return value
    return str.__str__(value) if isinstance(value, str) else str(value)


_LIMITS: Final = {Type.INT8: 2**7, Type.INT16: 2**15, Type.INT32: 2**31, Type.INT64: 2**63}
_SCALARS: Final[dict[Type, tuple[frozenset[type], Encode | None]]] = {
    Type.BOOLEAN: (frozenset((bool,)), None),
    Type.INT8: (frozenset((int, Int8)), None),
    Type.INT16: (frozenset((int, Int16)), None),
    Type.INT32: (frozenset((int, Int32)), None),
    Type.INT64: (frozenset((int, Int64)), None),
    Type.FLOAT32: (frozenset((float, Float32)), single_text),
    Type.FLOAT64: (frozenset((float, Float64)), double_text),
    Type.STRING: (frozenset((str,)), _text),
    Type.BYTES: (frozenset((bytes, bytearray, memoryview)), bytes),
}


def _decimal_bytes(schema: Schema) -> Encode:
    def encode(value: Any) -> bytes:
        return decimal_to_bytes(_as_decimal(value), scale_of(schema))

    return encode


def _decimal_number(value: Any) -> Raw:
    return Raw(java_decimal(_as_decimal(value)).encode())


def _as_decimal(value: Any) -> Decimal:
    if not isinstance(value, Decimal):
        found = java_type_name(value)
        raise DataError(f"Invalid type for Decimal, expected BigDecimal but was class {found}")
    return value


def _moment(kind: str, convert: Callable[[Any], int]) -> Encode:
    def encode(value: Any) -> int:
        if not isinstance(value, date | time):
            found = java_type_name(value)
            raise DataError(f"Invalid type for {kind}, expected Date but was class {found}")
        return convert(value)

    return encode


_MOMENTS: Final[dict[str | None, tuple[str, Callable[[Any], int]]]] = {
    DATE_NAME: ("Date", date_to_days),
    TIME_NAME: ("Time", time_to_millis),
    TIMESTAMP_NAME: ("Timestamp", instant_to_millis),
}


def _array(schema: Schema, null_is_default: bool, numeric: bool) -> Encode:
    item = _inner(schema.value_schema, null_is_default, numeric)

    def encode(value: Any) -> list[Any]:
        if not isinstance(value, list | tuple):
            raise _wrong(schema, value)
        return [item(each) for each in value]  # pyright: ignore[reportUnknownVariableType]

    return encode


def _map(schema: Schema, null_is_default: bool, numeric: bool) -> Encode:
    key = _inner(schema.key_schema, null_is_default, numeric)
    item = _inner(schema.value_schema, null_is_default, numeric)
    named = schema.key_schema is not None and schema.key_schema.type is Type.STRING

    def encode(value: Any) -> Any:
        if not isinstance(value, Mapping) or isinstance(value, Struct):
            raise _wrong(schema, value)
        if named:
            return {_name(key(k)): item(v) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType]
        return [(key(k), item(v)) for k, v in value.items()]  # pyright: ignore[reportUnknownVariableType]

    return encode


def _name(key: Any) -> str:
    """What has become of a key, as text. Only one with a logical name is no text."""
    if key.__class__ is str:
        return key
    if key.__class__ is bytes:
        return b64encode(key).decode()
    return "null" if key is None else str(key) if key.__class__ is int else bytes(key).decode()


def _struct(schema: Schema, null_is_default: bool, numeric: bool) -> Encode:
    members = [(f.name, encoder(f.schema, null_is_default, numeric)) for f in schema.fields]
    names = frozenset(field.name for field in schema.fields)

    def encode(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _wrong(schema, value)
        if isinstance(value, Struct) and value.schema != schema:
            raise DataError("Mismatching schema.")
        given = cast("dict[str, Any]", value)
        if not names.issuperset(given):
            extra = next(name for name in given if name not in names)
            raise DataError(f"The value has a field {extra!r} that {schema} does not have.")
        return {name: encode_member(given.get(name)) for name, encode_member in members}

    return encode


_COMPOUND: Final[dict[Type, Callable[[Schema, bool, bool], Encode]]] = {
    Type.ARRAY: _array,
    Type.MAP: _map,
    Type.STRUCT: _struct,
}


def _inner(schema: Schema | None, null_is_default: bool, numeric: bool) -> Encode:
    return schemaless if schema is None else encoder(schema, null_is_default, numeric)


def _schemaless_list(value: Any) -> list[Any]:
    return [schemaless(item) for item in value]


def _schemaless_map(value: Mapping[Any, Any]) -> Any:
    if all(isinstance(key, str) for key in value):
        return {_text(key): schemaless(item) for key, item in value.items()}
    return [(schemaless(key), schemaless(item)) for key, item in value.items()]


_BY_CLASS: Final[dict[type, Encode]] = {
    float: double_text,
    Float64: double_text,
    Float32: single_text,
    Int8: int,
    Int16: int,
    Int32: int,
    Int64: int,
    bytes: bytes,
    bytearray: bytes,
    memoryview: bytes,
    dict: _schemaless_map,
    list: _schemaless_list,
    tuple: _schemaless_list,
}
