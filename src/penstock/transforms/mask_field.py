"""MaskField: replace the values of fields by an empty value of their type, or by a given one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, ClassVar, Final, cast

from penstock.sdk.config import Config, Importance, Option, list_without_duplicates, non_empty
from penstock.sdk.errors import DataError
from penstock.sdk.java_order import hash_order
from penstock.sdk.logical import EPOCH, LOGICAL_NAMES
from penstock.sdk.numbers import Float32, Float64, Int8, Int16, Int32, Int64
from penstock.sdk.schema import Schema, Type
from penstock.sdk.values import (
    convert_to_byte,
    convert_to_double,
    convert_to_float,
    convert_to_integer,
    convert_to_long,
    convert_to_short,
    java_type_name,
)
from penstock.sdk.values_numbers import NumberFormatError, decimal_of
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.requirements import refusing_structs, required_map
from penstock.transforms.schema_update import Projection, copying, is_struct

_PURPOSE = "mask fields"


class MaskFieldConfig(Config):
    """Settings of MaskField."""

    fields: Annotated[
        list[str],
        Option(
            "Names of the fields to mask.",
            Importance.HIGH,
            check=list_without_duplicates(empty_allowed=False),
        ),
    ]
    replacement: Annotated[
        str | None,
        Option(
            "What to put in place of numbers and texts; without it, zero or nothing.",
            Importance.LOW,
            check=non_empty,
        ),
    ] = None
    replace_null_with_default: ReplaceNulls = True


Mask = Callable[[Any, Schema | None], Any]


class MaskField(PartTransform[MaskFieldConfig]):
    """Masks fields; the schema stays."""

    keeps_null: ClassVar[bool] = False

    def __init__(self, config: MaskFieldConfig) -> None:
        super().__init__(config)
        self._names = hash_order(config.fields)  # in a map, it tells which field fails first
        text = config.replacement
        self._mask: Mask = _emptied if text is None else _replacing(text)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            names, emptied = self._names, self.config.replacement is None
            quick = emptied and len(names) == 1
            return Change(None, _emptying_one(names[0], self._in_map) if quick else self._in_map)
        if not is_struct(schema):
            return Change(None, refusing_structs(_PURPOSE, schema))
        defaults = self.config.replace_null_with_default
        copy = copying(schema, purpose=_PURPOSE, defaults=defaults)
        masked = [(f.name, f.schema) for f in schema.fields if f.name in self.config.fields]
        if self.config.replacement is None and all(_is_plain(each) for _, each in masked):
            return Change(schema, _emptying(copy, masked))

        def mask(value: Any) -> Any:
            changed = copy(value)
            for name, its_schema in masked:
                changed[name] = self._mask(changed[name], its_schema)
            return changed

        return Change(schema, mask)

    def _in_map(self, value: Any) -> Any:
        changed, mask = required_map(_PURPOSE, value).copy(), self._mask
        for name in self._names:
            changed[name] = mask(changed.get(name), None)
        return changed


_EMPTY: Final[dict[str, Any]] = {
    "java.lang.Boolean": False,
    "java.lang.String": "",
    "java.math.BigDecimal": Decimal(0),
}
_EMPTY_NUMBERS: Final[dict[type, Any]] = {
    kind: kind(0) for kind in (Int8, Int16, Int32, Int64, Float32, Float64, int, float)
}


_EMPTY_SCALARS: Final[dict[type, Any]] = {
    **_EMPTY_NUMBERS,
    type(None): None,
    bool: False,
    str: "",
    Decimal: Decimal(0),
}
_EMPTY_COMPOUND: Final[dict[str, Callable[[], Any]]] = {
    "java.util.ArrayList": list,
    "java.util.LinkedHashMap": dict,
}


_EMPTY_OF_TYPES: Final[dict[Type, Any]] = {
    **dict.fromkeys((Type.INT8, Type.INT16, Type.INT32, Type.INT64), 0),
    Type.FLOAT32: 0.0,
    Type.FLOAT64: 0.0,
    Type.BOOLEAN: False,
    Type.STRING: "",
}


def _is_plain(schema: Schema) -> bool:
    """Whether the schema alone tells the empty value."""
    return schema.type in _EMPTY_OF_TYPES and schema.name not in LOGICAL_NAMES


def _emptying_one(name: str, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Masks the one field of maps; what is no map, or no scalar, goes the other way."""
    empty = {kind: {name: nothing} for kind, nothing in _EMPTY_SCALARS.items()}

    def mask(value: Any) -> Any:
        if type(value) is dict:
            found = empty.get(type(value.get(name)))  # pyright: ignore
            if found is not None:
                return value | found  # pyright: ignore[reportUnknownVariableType]
        return otherwise(value)

    return mask


def _emptying(copy: Projection, masked: list[tuple[str, Schema]]) -> Callable[[Any], Any]:
    empty = [(name, _EMPTY_OF_TYPES[schema.type]) for name, schema in masked]

    def mask(value: Any) -> Any:
        changed = copy(value)
        for name, nothing in empty:
            if changed[name] is not None:
                changed[name] = nothing
        return changed

    return mask


def _emptied(value: Any, schema: Schema | None) -> Any:
    kind = cast("type[Any]", type(value))
    if kind in _EMPTY_SCALARS:
        return _EMPTY_SCALARS[kind]
    if isinstance(value, date | time):
        return EPOCH
    name = java_type_name(value, schema)
    if name in _EMPTY:
        return _EMPTY[name]
    if name in _EMPTY_COMPOUND:
        return _EMPTY_COMPOUND[name]()
    if isinstance(value, int):
        return type(value)(0)
    raise DataError(f"Cannot mask value of type: class {name}")


_CONVERSIONS: Final[dict[str, Callable[[str], Any]]] = {
    "java.lang.Byte": lambda text: convert_to_byte(None, text),
    "java.lang.Short": lambda text: convert_to_short(None, text),
    "java.lang.Integer": lambda text: convert_to_integer(None, text),
    "java.lang.Long": lambda text: convert_to_long(None, text),
    "java.lang.Float": lambda text: convert_to_float(None, text),
    "java.lang.Double": lambda text: convert_to_double(None, text),
    "java.lang.String": lambda text: text,
    "java.math.BigDecimal": lambda text: _number(text, decimal_of),
    "java.math.BigInteger": lambda text: _number(text, int),
}


def _number(text: str, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except (NumberFormatError, ValueError) as error:
        raise DataError(f"Unable to convert {text} (class java.lang.String) to number") from error


def _replacing(text: str) -> Mask:
    convert = cache(partial(_converted, text))

    def mask(value: Any, schema: Schema | None) -> Any:
        if value is None:
            return None
        replacement = convert(java_type_name(value, schema))
        keeps_width = type(value) in _EMPTY_NUMBERS or isinstance(value, int)
        return type(value)(replacement) if keeps_width else replacement

    return mask


def _converted(text: str, name: str) -> Any:
    """The replacement for values of a Java class."""
    if name not in _CONVERSIONS:
        raise DataError(f"Cannot mask value of type class {name} with custom replacement.")
    return _CONVERSIONS[name](text)


class MaskFieldKey(MaskField):
    """Masks fields of the key."""

    on_key: ClassVar[bool] = True


class MaskFieldValue(MaskField):
    """Masks fields of the value."""
