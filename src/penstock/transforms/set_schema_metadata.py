"""SetSchemaMetadata: give the schema of the key or value another name or version."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.errors import ConfigError, DataError
from penstock.sdk.record import Record
from penstock.sdk.schema import Schema
from penstock.transforms.parts import Change, PartTransform, ReplaceNulls
from penstock.transforms.schema_update import copying

R = TypeVar("R", bound=Record)

_PURPOSE = "updating schema metadata"


class SetSchemaMetadataConfig(Config):
    """Settings of SetSchemaMetadata."""

    schema_name: Annotated[str | None, Option("Name to set.", Importance.HIGH)] = None
    schema_version: Annotated[int | None, Option("Version to set.", Importance.HIGH)] = None
    replace_null_with_default: ReplaceNulls = True

    def check_together(self) -> None:
        if self.schema_name is None and self.schema_version is None:
            raise ConfigError("Neither schema name nor version configured")


class SetSchemaMetadata(PartTransform[SetSchemaMetadataConfig]):
    """Renames struct schemas; a null without schema is handed on as it is."""

    keeps_null: ClassVar[bool] = False

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        schemas = batch.column("key_schema" if self.on_key else "value_schema")
        return None if schemas[0] is None else super().apply_columns(batch)

    def _values(self, schema: Schema | None, run: Any) -> Any:
        if schema is None and all(record.value is None for record in run):
            return list(run)
        return super()._values(schema, run)

    def _keys(self, schema: Schema | None, run: Any) -> Any:
        if schema is None and all(record.key is None for record in run):
            return list(run)
        return super()._keys(schema, run)

    def change(self, schema: Schema | None) -> Change:
        if schema is None:
            raise DataError(f"Schema required for [{_PURPOSE}]")
        changes: dict[str, Any] = {}
        if self.config.schema_name is not None:
            changes["name"] = self.config.schema_name
        if self.config.schema_version is not None:
            changes["version"] = self.config.schema_version
        defaults = self.config.replace_null_with_default
        copy = copying(schema, purpose=_PURPOSE, defaults=defaults)
        return Change(
            schema.changed(**changes), lambda value: None if value is None else copy(value)
        )


class SetSchemaMetadataKey(SetSchemaMetadata):
    """Renames the key's schema."""

    on_key: ClassVar[bool] = True


class SetSchemaMetadataValue(SetSchemaMetadata):
    """Renames the value's schema."""
