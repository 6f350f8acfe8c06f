"""Headers of a record: an ordered tuple, in which several may share a key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from penstock.sdk.errors import DataError
from penstock.sdk.logical import DATE_NAME, DECIMAL_NAME, TIME_NAME, TIMESTAMP_NAME
from penstock.sdk.record import Header
from penstock.sdk.schema import Schema, Type
from penstock.sdk.struct import Struct
from penstock.sdk.validation import expected_java_classes, java_type_name
from penstock.sdk.values_text import java_string

Headers = tuple[Header, ...]


def header(key: str, value: Any = None, schema: Schema | None = None) -> Header:
    """A header. Raises `DataError` when the value does not go with the schema.

    A struct brings its own schema.
    """
    if schema is None and isinstance(value, Struct):
        schema = value.schema
    if schema is not None:
        _check(schema, value)
    return Header(key, value, schema)


def add(headers: Headers, key: str, value: Any = None, schema: Schema | None = None) -> Headers:
    """These headers and one more at the end."""
    return (*headers, header(key, value, schema))


def last_with_name(headers: Iterable[Header], key: str) -> Header | None:
    """The last header of that key."""
    found = all_with_name(headers, key)
    return found[-1] if found else None


def all_with_name(headers: Iterable[Header], key: str) -> Headers:
    """All headers of that key, in order."""
    return tuple(header for header in headers if header.key == key)


def without(headers: Iterable[Header], *keys: str) -> Headers:
    """All headers of other keys, in order."""
    return tuple(header for header in headers if header.key not in keys)


_LOGICAL = {  # the class a header may have besides that of the base type
    (Type.BYTES, DECIMAL_NAME): "java.math.BigDecimal",
    (Type.INT32, DATE_NAME): "java.util.Date",
    (Type.INT32, TIME_NAME): "java.util.Date",
    (Type.INT64, TIMESTAMP_NAME): "java.util.Date",
}
_ALSO = {
    "java.util.ArrayList": "java.util.List",
    "java.util.LinkedHashMap": "java.util.Map",
    "java.nio.HeapByteBuffer": "java.nio.ByteBuffer",
}


def _check(schema: Schema, value: Any) -> None:
    if value is None:
        if not schema.optional:
            raise DataError(f"A null value requires an optional schema but was {schema}")
        return
    found = java_type_name(value, schema)
    bare = schema if schema.name is None else schema.changed(name=None)
    if _ALSO.get(found, found) in expected_java_classes(bare):
        return
    if schema.name is None or _LOGICAL.get((schema.type, schema.name)) != found:
        shown = java_string(value, schema)
        raise DataError(f"The value {shown} is not compatible with the schema {schema}")
