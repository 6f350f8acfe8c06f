"""How Cast turns a value of one primitive type into another, as Java's own conversions do."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Any, Final, cast

from penstock.sdk.errors import DataError
from penstock.sdk.logical import DATE_NAME, TIME_NAME, TIMESTAMP_NAME, as_instant, from_logical
from penstock.sdk.numbers import Float32, Int8, Int16, Int32, single, wrapped
from penstock.sdk.schema import Schema, Type
from penstock.sdk.values import infer_type, java_decimal, java_string, java_type_name
from penstock.sdk.values_dates import temporal_text
from penstock.sdk.values_numbers import saturated, single_of, whole_part

Caster = Callable[[Any], Any]

CASTABLE: Final = (
    *(Type.INT8, Type.INT16, Type.INT32, Type.INT64),
    *(Type.FLOAT32, Type.FLOAT64, Type.BOOLEAN, Type.STRING),
)
_INPUTS: Final = (*CASTABLE, Type.BYTES)
_BITS: Final = {Type.INT8: 8, Type.INT16: 16, Type.INT32: 32, Type.INT64: 64}
_EXACT_FLOAT: Final = 1 << 53
_DATES: Final = (DATE_NAME, TIME_NAME, TIMESTAMP_NAME)
_NARROW: Final[dict[Type, type]] = {
    Type.INT8: Int8,
    Type.INT16: Int16,
    Type.INT32: Int32,
    Type.FLOAT32: Float32,
}

_SURE: Final = frozenset((str, float, bool, bytes, Int8, Int16, Int32, Float32))  # fit as they are
_LONGS: Final = (-(1 << 63), (1 << 63) - 1)

# what Java's parsers take: decimal digits of any script, or a float with blanks around it
_INTEGER: Final = re.compile(r"[+-]?\d+")
_FLOAT: Final = re.compile(
    r"[\x00- ]*([+-]?(?:NaN|Infinity|"
    r"((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)[fFdD]?|"
    r"(0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+)[fFdD]?))[\x00- ]*"
)


def caster(schema: Schema | None, target: Type) -> Caster:
    """Turns values of a schema (None: whatever they are) into a type; null stays null."""
    convert = _converter(schema, target)
    if schema is None:
        return _for_any(convert, _NARROW.get(target))
    if schema.type not in _INPUTS:
        return _for_none_of(schema.type)
    if schema.name in _DATES and target is not Type.STRING:
        return lambda value: None if value is None else convert(from_logical(schema, value))
    return lambda value: None if value is None else convert(value)


def _for_any(convert: Caster, narrow: type | None) -> Caster:
    def turn(value: Any) -> Any:
        if value is None:
            return None
        if type(value) in _SURE or (type(value) is int and _LONGS[0] <= value <= _LONGS[1]):
            return convert(value) if narrow is None else narrow(convert(value))
        kind = infer_type(value)
        if kind is None:
            raise DataError(
                f"Cast transformation was passed a value of type class {java_type_name(value)} "
                "which is not supported by Connect's data API"
            )
        if kind not in _INPUTS:
            raise _not_from(kind)
        return convert(value) if narrow is None else narrow(convert(value))

    return turn


def _for_none_of(kind: Type) -> Caster:
    def turn(value: Any) -> Any:
        if value is not None:
            raise _not_from(kind)

    return turn


def _not_from(kind: Type) -> DataError:
    return DataError(
        f"Cast transformation does not support casting from {kind.name}; "
        f"supported types are [{', '.join(each.name for each in _INPUTS)}]"
    )


def _converter(schema: Schema | None, target: Type) -> Caster:
    if target in _BITS:
        return _to_integer(_BITS[target])
    if target is Type.STRING:
        return lambda value: _text(value, schema)
    return {Type.FLOAT32: _float32, Type.FLOAT64: _float64, Type.BOOLEAN: _boolean}[target]


def _to_integer(bits: int) -> Caster:
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1

    def turn(value: Any) -> int:
        if type(value) is int and low <= value <= high:
            return value
        if type(value) is float and low <= value <= high:
            return int(value)
        return _integer(value, bits)

    return turn


def _unexpected(value: Any) -> DataError:
    return DataError(f"Unexpected type in Cast transformation: class {java_type_name(value)}")


def _out_of_range(value: str) -> DataError:
    return DataError(f"Value ({value}) was out of range for requested data type")


def _integer(value: Any, bits: int) -> int:
    if isinstance(value, int):  # True is 1
        return wrapped(value, bits)
    if isinstance(value, float):
        return wrapped(_cut(value, bits), bits)
    if isinstance(value, Decimal):
        return wrapped(whole_part(value), bits)
    if isinstance(value, str):
        return _parsed_integer(value, bits)
    raise _unexpected(value)


def _cut(value: float, bits: int) -> int:
    """Java goes over int for what is narrower, and stops at the limits of int or long."""
    number = saturated(value)
    return number if bits == 64 else max(-(1 << 31), min((1 << 31) - 1, number))


def _parsed_integer(text: str, bits: int) -> int:
    if _INTEGER.fullmatch(text) is None or len(text) > 1000:
        raise _out_of_range(text)
    number = int(text)
    if not -(1 << (bits - 1)) <= number < 1 << (bits - 1):
        raise _out_of_range(text)
    return number


def _float32(value: Any) -> float:
    if isinstance(value, int):
        small = -_EXACT_FLOAT <= value <= _EXACT_FLOAT
        return single(float(value)) if small else single_of(Decimal(value))
    if isinstance(value, float):
        return single(value)
    if isinstance(value, Decimal):
        return single_of(value)
    if isinstance(value, str):
        return _parsed_float(value, narrow=True)
    raise _unexpected(value)


def _float64(value: Any) -> float:
    if isinstance(value, int | float | Decimal):
        return float(value)
    if isinstance(value, str):
        return _parsed_float(value, narrow=False)
    raise _unexpected(value)


def _parsed_float(text: str, *, narrow: bool) -> float:
    found = _FLOAT.fullmatch(text)
    if found is None:
        raise _out_of_range(text)
    number, decimal, hexadecimal = found.groups()
    sign = -1.0 if number.startswith("-") else 1.0
    if hexadecimal is not None:
        size = _from_hexadecimal(hexadecimal)
    elif decimal is None:
        size = float(number.lstrip("+-").replace("Infinity", "inf"))
    else:
        size = float(decimal)
        if narrow and 0 < size < float("inf"):
            return sign * single_of(Decimal(decimal))
    return sign * (single(size) if narrow else size)


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("inf")


def _boolean(value: Any) -> bool:
    if isinstance(value, int):
        return bool(value)
    if isinstance(value, float):
        return saturated(value) != 0
    if isinstance(value, Decimal):
        return wrapped(whole_part(value), 64) != 0
    if isinstance(value, str):
        return value.lower() == "true"
    raise _unexpected(value)


def _text(value: Any, schema: Schema | None) -> str:
    if type(value) is int:
        return int.__repr__(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(cast("bytes", value)).decode("ascii")
    if isinstance(value, Decimal):
        return java_decimal(value)
    if isinstance(value, date | time):
        return temporal_text(as_instant(value))
    return java_string(value, schema)
