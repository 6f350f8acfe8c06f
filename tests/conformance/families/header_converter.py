"""Values between types and texts, and the converters of headers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from penstock.sdk import values
from tests.conformance.converters import converted
from tests.conformance.converters import equal as equal
from tests.conformance.runner import Case
from tests.conformance.values import schema_in, schema_out, value_in, value_out


def run(case: Case) -> Any:
    if "converter" in case:
        return converted(_converter(case["converter"]), case)
    return _OPERATIONS[case["op"]](case)


def _converter(name: str) -> Any:
    return getattr(import_module(_MODULES[name]), name)


_MODULES = {
    "SimpleHeaderConverter": "penstock.converters.simple_header",
    "JsonConverter": "penstock.converters.json",
}


def _parse(case: Case) -> Any:
    schema, value = values.parse_string(case["text"])
    if case["text"] is not None and schema is None:
        return None
    return {"schema": schema_out(schema), "value": value_out(value, schema)}


def _infer(case: Case) -> Any:
    given = {key: case[key] for key in ("schema",) if key in case}
    shown = case["value"] and case["value"] | given
    return {"schema": schema_out(values.infer_schema(value_in(shown)))}


def _convert(case: Case) -> Any:
    schema = schema_in(case["schema"])
    value = value_in(case["value"], schema)
    to = case["to"]
    if to == "Decimal":
        return {"value": value_out(values.convert_to_decimal(schema, value, case["scale"]))}
    found = getattr(values, f"convert_to_{to.lower()}")(schema, value)
    return {"value": _shown(found, schema, to)}


def _shown(found: Any, schema: Any, to: str) -> Any:
    if to in _WIDTHS:
        return value_out(found, schema_in(_WIDTHS[to]))
    if to == "Struct" and found is not None:
        return value_out(found, schema) | {"schema": schema_out(found.schema)}
    return value_out(found, schema if to in ("List", "Map") else None)


_WIDTHS = {
    "Byte": "int8",
    "Short": "int16",
    "Integer": "int32",
    "Long": "int64",
    "Float": "float32",
    "Double": "float64",
}
_OPERATIONS: dict[str, Callable[[Case], Any]] = {
    "parseString": _parse,
    "inferSchema": _infer,
    "convert": _convert,
}
