from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from penstock.sdk import (
    DATE,
    INT32,
    OPTIONAL_STRING,
    DataError,
    Schema,
    Type,
    decimal_schema,
    headers,
)
from penstock.sdk.headers import header


def test_headers_of_one_key_keep_their_order() -> None:
    some = headers.add(headers.add(headers.add((), "a", 1), "b", 2), "a", 3)
    assert [one.value for one in headers.all_with_name(some, "a")] == [1, 3]
    last = headers.last_with_name(some, "a")
    assert last is not None
    assert last.value == 3
    assert [one.value for one in headers.without(some, "a")] == [2]
    assert headers.last_with_name(some, "c") is None


def test_a_null_header_needs_an_optional_schema() -> None:
    assert header("a", None, OPTIONAL_STRING).value is None
    with pytest.raises(DataError, match=r"requires an optional schema but was Schema\{INT32\}"):
        header("a", None, INT32)


def test_a_header_must_go_with_its_schema() -> None:
    with pytest.raises(DataError, match="The value x is not compatible with the schema"):
        header("a", "x", INT32)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (decimal_schema(1), Decimal("1.5")),
        (decimal_schema(1), b"\x0f"),
        (DATE, datetime(2024, 1, 1, tzinfo=UTC)),
        (DATE, 19000),
        (Schema(Type.ARRAY), [1]),
        (Schema(Type.MAP), {"a": 1}),
        (Schema(Type.STRUCT), {}),
    ],
)
def test_logical_headers_may_be_stored_values_too(schema: Schema, value: object) -> None:
    assert header("a", value, schema).value == value
