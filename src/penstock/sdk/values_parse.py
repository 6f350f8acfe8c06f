"""What a text stands for: `12` an INT8, `[1.5]` an array, `2019-08-23` a Date, else a string."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Any, Final

from penstock.sdk.errors import DataError
from penstock.sdk.logical import decimal_scale, decimal_schema
from penstock.sdk.numbers import (
    Float32,
    Float64,
    Int8,
    Int16,
    Int32,
    Int64,
    NumberFormatError,
)
from penstock.sdk.schema import (
    BOOLEAN,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    STRING,
    Schema,
    Type,
)
from penstock.sdk.validation import fits
from penstock.sdk.values_dates import parse_temporal
from penstock.sdk.values_keys import as_key
from penstock.sdk.values_numbers import decimal_of, integral, single_of

Typed = tuple[Schema, Any]

# A backslash takes the next character with it, and both stay in the token.
_TOKEN: Final = re.compile(r'[:,{}\[\]"]|(?:\\.|\\\Z|[^:,{}\[\]"\\])+', re.DOTALL)
_BLANKS: Final = "".join(map(chr, range(33)))  # what Java trims
_LITERALS: Final[dict[str, Typed | None]] = {
    "null": None,
    "true": (BOOLEAN, True),
    "false": (BOOLEAN, False),
}

_WIDE: Final = frozenset((Int64, Float64))  # what plain numbers without schema are
_OWN: Final[dict[type, tuple[Type, type]]] = {
    Int8: (Type.INT8, int),
    Int16: (Type.INT16, int),
    Int32: (Type.INT32, int),
    Int64: (Type.INT64, int),
    Float32: (Type.FLOAT32, float),
    Float64: (Type.FLOAT64, float),
}


def parse_string(text: str | None) -> tuple[Schema | None, Any]:
    """Schema and value of a text. None and `null` have neither."""
    typed = None if text is None else parse_typed(text)
    return (None, None) if typed is None else (typed[0], plain(typed[1], typed[0]))


def parse_typed(text: str) -> Typed | None:
    """Like `parse_string`, with numbers that know their width; None for `null`."""
    if not text or (text[0] > " " and text[0] not in "+-[{" and not text[0].isdecimal()):
        word = text.rstrip(_BLANKS)  # a text that starts like a word can only be a literal or text
        return _LITERALS.get(word, (STRING, text))
    if len(text) <= 9 and text.isascii() and text.isdecimal():
        return _narrowest(int(text))
    return _Parser(text).parse(embedded=False)


def plain(value: Any, schema: Schema | None) -> Any:
    """The value with plain numbers wherever the schema tells their width."""
    kind: type[Any] = value.__class__
    if kind in _OWN:
        own, bare = _OWN[kind]
        told = kind in _WIDE if schema is None else schema.type is own
        return bare(value) if told else value
    if kind is list:
        inner = schema.value_schema if schema is not None and schema.type is Type.ARRAY else None
        return [plain(item, inner) for item in value]
    if kind is dict:
        return _plain_map(value, schema)
    return value


def _plain_map(value: dict[Any, Any], schema: Schema | None) -> dict[Any, Any]:
    is_map = schema is not None and schema.type is Type.MAP
    keys = schema.key_schema if schema is not None and is_map else None
    values = schema.value_schema if schema is not None and is_map else None
    return {plain(key, keys): plain(item, values) for key, item in value.items()}


class _Parser:
    """Walks the tokens of one text. A failure inside brackets makes the text a string."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _TOKEN.findall(text)
        self.at = 0

    def parse(self, *, embedded: bool) -> Typed | None:
        if not self._more():
            return None
        if embedded and self._consume('"'):
            return self._quoted()
        for literal, meaning in _LITERALS.items():
            if self._is_literal(literal, embedded=embedded):
                return meaning
        start = self.at
        try:
            if self._consume("["):
                return self._array()
            if self._consume("{"):
                return self._map()
        except DataError:
            self.at = start
        token = self._next()
        stripped = token.strip(_BLANKS)
        return self._single(stripped, embedded=embedded) if stripped else (STRING, token)

    def _single(self, token: str, *, embedded: bool) -> Typed:
        first = token[0]
        is_digit = first.isdecimal() and first < "\U00010000"
        if is_digit:
            found = self._spread_temporal(token) or parse_temporal(token)
            if found is not None:
                return found
        if is_digit or first in "+-":
            try:
                return _number(token)
            except NumberFormatError:
                pass  # then it is text
        if embedded:
            raise DataError("Failed to parse embedded value")
        return STRING, self.text

    def _spread_temporal(self, token: str) -> Typed | None:
        """A time's colons split it into five tokens."""
        rest = self.tokens[self.at : self.at + 4]
        found = parse_temporal(token + "".join(rest)) if len(rest) == 4 else None
        if found is not None:
            self.at += 4
        return found

    def _quoted(self) -> Typed:
        parts: list[str] = []
        while self._more() and not self._consume('"'):  # which skips a blank token, as Connect does
            parts.append(self._next())
        content = "".join(parts)
        return parse_temporal(content) or (STRING, content)

    def _array(self) -> Typed:
        items: list[Any] = []
        merged = _Merged()
        while self._more():
            if self._consume("]"):  # also after a last comma
                return _finished_array(merged.schema, items)
            if self._peek(","):
                raise DataError(f"Unable to parse an empty array element: {self.text}")
            item = self.parse(embedded=True)
            merged.add(item)
            items.append(None if item is None else item[1])
            if not (self._peek("]") or self._consume(",")):
                raise DataError("Array elements missing ',' delimiter")
        raise DataError(f"Array is missing terminating ']': {self.text}")

    def _map(self) -> Typed:
        pairs: list[tuple[Any, Any]] = []
        keys, values = _Merged(), _Merged()
        while self._more():
            if self._consume("}"):
                return _finished_map(keys.schema, values.schema, pairs)
            if self._peek(","):
                raise DataError(f"Unable to parse a map entry with no key or value: {self.text}")
            key = self.parse(embedded=True)
            if key is None:
                raise DataError(f"Map entry may not have a null key: {self.text}")
            if not self._consume(":"):
                raise DataError(f"Map entry is missing ':' at {self.at} in {self.text}")
            value = self.parse(embedded=True)
            pairs.append((key[1], None if value is None else value[1]))
            self._consume(",")
            keys.add(key)
            values.add(value)
        raise DataError(f"Map is missing terminating '}}': {self.text}")

    def _is_literal(self, literal: str, *, embedded: bool) -> bool:
        """Whether that is next; at the top level it must also be all there is."""
        start = self.at
        if self._consume(literal) and (embedded or not self._more()):
            return True
        self.at = start
        return False

    def _more(self) -> bool:
        return self.at < len(self.tokens)

    def _next(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def _peek(self, expected: str) -> bool:
        """Whether this token is next; blank tokens before it are skipped for good."""
        if not self._more():
            return False
        last = len(self.tokens) - 1
        while self.at < last and not self.tokens[self.at].strip(_BLANKS):
            self.at += 1
        return self.tokens[self.at].strip(_BLANKS) == expected

    def _consume(self, expected: str) -> bool:
        found = self._peek(expected)
        self.at += found
        return found


def _number(token: str) -> Typed:
    """The narrowest integer or float that holds the number, else a Decimal."""
    number = decimal_of(token)
    whole = integral(number)
    if whole is not None:
        return _narrowest(whole)
    scale = decimal_scale(number)
    if scale != 0:
        narrow = single_of(number)
        if abs(narrow) != inf:
            return FLOAT32, Float32(narrow)
        wide = float(number)
        if abs(wide) != inf:
            return FLOAT64, Float64(wide)
    return decimal_schema(scale), number


def _narrowest(number: int) -> Typed:
    return next((schema, kind(number)) for schema, bits, kind in _INTEGERS if fits(number, bits))


_INTEGERS: Final[tuple[tuple[Schema, int, Callable[[int], int]], ...]] = (
    (INT8, 8, Int8),
    (INT16, 16, Int16),
    (INT32, 32, Int32),
    (INT64, 64, Int64),
)
_NUMERIC: Final = (
    *(Type.INT8, Type.INT16, Type.INT32, Type.INT64),
    *(Type.FLOAT32, Type.FLOAT64),
)


class _Merged:
    """The schema that suits all elements seen: the latest of one type, the widest of numbers."""

    def __init__(self) -> None:
        self.schema: Schema | None = None
        self._compatible = True

    def add(self, element: Typed | None) -> None:
        if element is None or not self._compatible:
            return
        latest = element[0]
        self.schema = latest if self.schema is None else _common(self.schema, latest)
        self._compatible = self.schema is not None


def _common(one: Schema, other: Schema) -> Schema | None:
    if one.type is other.type:
        return other
    if one.type in _NUMERIC and other.type in _NUMERIC:
        return max(one, other, key=lambda schema: _NUMERIC.index(schema.type))
    return None


def _finished_array(values: Schema | None, items: list[Any]) -> Typed:
    aligned = items if values is None else [_aligned(values, item) for item in items]
    return Schema(Type.ARRAY, value_schema=values), aligned


def _finished_map(
    keys: Schema | None, values: Schema | None, pairs: list[tuple[Any, Any]]
) -> Typed:
    if keys is None:
        return Schema(Type.MAP), {as_key(key): value for key, value in pairs}
    schema = Schema(Type.MAP, key_schema=keys, value_schema=values)
    latest = {as_key(key): (key, value) for key, value in pairs}.values()
    aligned = ((_aligned(keys, k), v if values is None else _aligned(values, v)) for k, v in latest)
    return schema, {as_key(key): value for key, value in aligned}


def _aligned(schema: Schema, value: Any) -> Any:
    from penstock.sdk.values_convert import convert_to  # which reads texts itself

    return with_width(convert_to(schema, None, value), schema)


def with_width(value: Any, schema: Schema) -> Any:
    """A plain number that knows the width its schema tells."""
    kind: type[Any] = value.__class__
    if kind is int or kind is float:
        width = next((own for own, (told, _) in _OWN.items() if told is schema.type), kind)
        return width(value)
    return value
