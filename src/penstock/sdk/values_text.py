"""The texts Java gives numbers and values (`toString`); clients and topics see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, time
from decimal import Decimal
from math import frexp, inf, isfinite
from typing import Any

from penstock.sdk.logical import as_instant
from penstock.sdk.numbers import Float32, single
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct


def java_double(number: float) -> str:
    """The text of a FLOAT64: the fewest digits that read back as the same number."""
    if 1e-3 <= number < 1e7 or -1e7 < number <= -1e-3:
        return float.__repr__(number)
    if number == 0 or not isfinite(number):
        return _unusual(number)
    return _with_exponent(float.__repr__(number)) or _of_few_digits(number)


def _with_exponent(text: str) -> str | None:
    """Python's text of a double that is very large or small; None where two digits decide."""
    mantissa, mark, power = text.partition("e")
    if mark:
        return f"{mantissa}E{int(power)}" if "." in mantissa else None
    sign = "-" if text[0] == "-" else ""
    whole, _, fraction = mantissa[len(sign) :].partition(".")
    if whole == "0":
        digits, exponent = fraction.lstrip("0"), -4
    else:
        digits, exponent = (whole + fraction).rstrip("0"), len(whole) - 1
    return f"{sign}{digits[0]}.{digits[1:]}E{exponent}" if len(digits) > 1 else None


def _of_few_digits(number: float) -> str:
    text = format(number, ".1e")  # Java prefers the nearest two digits to the one that suffices
    return _laid_out(text if float(text) == number else format(Decimal(repr(number)), "e"))


def java_float(number: float) -> str:
    """The text of a FLOAT32: the fewest digits that read back as the same single."""
    number = single(number)
    if number == 0 or not isfinite(number):
        return _unusual(number)
    if 1e-3 <= number < 1e7 or -1e7 < number <= -1e-3:
        near = float(f"{number:.6g}")
        if single(near) == number:  # few digits suffice, and Python lays them out alike
            return repr(near)
    return _laid_out(_shortest_single(number))


def java_decimal(number: Decimal) -> str:
    """The text of a Decimal; scientific only where Java is (`1E+3`)."""
    return str(number or number.copy_abs())


def java_string(value: Any, schema: Schema | None = None) -> str:
    """What `toString` says: `Struct{a=1}`, `{a=1, b=2}`, `[1, 2]`, `[B@…`, `null`."""
    kind: type[Any] = value.__class__
    if kind is str:
        return value
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if isinstance(value, float):
        narrow = kind is Float32 or (
            kind is float and schema is not None and schema.type is Type.FLOAT32
        )
        return java_float(value) if narrow else java_double(value)
    if isinstance(value, int):
        return int.__repr__(value)
    return _compound(value, schema)


def _compound(value: Any, schema: Schema | None) -> str:
    if isinstance(value, Mapping):
        return _mapping(value, schema)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return _sequence(value, schema)  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, bytes | bytearray):
        return f"[B@{_identity(value):x}"
    if isinstance(value, memoryview):
        size = value.nbytes
        return f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]"
    if isinstance(value, Decimal):
        return java_decimal(value)
    if isinstance(value, date | time):
        return _date_text(value)
    return str(value)


def _date_text(value: date | time) -> str:
    from penstock.sdk.values_dates import java_date  # which reads formats and time zones

    return java_date(as_instant(value))


def _identity(value: object) -> int:
    return (id(value) >> 4) & 0x7FFFFFFF


def _mapping(value: Mapping[Any, Any], schema: Schema | None) -> str:
    if isinstance(value, Struct):
        return _struct(value, value.schema)
    if schema is not None and schema.type is Type.STRUCT:
        return _struct(value, schema)
    keys, values = None, None
    if schema is not None and schema.type is Type.MAP:
        keys, values = schema.key_schema, schema.value_schema
    pairs = (f"{java_string(k, keys)}={java_string(v, values)}" for k, v in value.items())
    return "{" + ", ".join(pairs) + "}"


def _struct(value: Mapping[Any, Any], schema: Schema) -> str:
    shown = ((field, value.get(field.name)) for field in schema.fields)
    pairs = (f"{f.name}={java_string(v, f.schema)}" for f, v in shown if v is not None)
    return "Struct{" + ",".join(pairs) + "}"


def _sequence(value: Iterable[Any], schema: Schema | None) -> str:
    inner = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
    return "[" + ", ".join([java_string(item, inner) for item in value]) + "]"


def _unusual(number: float) -> str:
    if number == 0:
        return repr(float(number))
    if number != number:
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"


def _shortest_single(number: float) -> str:
    """In `%e` form. Six digits decide whether fewer would do; nine always suffice."""
    if abs(number) < 1.2e-38:  # so few bits that even six digits may be too many
        return _shortest_tiny(number)
    power_of_two = abs(frexp(number)[0]) == 0.5
    for digits in (6, 7, 8):
        text = format(number, f".{digits - 1}e")
        if single(float(text)) == number:
            return text
        if power_of_two and (wider := _further_from_zero(text, number)) is not None:
            return wider
    return format(number, ".8e")


def _shortest_tiny(number: float) -> str:
    texts = (format(number, f".{digits}e") for digits in range(1, 9))
    return next(text for text in texts if single(float(text)) == number)


def _further_from_zero(text: str, number: float) -> str | None:
    """The next number of as many digits: a power of two has more room above than below."""
    digits, exponent = text.split("e")
    step = Decimal(1).scaleb(-len(digits.lstrip("-")) + 2)
    further = Decimal(digits) + step.copy_sign(Decimal(digits))
    wider = f"{further}e{exponent}"
    return wider if abs(further) < inf and single(float(wider)) == number else None


def _laid_out(text: str) -> str:
    """A `%e` text as Java lays it out: plain from 1e-3 to 1e7, else with `E`."""
    mantissa, _, power = text.partition("e")
    sign = "-" if mantissa[0] == "-" else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    exponent = int(power)
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{sign}{whole}.{digits[exponent + 1 :] or '0'}"
