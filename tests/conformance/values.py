"""Between the tagged values and schemas of vector files and Penstock's own."""

from __future__ import annotations

import base64
import struct as binary
from collections import UserString
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from penstock.sdk.numbers import Float32, Float64, Int8, Int16, Int32, Int64
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.values_keys import as_key

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BigInt(int):
    """An arbitrary-precision integer, which is no Connect type."""


class ForeignObject(UserString):
    """An object of a class that is no Connect type; like the recorded ones, made of characters."""


def schema_in(shown: Any) -> Schema | None:
    """The schema a vector describes."""
    if shown is None:
        return None
    if isinstance(shown, str):
        return Schema(Type(shown))
    fields = [(name, _required(schema_in(s))) for name, s in shown.get("fields", ())]
    bare = {k: shown[k] for k in ("name", "version", "doc", "parameters") if k in shown}
    schema = Schema(
        Type(shown["type"]),
        optional=shown.get("optional", False),
        fields=fields,
        key_schema=schema_in(shown.get("keys")),
        value_schema=schema_in(shown.get("values")),
        **bare,
    )
    if shown.get("default") is None:
        return schema
    return schema.changed(default=value_in(shown["default"], schema))


def _required(schema: Schema | None) -> Schema:
    assert schema is not None
    return schema


def schema_out(schema: Schema | None) -> Any:
    """A schema as a vector describes it."""
    if schema is None:
        return None
    shown: dict[str, Any] = {"type": schema.type.value}
    if schema.optional:
        shown["optional"] = True
    for attribute in ("name", "version", "doc"):
        if getattr(schema, attribute) is not None:
            shown[attribute] = getattr(schema, attribute)
    if schema.parameters is not None:
        shown["parameters"] = dict(schema.parameters)
    if schema.default is not None:
        shown["default"] = value_out(schema.default, schema.changed(default=None))
    if schema.type is Type.STRUCT:
        shown["fields"] = [[f.name, schema_out(f.schema)] for f in schema.fields]
    if schema.type is Type.MAP and schema.key_schema is not None:
        shown["keys"] = schema_out(schema.key_schema)
    if schema.type in (Type.MAP, Type.ARRAY) and schema.value_schema is not None:
        shown["values"] = schema_out(schema.value_schema)
    return shown["type"] if len(shown) == 1 and schema.type.is_primitive else shown


def value_in(shown: Any, schema: Schema | None = None) -> Any:
    """The value a vector gives. With a schema at its place, integers and floats are plain."""
    if shown is None:
        return None
    if "struct" in shown:
        own = schema_in(shown["schema"]) if "schema" in shown else schema
        assert own is not None
        members = {
            name: value_in(value, field.schema if (field := own.field(name)) else None)
            for name, value in shown["struct"].items()
        }
        return Struct(own, members)
    ((tag, content),) = shown.items()
    if tag == "list":
        inner = schema.value_schema if schema and schema.type is Type.ARRAY else None
        return [value_in(item, inner) for item in content]
    if tag == "map":
        is_map = schema is not None and schema.type is Type.MAP
        keys = schema.key_schema if schema and is_map else None
        values = schema.value_schema if schema and is_map else None
        pairs = {as_key(value_in(k, keys)): value_in(v, values) for k, v in content}
        # A dict at the place of a struct is a struct; a map there is some other mapping.
        return MappingProxyType(pairs) if schema and schema.type is Type.STRUCT else pairs
    if tag in _WIDE and schema is not None and _other_number(schema, tag):
        return _WIDE[tag](content)
    return _SCALARS_IN[tag](content) if tag in _SCALARS_IN else _narrow(tag, content, schema)


def _other_number(schema: Schema, tag: str) -> bool:
    """Whether the schema tells another width than the value has."""
    return schema.type.value != tag and schema.type in (*_INTEGERS, Type.FLOAT32, Type.FLOAT64)


_WIDE: dict[str, Any] = {"int64": Int64, "float64": lambda text: Float64(float_in(text))}
_NARROW: dict[str, type] = {"int8": Int8, "int16": Int16, "int32": Int32}


