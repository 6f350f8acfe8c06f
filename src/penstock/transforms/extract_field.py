"""ExtractField: replace the key or value by one of its fields."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from penstock.sdk.config import Config, Importance, Option, one_of_ignoring_case
from penstock.sdk.schema import Field, Schema
from penstock.transforms.field_path import FieldPath
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.requirements import UnknownFieldError, not_a_struct, required_map
from penstock.transforms.schema_update import is_struct

_PURPOSE = "field extraction"


class ExtractFieldConfig(Config):
    """Settings of ExtractField."""

    field: Annotated[str, Option("Name of the field to extract.", Importance.MEDIUM)]
    replace_null_with_default: ReplaceNulls = True
    field_syntax_version: Annotated[
        str,
        Option(
            "How `field` is read: as one name (V1) or as a path with dots (V2).",
            Importance.HIGH,
            check=one_of_ignoring_case("V1", "V2"),
        ),
    ] = "V1"


class ExtractField(PartTransform[ExtractFieldConfig]):
    """Extracts a field; of null, null."""

    keeps_null: ClassVar[bool] = False

    def __init__(self, config: ExtractFieldConfig) -> None:
        super().__init__(config)
        self._path = FieldPath(config.field, config.field_syntax_version)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            return Change(None, self._of_map)
        if not is_struct(schema):
            return Change(None, lambda value: self._of_other(schema, value))
        field = self._path.field_in(schema)
        if field is None:
            return Change(None, lambda value: self._unknown(schema, value))
        if len(self._path.steps) == 1:
            return Change(field.schema, self._of_struct(schema, field))
        defaults = self.config.replace_null_with_default

        def extract(value: Any) -> Any:
            _check(schema, value)
            if value is None:
                return None
            return self._path.value_in_struct(schema, value, defaults=defaults)

        return Change(field.schema, extract)

    def _of_map(self, value: Any) -> Any:
        if value is None:
            return None
        return self._path.value_in_map(required_map(_PURPOSE, value))

    def _of_struct(self, schema: Schema, field: Field) -> Any:
        name = field.name
        default = field.schema.default if self.config.replace_null_with_default else None

        def extract(value: Any) -> Any:
            _check(schema, value)
            found = None if value is None else value.get(name)
            return default if found is None and value is not None else found

        return extract

    def _of_other(self, schema: Schema, value: Any) -> Any:
        if value is not None:
            raise not_a_struct(_PURPOSE, value, schema)
        return self._path.field_in(schema)

    def _unknown(self, schema: Schema, value: Any) -> Any:
        _check(schema, value)
        raise UnknownFieldError(f"Unknown field: {self.config.field}")


def _check(schema: Schema, value: Any) -> None:
    if value is not None and not isinstance(value, dict):
        raise not_a_struct(_PURPOSE, value, schema)


class ExtractFieldKey(ExtractField):
    """Extracts a field of the key."""

    on_key: ClassVar[bool] = True


class ExtractFieldValue(ExtractField):
    """Extracts a field of the value."""
