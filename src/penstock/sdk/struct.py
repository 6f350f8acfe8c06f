"""A STRUCT value that knows its schema.

A plain dict beside a STRUCT schema is all most code needs. A `Struct` is such a dict that carries
its schema along: for structs inside schemaless data, and for authors who want each `put` checked.
As with any dict, `get` gives what was put and None otherwise; `get_with_default` applies the
schema's defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.sdk.errors import DataError
from penstock.sdk.schema import Field, Schema, Type, same_value


class Struct(dict[str, Any]):
    """A dict of field name to value, with the STRUCT schema it belongs to.

    Values given to the constructor are taken as they are; `validate` checks them.
    """

    __slots__ = ("schema",)

    def __init__(self, schema: Schema, values: Mapping[str, Any] | None = None) -> None:
        if schema.type is not Type.STRUCT:
            raise DataError(f"Not a struct schema: {schema}")
        super().__init__(values or {})
        self.schema = schema

    def put(self, name: str, value: Any) -> Struct:
        """Set a field. Raises `DataError` at once if the value does not fit it."""
        from penstock.sdk.validation import validate_value  # it knows structs

        field = self._field(name)
        validate_value(field.schema, value, name)
        self[name] = value
        return self

    def get_with_default(self, name: str) -> Any:
        """A field's value, or the default of its schema where it has none."""
        field = self._field(name)
        value = self.get(name)
        return field.schema.default if value is None else value

    def get_without_default(self, name: str) -> Any:
        """A field's value as it was put, or None."""
        return self.get(self._field(name).name)

    def validate(self) -> None:
        """Raise `DataError` unless every field fits; those with a default may be left out."""
        from penstock.sdk.validation import validate_value

        validate_value(self.schema, self)

    def get_int8(self, name: str) -> int | None:
        return self._typed(name, Type.INT8)

    def get_int16(self, name: str) -> int | None:
        return self._typed(name, Type.INT16)

    def get_int32(self, name: str) -> int | None:
        return self._typed(name, Type.INT32)

    def get_int64(self, name: str) -> int | None:
        return self._typed(name, Type.INT64)

    def get_float32(self, name: str) -> float | None:
        return self._typed(name, Type.FLOAT32)

    def get_float64(self, name: str) -> float | None:
        return self._typed(name, Type.FLOAT64)

    def get_boolean(self, name: str) -> bool | None:
        return self._typed(name, Type.BOOLEAN)

    def get_string(self, name: str) -> str | None:
        return self._typed(name, Type.STRING)

    def get_bytes(self, name: str) -> bytes | None:
        value = self._typed(name, Type.BYTES)
        return None if value is None else bytes(value)

    def get_array(self, name: str) -> list[Any] | None:
        return self._typed(name, Type.ARRAY)

    def get_map(self, name: str) -> dict[Any, Any] | None:
        return self._typed(name, Type.MAP)

    def get_struct(self, name: str) -> dict[str, Any] | None:
        return self._typed(name, Type.STRUCT)

    def _typed(self, name: str, type: Type) -> Any:  # noqa: A002  Connect's word
        if self._field(name).schema.type is not type:
            raise DataError(f"Field '{name}' is not of type {type.name}")
        return self.get(name)

    def _field(self, name: str) -> Field:
        field = self.schema.field(name)
        if field is None:
            raise DataError(f"{name} is not a valid field name")
        return field

    def __eq__(self, other: object) -> bool:
        """With another Struct: schema and fields, as Connect compares. Else as any dict."""
        if not isinstance(other, Struct):
            return super().__eq__(other)
        return self.schema == other.schema and all(
            same_value(self.get(field.name), other.get(field.name)) for field in self.schema.fields
        )

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None  # pyright: ignore[reportAssignmentType]  as for any dict

    def __reduce__(self) -> tuple[Any, ...]:
        return Struct, (self.schema, dict(self))

    def __repr__(self) -> str:
        from penstock.sdk.values_text import java_string

        return java_string(self)
