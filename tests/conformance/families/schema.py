"""Schemas: building, validation, projection, structs, equality and logical types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.sdk import logical
from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.projector import project
from penstock.sdk.schema import Schema, Type, same_value
from penstock.sdk.struct import Struct
from penstock.sdk.validation import expected_java_classes, validate_value
from penstock.sdk.values import infer_type
from tests.conformance.runner import Case, described, stage
from tests.conformance.values import schema_in, schema_out, value_in, value_out


def run(case: Case) -> Any:
    return _OPERATIONS[case["op"]](case)


def _schema(shown: Any) -> Schema:
    schema = schema_in(shown)
    assert schema is not None
    return schema


def _validate(case: Case) -> Any:
    schema = schema_in(case["schema"])
    validate_value(schema, value_in(case["value"], schema), case.get("field"))
    return {"valid": True}


def _build(case: Case) -> Any:
    builder: Any = None
    for number, (step, *arguments) in enumerate(case["steps"]):
        with stage(f"step {number} {step}"):
            builder = _STEPS[step](builder, *arguments)
    return {"schema": schema_out(builder if isinstance(builder, Schema) else builder.build())}


def _seen(read: Callable[[SchemaBuilder], Any]) -> Callable[[SchemaBuilder], SchemaBuilder]:
    def step(builder: SchemaBuilder) -> SchemaBuilder:
        read(builder)
        return builder

    return step


_STEPS: dict[str, Callable[..., Any]] = {
    "new": lambda _, kind: SchemaBuilder(kind and Type(kind)),
    "array": lambda _, values: SchemaBuilder.array(schema_in(values)),  # pyright: ignore
    "map": lambda _, k, v: SchemaBuilder.map(schema_in(k), schema_in(v)),  # pyright: ignore
    "Decimal": lambda _, scale: SchemaBuilder.of(logical.decimal_schema(scale)),
    "Date": lambda _: SchemaBuilder.of(logical.DATE),
    "Time": lambda _: SchemaBuilder.of(logical.TIME),
    "Timestamp": lambda _: SchemaBuilder.of(logical.TIMESTAMP),
    "optional": lambda builder: builder.optional(),
    "required": lambda builder: builder.required(),
    "default": lambda builder, value: builder.default(value_in(value, builder.build())),
    "name": lambda builder, name: builder.name(name),
    "version": lambda builder, version: builder.version(version),
    "doc": lambda builder, doc: builder.doc(doc),
    "parameter": lambda builder, name, value: builder.parameter(name, value),
    "parameters": lambda builder, parameters: builder.parameters(parameters),
    "field": lambda builder, name, schema: builder.field(name, schema_in(schema)),
    "fields": _seen(lambda builder: builder.fields),
    "keySchema": _seen(lambda builder: builder.key_schema),
    "valueSchema": _seen(lambda builder: builder.value_schema),
    "build": lambda builder: builder.build(),
}


def _project(case: Case) -> Any:
    source, target = _schema(case["source"]), _schema(case["target"])
    found = project(source, value_in(case["value"], source), target)
    return {"value": value_out(found, target)}


def _struct(case: Case) -> Any:
    with stage("new"):
        struct = Struct(_schema(case["schema"]))
    return {"results": [_step(struct, *step) for step in case["steps"]]}


def _step(struct: Struct, name: str, *arguments: Any) -> Any:
    try:
        return _STRUCT_STEPS.get(name, _typed(name))(struct, *arguments)
    except Exception as error:
        return {"error": described(error)}


def _typed(name: str) -> Callable[[Struct, str], Any]:
    getter = f"get_{name.removeprefix('get').lower()}"
    return lambda struct, field: _shown(struct, field, getattr(struct, getter)(field))


def _shown(struct: Struct, name: str, value: Any) -> Any:
    field = struct.schema.field(name)
    return {"value": value_out(value, field.schema if field else None)}


def _put(struct: Struct, name: str, value: Any) -> Any:
    field = struct.schema.field(name)
    struct.put(name, value_in(value, field.schema if field else None))
    return {"ok": True}


def _check(struct: Struct) -> Any:
    struct.validate()
    return {"ok": True}


_STRUCT_STEPS: dict[str, Callable[..., Any]] = {
    "put": _put,
    "get": lambda struct, name: _shown(struct, name, struct.get_with_default(name)),
    "getWithoutDefault": lambda struct, name: _shown(
        struct, name, struct.get_without_default(name)
    ),
    "validate": _check,
    "toString": lambda struct: {"text": str(struct)},
}


def _equals(case: Case) -> Any:
    one, other = schema_in(case["a"]), schema_in(case["b"])
    found: dict[str, Any] = {"schemasEqual": one == other}
    if "va" in case:
        same = same_value(value_in(case["va"], one), value_in(case["vb"], other))
        found |= {"valuesEqual": same, "schemaAndValuesEqual": same and one == other}
    return found


def _schema_type(case: Case) -> Any:
    given = {key: case[key] for key in ("schema",) if key in case}
    found = infer_type(value_in(case["value"] | given))
    return {"type": None if found is None else found.value}


def _logical(case: Case) -> Any:
    kind, _, function = case["fn"].partition(".")
    schema = _schema(case["schema"])
    value = value_in(case["value"])
    if kind != "Decimal":
        name = f"org.apache.kafka.connect.data.{kind}"
        logical.require_name(schema, name, reading=function == "toLogical")
        changed = getattr(logical, "from_logical" if function == "fromLogical" else "to_logical")
        base = Schema(schema.type) if function == "fromLogical" else schema
        return {"value": value_out(changed(schema, value), base)}
    scale = logical.scale_of(schema)
    if function == "fromLogical":
        return {"value": value_out(logical.decimal_to_bytes(value, scale))}
    return {"value": value_out(logical.bytes_to_decimal(value, scale))}


_OPERATIONS: dict[str, Callable[[Case], Any]] = {
    "validate": _validate,
    "build": _build,
    "project": _project,
    "struct": _struct,
    "equals": _equals,
    "toString": lambda case: {"text": str(_schema(case["schema"]))},
    "schemaType": _schema_type,
    "expectedTypeClass": lambda case: {
        "classes": list(expected_java_classes(_schema(case["schema"])))
    },
    "logical": _logical,
}
