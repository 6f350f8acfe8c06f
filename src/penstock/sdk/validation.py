"""Does a value fit its schema? The check is derived once per schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

from penstock.sdk.errors import DataError
from penstock.sdk.logical import DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME
from penstock.sdk.numbers import Float32, Float64, Int8, Int16, Int32, Int64
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct

Check = Callable[[Any, str], None]  # (value, where it stands) -> raises DataError

INTEGER_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}
FLOAT32_MAX: Final = 3.4028234663852886e38

_JAVA_TYPES: Final[dict[type, str]] = {
    bool: "java.lang.Boolean",
    Int8: "java.lang.Byte",
    Int16: "java.lang.Short",
    Int32: "java.lang.Integer",
    Int64: "java.lang.Long",
    Float32: "java.lang.Float",
    Float64: "java.lang.Double",
    str: "java.lang.String",
    bytes: "[B",
    bytearray: "[B",
    memoryview: "java.nio.HeapByteBuffer",
    list: "java.util.ArrayList",
    tuple: "java.util.ArrayList",
    Decimal: "java.math.BigDecimal",
    datetime: "java.util.Date",
    date: "java.util.Date",
    time: "java.util.Date",
    Struct: "org.apache.kafka.connect.data.Struct",
}
_JAVA_NUMBERS: Final = {
    Type.INT8: "java.lang.Byte",
    Type.INT16: "java.lang.Short",
    Type.INT32: "java.lang.Integer",
    Type.INT64: "java.lang.Long",
    Type.FLOAT32: "java.lang.Float",
    Type.FLOAT64: "java.lang.Double",
}


def validate_value(schema: Schema | None, value: Any, name: str | None = None) -> None:
    """Raise `DataError` unless the value fits; `name` is the field it is meant for."""
    where = "value" if name is None else f'field: "{name}"'
    if schema is None:
        raise DataError(f"No schema defined for {where}")
    checker(schema)(value, where)


def java_type_name(value: Any, schema: Schema | None = None) -> str:
    """The class this value has in Java; the schema beside it tells the width of plain numbers."""
    kind: type[Any] = value.__class__
    if (known := _JAVA_TYPES.get(kind)) is not None:
        return known
    if kind is int:
        return _integer_name(value, schema)
    if kind is float:
        narrow = schema is not None and schema.type is Type.FLOAT32
        return "java.lang.Float" if narrow else "java.lang.Double"
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        is_struct = schema is not None and schema.type is Type.STRUCT
        return _JAVA_TYPES[Struct] if is_struct else "java.util.LinkedHashMap"
    if isinstance(value, int):
        return "java.math.BigInteger"
    bases = (_JAVA_TYPES[base] for base in kind.__mro__ if base in _JAVA_TYPES)
    return next(bases, f"{kind.__module__}.{kind.__qualname__}")


def _integer_name(value: int, schema: Schema | None) -> str:
    bits = INTEGER_BITS.get(schema.type) if schema is not None else None
    if schema is not None and bits is not None and fits(value, bits):
        return _JAVA_NUMBERS[schema.type]
    return "java.lang.Long" if fits(value, 64) else "java.math.BigInteger"


def expected_java_classes(schema: Schema) -> tuple[str, ...]:
    """The Java classes a value of this schema may have."""
    if schema.name in _LOGICAL:
        return (_JAVA_TYPES[_LOGICAL[schema.name][0]],)
    return _EXPECTED[schema.type]


_EXPECTED: Final[dict[Type, tuple[str, ...]]] = {
    **{type_: (name,) for type_, name in _JAVA_NUMBERS.items()},
    Type.BOOLEAN: ("java.lang.Boolean",),
    Type.STRING: ("java.lang.String",),
    Type.BYTES: ("[B", "java.nio.ByteBuffer"),
    Type.ARRAY: ("java.util.List",),
    Type.MAP: ("java.util.Map",),
    Type.STRUCT: ("org.apache.kafka.connect.data.Struct",),
}


def fits(value: int, bits: int) -> bool:
    """Whether an integer can be held in so many bits, with sign."""
    return -(1 << (bits - 1)) <= value < 1 << (bits - 1)


@lru_cache(maxsize=1024)
def checker(schema: Schema) -> Check:
    """The check of one schema: called with a value and where it stands (`value`, `field: "x"`)."""
    if schema.optional:
        return _or_null(schema)
    check = _present_checker(schema)
    kind = schema.type.name

    def required(value: Any, where: str) -> None:
        if value is None:
            raise DataError(f"Invalid value: null used for required {where}, schema type: {kind}")
        check(value, where)

    return required


def _or_null(schema: Schema) -> Check:
    check = _present_checker(schema)
    return lambda value, where: None if value is None else check(value, where)


def _present_checker(schema: Schema) -> Check:
    if schema.name in _LOGICAL:
        return _class_checker(schema, _LOGICAL[schema.name])
    if schema.type in INTEGER_BITS:
        return _integer_checker(schema)
    return _CHECKERS[schema.type](schema)


def _wrong(schema: Schema, value: Any, where: str, shown: Schema | None = None) -> DataError:
    name = f' "{schema.name}"' if schema.name is not None else ""
    found = java_type_name(value, shown)
    return DataError(
        f"Invalid Java object for schema{name} with type {schema.type.name}: "
        f"class {found} for {where}"
    )


_LOGICAL: Final[dict[str | None, tuple[type, ...]]] = {
    DECIMAL_NAME: (Decimal,),
    DATE_NAME: (datetime, date),
    TIME_NAME: (datetime, time),
    TIMESTAMP_NAME: (datetime,),
}


def _class_checker(schema: Schema, classes: tuple[type, ...]) -> Check:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, classes):
            raise _wrong(schema, value, where)
        if isinstance(value, datetime) and value.tzinfo is None:
            raise DataError(f"Invalid value for {where}: the datetime {value} has no time zone")

    return check


_OWN_WIDTH: Final[dict[Type, type]] = {
    Type.INT8: Int8,
    Type.INT16: Int16,
    Type.INT32: Int32,
    Type.INT64: Int64,
}


def _integer_checker(schema: Schema) -> Check:
    own, bits = _OWN_WIDTH[schema.type], INTEGER_BITS[schema.type]
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def check(value: Any, where: str) -> None:
        if type(value) is not int and type(value) is not own:
            raise _wrong(schema, value, where)
        if not low <= value <= high:
            raise DataError(
                f"Invalid value: {value} is out of range for {where}, "
                f"schema type: {schema.type.name}"
            )

    return check


def _float32_checker(schema: Schema) -> Check:
    def check(value: Any, where: str) -> None:
        if type(value) is not float and type(value) is not Float32:
            raise _wrong(schema, value, where)
        if FLOAT32_MAX < abs(value) < float("inf"):
            raise DataError(
                f"Invalid value: {value} is out of range for {where}, schema type: FLOAT32"
            )

    return check


def _float64_checker(schema: Schema) -> Check:
    def check(value: Any, where: str) -> None:
        if type(value) is not float and type(value) is not Float64:
            raise _wrong(schema, value, where)

    return check


def _array_checker(schema: Schema) -> Check:
    inner = None if schema.value_schema is None else checker(schema.value_schema)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list | tuple):
            raise _wrong(schema, value, where)
        place = f"element of array {where}"
        check_item = inner or _unknown(place)
        for item in value:  # pyright: ignore[reportUnknownVariableType]
            check_item(item, place)

    return check


def _map_checker(schema: Schema) -> Check:
    keys = None if schema.key_schema is None else checker(schema.key_schema)
    values = None if schema.value_schema is None else checker(schema.value_schema)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, Mapping) or isinstance(value, Struct):
            raise _wrong(schema, value, where)
        key_place, value_place = f"key of map {where}", f"value of map {where}"
        check_key, check_item = keys or _unknown(key_place), values or _unknown(value_place)
        for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
            check_key(key, key_place)
            check_item(item, value_place)

    return check


def _unknown(where: str) -> Check:
    raise DataError(f"No schema defined for {where}")


def _struct_checker(schema: Schema) -> Check:
    members = field_checkers(schema)
    names = frozenset(field.name for field in schema.fields)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise _wrong(schema, value, where)
        if isinstance(value, Struct):
            if value.schema != schema:
                raise DataError("Struct schemas do not match.")
        elif not names.issuperset(value):  # pyright: ignore[reportUnknownArgumentType]
            raise _wrong(schema, value, where)
        for name, member, place in members:
            member(value.get(name), place)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]

    return check


def field_checkers(schema: Schema) -> list[tuple[str, Check, str]]:
    """Per field of a STRUCT: name, check and place. A field with a default may be left out."""
    return [
        (
            field.name,
            checker(field.schema) if field.schema.default is None else _or_null(field.schema),
            f'field: "{field.name}"',
        )
        for field in schema.fields
    ]


_CHECKERS: Final[dict[Type, Callable[[Schema], Check]]] = {
    Type.FLOAT32: _float32_checker,
    Type.FLOAT64: _float64_checker,
    Type.BOOLEAN: lambda schema: _class_checker(schema, (bool,)),
    Type.STRING: lambda schema: _class_checker(schema, (str,)),
    Type.BYTES: lambda schema: _class_checker(schema, (bytes, bytearray, memoryview)),
    Type.ARRAY: _array_checker,
    Type.MAP: _map_checker,
    Type.STRUCT: _struct_checker,
}
