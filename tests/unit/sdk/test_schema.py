from __future__ import annotations

import pickle

import pytest
from hypothesis import given

from penstock.sdk import (
    BYTES,
    INT32,
    INT64,
    OPTIONAL_STRING,
    STRING,
    DataError,
    Schema,
    SchemaBuilder,
    SchemaBuilderError,
    Struct,
    Type,
    validate_value,
)
from penstock.testing.strategies import schemas, schemas_with_values


def test_a_schema_tells_its_name_and_type() -> None:
    assert str(STRING) == "Schema{STRING}"
    assert str(Schema(Type.STRUCT, name="com.example.Order")) == "Schema{com.example.Order:STRUCT}"


@given(schemas())
def test_schemas_survive_pickling_and_copying(schema: Schema) -> None:
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert schema.changed() == schema
    assert hash(schema.changed()) == hash(schema)


@pytest.mark.parametrize(
    "change",
    [{"optional": True}, {"name": "n"}, {"version": 1}, {"doc": "d"}, {"parameters": {"a": "b"}}],
)
def test_schemas_differ_by_every_attribute(change: dict[str, object]) -> None:
    assert INT32.changed(**change) != INT32


def test_defaults_differ_by_sign_of_zero_and_class() -> None:
    def with_default(value: object) -> Schema:
        return Schema(Type.FLOAT64, default=value)

    assert with_default(0.0) != with_default(-0.0)
    assert with_default(float("nan")) == with_default(float("nan"))
    assert BYTES.changed(default=b"a") != BYTES.changed(default=memoryview(b"a"))


def test_asking_the_wrong_type_for_members_is_refused() -> None:
    with pytest.raises(DataError, match="Cannot list fields on non-struct type"):
        INT32.fields
    with pytest.raises(DataError, match="Cannot look up value schema"):
        INT32.value_schema


def test_a_builder_builds_what_it_is_told() -> None:
    built = SchemaBuilder.struct().name("n").version(2).doc("d").field("id", INT64).build()
    assert built == Schema(Type.STRUCT, name="n", version=2, doc="d", fields=[("id", INT64)])
    assert SchemaBuilder.of(built).build() == built


def test_a_builder_sets_an_attribute_once() -> None:
    builder = SchemaBuilder.int32().name("n").name("n")
    with pytest.raises(SchemaBuilderError, match="name has already been set"):
        builder.name("other")


def test_a_builder_checks_the_default_against_what_it_has() -> None:
    with pytest.raises(SchemaBuilderError, match="Invalid default value"):
        SchemaBuilder.int8().default(300)
    with pytest.raises(SchemaBuilderError, match="Invalid default value"):
        SchemaBuilder.string().default(None)
    assert SchemaBuilder.string().optional().default(None).build() == OPTIONAL_STRING


@given(schemas_with_values())
def test_values_of_a_schema_are_valid(given: tuple[Schema, object]) -> None:
    schema, value = given
    validate_value(schema, value)


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        (INT32, None, "null used for required value, schema type: INT32"),
        (INT32, True, "with type INT32: class java.lang.Boolean for value"),
        (INT32, 2**31, "2147483648 is out of range for value"),
        (STRING, b"x", r"with type STRING: class \[B for value"),
        (Schema(Type.FLOAT32), 1e300, "out of range"),
        (Schema(Type.ARRAY, value_schema=INT32), [None], "element of array value"),
        (Schema(Type.STRUCT, fields=[("a", INT32)]), {"a": "x"}, 'for field: "a"'),
        (Schema(Type.STRUCT, fields=[("a", INT32)]), {"a": 1, "b": 2}, "with type STRUCT"),
    ],
)
def test_wrong_values_are_refused(schema: Schema, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        validate_value(schema, value)


POINT = Schema(
    Type.STRUCT,
    fields=[("x", INT32), ("y", INT32.changed(default=7)), ("note", OPTIONAL_STRING)],
)


def test_a_struct_checks_what_is_put() -> None:
    point = Struct(POINT).put("x", 1)
    with pytest.raises(DataError, match='null used for required field: "y"'):
        point.put("y", None)
    with pytest.raises(DataError, match="z is not a valid field name"):
        point.put("z", 1)
    assert point == {"x": 1}


def test_a_struct_knows_defaults_but_keeps_what_was_put() -> None:
    point = Struct(POINT, {"x": 1})
    assert point.get_with_default("y") == 7
    assert point.get_without_default("y") is None
    assert point.get_int32("y") is None
    point.validate()
    with pytest.raises(DataError, match="Field 'x' is not of type STRING"):
        point.get_string("x")


def test_a_struct_is_shown_as_java_shows_it_and_survives_pickling() -> None:
    point = Struct(POINT, {"x": 1, "note": "a"})
    assert str(point) == "Struct{x=1,note=a}"
    assert pickle.loads(pickle.dumps(point)) == point
    assert Struct(POINT.as_optional(), point) != point
