"""Texts of many values at once: what `java_string` says of each, in a third of the time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from math import isfinite
from operator import itemgetter
from typing import Any, Final, cast

import msgspec

from penstock.sdk.schema import Schema, Type
from penstock.sdk.values_text import java_string

_PRINTED_ALIKE: Final = ({str}, {int})  # by Python and Java
_BOOLEANS: Final = {False: "false", True: "true"}


def java_strings(values: Sequence[Any], schemas: Sequence[Schema | None]) -> list[str]:
    """The text of each value."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return list(values)
    if kinds == {dict} and schemas.count(schemas[0]) == len(schemas):
        found = _of_dicts(cast("Sequence[dict[Any, Any]]", values), schemas[0])
        if found is not None:
            return found
    return list(map(java_string, values, schemas))


def _of_dicts(values: Sequence[dict[Any, Any]], schema: Schema | None) -> list[str] | None:
    """None if they do not all have the same members."""
    if schema is None:
        return _of_maps(values)
    if schema.type is Type.STRUCT:
        return _of_structs(values, schema)
    return None


def _of_maps(values: Sequence[dict[Any, Any]]) -> list[str] | None:
    names = list(values[0])
    if set(map(type, names)) != {str} or any(map(names.__ne__, map(list, values))):
        return None
    rows = [value.values() for value in values]
    columns = [_printable(column, None) for column in zip(*rows, strict=True)]
    return _filled("{" + ", ".join(map(_place, names)) + "}", columns)


def _of_structs(values: Sequence[dict[Any, Any]], schema: Schema) -> list[str] | None:
    columns: list[Sequence[Any]] = []
    for field in schema.fields:
        try:
            column = list(map(itemgetter(field.name), values))
        except KeyError:
            return None
        if type(None) in set(map(type, column)):
            return None  # what is null is left out
        columns.append(_printable(column, field.schema))
    return _filled("Struct{" + ",".join(_place(f.name) for f in schema.fields) + "}", columns)


def _place(name: str) -> str:
    return name.replace("%", "%%") + "=%s"


def _filled(template: str, columns: Sequence[Sequence[Any]]) -> list[str] | None:
    return list(map(template.__mod__, zip(*columns, strict=True))) if columns else None


def _printable(column: Sequence[Any], schema: Schema | None) -> Sequence[Any]:
    """Values that `%s` prints as Java does."""
    kinds = set(map(type, column))
    if kinds in _PRINTED_ALIKE:
        return column
    if kinds == {bool}:
        return list(map(_BOOLEANS.__getitem__, column))
    doubles = kinds == {float} and (schema is None or schema.type is Type.FLOAT64)
    if doubles and min(column) >= 1e-3 and max(column) < 1e7 and isfinite(sum(column)):
        # in this range like Java, and several times faster than Python
        return msgspec.json.encode(column)[1:-1].decode().split(",")
    return list(map(java_string, column, repeat(schema)))
