from __future__ import annotations

import pytest
from hypothesis import given

from penstock.sdk import (
    INT8,
    INT32,
    INT64,
    OPTIONAL_STRING,
    STRING,
    Schema,
    SchemaProjectorError,
    Type,
    project,
)
from penstock.sdk.schema import same_value
from penstock.testing.strategies import schemas_with_values


def struct(**fields: Schema) -> Schema:
    return Schema(Type.STRUCT, fields=list(fields.items()))


@given(schemas_with_values())
def test_projecting_to_the_same_schema_changes_nothing(given: tuple[Schema, object]) -> None:
    schema, value = given
    again = project(schema, value, schema)
    assert same_value(project(schema, again, schema), again)


def test_integers_are_widened() -> None:
    assert project(INT8, 5, INT64) == 5
    assert project(INT64, 2**62 + 1, Schema(Type.FLOAT64)) == float(2**62 + 1)


def test_integers_are_not_narrowed() -> None:
    with pytest.raises(SchemaProjectorError, match="source type: INT64 and target type: INT8"):
        project(INT64, 5, INT8)


def test_a_new_field_takes_its_default_or_stays_away() -> None:
    target = struct(a=INT32, b=INT32.changed(default=7), c=OPTIONAL_STRING)
    assert project(struct(a=INT32), {"a": 1}, target) == {"a": 1, "b": 7}


def test_a_new_required_field_without_default_is_refused() -> None:
    with pytest.raises(SchemaProjectorError, match="Required field `b` is missing"):
        project(struct(a=INT32), {"a": 1}, struct(b=STRING))


def test_the_field_that_cannot_be_projected_is_named() -> None:
    with pytest.raises(SchemaProjectorError, match="Error projecting a") as caught:
        project(struct(a=INT64), {"a": 1}, struct(a=INT32))
    assert "Schema type mismatch" in str(caught.value.__cause__)