def _narrow(tag: str, content: Any, schema: Schema | None) -> Any:
    """A width the schema does not tell is kept by one of the SDK's narrow number types."""
    told = schema is not None and schema.type.value == tag
    if tag == "float32":
        number = float_in(content, single=True)
        return number if told else Float32(number)
    return int(content) if told else _NARROW[tag](content)


def float_in(text: str, *, single: bool = False) -> float:
    number = float(text.replace("Infinity", "inf"))
    if not single:
        return number
    try:
        return float(binary.unpack(">f", binary.pack(">f", number))[0])
    except OverflowError:
        return number


def datetime_in(ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=ms)


def datetime_out(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


_SCALARS_IN: dict[str, Any] = {
    "boolean": bool,
    "int64": int,
    "float64": float_in,
    "string": str,
    "bytes": base64.b64decode,
    "bytebuffer": lambda text: memoryview(base64.b64decode(text)),
    "decimal": lambda pair: _scaled(pair),
    "bigint": lambda text: BigInt(text),
    "datetime": datetime_in,
    "object": ForeignObject,
}


def _scaled(pair: list[Any]) -> Decimal:
    unscaled = int(pair[0])
    digits = tuple(map(int, str(abs(unscaled))))
    return Decimal((int(unscaled < 0), digits, -pair[1]))


def float_out(number: float, *, single: bool) -> str:
    from penstock.sdk.values import java_double, java_float

    return java_float(number) if single else java_double(number)


def value_out(value: Any, schema: Schema | None = None) -> Any:
    """A value as a vector shows it; the schema at its place tells the width of plain numbers."""
    if value is None:
        return None
    kind = schema.type if schema is not None else None
    if isinstance(value, bool):
        return {"boolean": value}
    if isinstance(value, Struct) or (kind is Type.STRUCT and isinstance(value, dict)):
        own = value.schema if isinstance(value, Struct) else schema
        assert own is not None
        shown = {"struct": {f.name: value_out(value.get(f.name), f.schema) for f in own.fields}}
        return shown if own == schema else shown | {"schema": schema_out(own)}
    if isinstance(value, dict | MappingProxyType):
        keys = schema.key_schema if schema is not None and kind is Type.MAP else None
        values = schema.value_schema if schema is not None and kind is Type.MAP else None
        return {"map": [[value_out(k, keys), value_out(v, values)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        inner = schema.value_schema if schema is not None and kind is Type.ARRAY else None
        return {"list": [value_out(item, inner) for item in value]}
    return _scalar_out(value, kind)


_INTEGERS = (Type.INT8, Type.INT16, Type.INT32, Type.INT64)


def _scalar_out(value: Any, kind: Type | None) -> Any:
    if isinstance(value, int):
        for own, tag in ((Int8, "int8"), (Int16, "int16"), (Int32, "int32"), (Int64, "int64")):
            if isinstance(value, own):
                return {tag: int(value)}
        if kind in _INTEGERS:
            return {kind.value: value} if kind else None
        if isinstance(value, BigInt) or not -(2**63) <= value < 2**63:
            return {"bigint": str(int(value))}
        return {"int64": value}
    if isinstance(value, float):
        told = kind is Type.FLOAT32 and not isinstance(value, Float64)
        single = isinstance(value, Float32) or told
        return {"float32" if single else "float64": float_out(value, single=single)}
    if isinstance(value, str):
        return {"string": value}
    if isinstance(value, bytes | bytearray | memoryview):
        return {"bytes": base64.b64encode(bytes(value)).decode()}
    if isinstance(value, Decimal):
        sign, digits, exponent = value.as_tuple()
        unscaled = int("".join(map(str, digits))) * (-1 if sign else 1)
        assert isinstance(exponent, int)
        return {"decimal": [str(unscaled), -exponent]}
    if isinstance(value, datetime):
        return {"datetime": datetime_out(value)}
    return {"object": str(value)}
