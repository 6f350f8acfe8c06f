"""HoistField: wrap the key or value in a struct or map with one field."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.schema import Schema
from penstock.transforms.parts import Change, PartTransform
from penstock.transforms.requirements import null_for_required


class HoistFieldConfig(Config):
    """Settings of HoistField."""

    field: Annotated[
        str, Option("Name of the one field of the struct or map to make.", Importance.MEDIUM)
    ]


class HoistField(PartTransform[HoistFieldConfig]):
    """Wraps what was there, null too."""

    keeps_null: ClassVar[bool] = False

    def change(self, schema: Schema | None) -> Change:
        name = self.config.field
        if schema is None:
            return Change(None, lambda value: {name: value})
        new = SchemaBuilder.struct().field(name, schema).build()

        def hoist(value: Any) -> Any:
            if value is None and not schema.optional:
                raise null_for_required(name, schema)
            return {name: value}

        return Change(new, hoist)


class HoistFieldKey(HoistField):
    """Wraps the key."""

    on_key: ClassVar[bool] = True


class HoistFieldValue(HoistField):
    """Wraps the value."""
