"""ValueToKey: make a new key of fields of the value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, TypeVar

from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option, list_without_duplicates
from penstock.sdk.errors import DataError
from penstock.sdk.record import Record, replace
from penstock.sdk.schema import Schema
from penstock.sdk.transform import Transform
from penstock.transforms.parts import SCHEMAS_KEPT, Change, ReplaceNulls, all_alike, runs
from penstock.transforms.requirements import not_a_struct, refusing_structs, required_map
from penstock.transforms.schema_update import is_struct, projection

R = TypeVar("R", bound=Record)

_PURPOSE = "copying fields from value to key"


class ValueToKeyConfig(Config):
    """Settings of ValueToKey."""

    fields: Annotated[
        list[str],
        Option(
            "Fields of the value to make the key of.",
            Importance.HIGH,
            check=list_without_duplicates(empty_allowed=False),
        ),
    ]
    replace_null_with_default: ReplaceNulls = True


class ValueToKey(Transform[ValueToKeyConfig]):
    """Replaces the key by some fields of the value."""

    def __init__(self, config: ValueToKeyConfig) -> None:
        super().__init__(config)
        self._key = lru_cache(maxsize=SCHEMAS_KEPT)(self._key_of)

    def apply(self, records: Sequence[R]) -> list[R]:
        changed: list[R] = []
        for schema, run in runs(records, on_key=False):
            key = self._key(schema)
            new, of = key.schema, key.of
            changed += [replace(r, key=of(r.value), key_schema=new) for r in run]
        return changed

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        schemas = batch.column("value_schema")
        if not all_alike(schemas):
            return None
        key = self._key(schemas[0])
        keys = list(map(key.of, batch.column("value")))
        return batch.replaced(key=keys, key_schema=[key.schema] * len(batch))

    def _key_of(self, schema: Schema | None) -> Change:
        if schema is None:
            names = self.config.fields
            return Change(None, self._of_map if len(names) > 1 else _of_one(names[0]))
        if not is_struct(schema):
            return Change(None, refusing_structs(_PURPOSE, schema))
        found = {name: schema.field(name) for name in self.config.fields}
        missing = next((name for name, field in found.items() if field is None), None)
        if missing is not None:
            return Change(None, lambda value: _no_field(missing, schema, value))
        fields = [(field, field.name) for field in found.values() if field is not None]
        builder = SchemaBuilder.struct()
        for field, name in fields:
            builder.field(name, field.schema)
        defaults = self.config.replace_null_with_default
        of = projection(schema, fields, purpose=_PURPOSE, defaults=defaults)
        return Change(builder.build(), of)

    def _of_map(self, value: Any) -> Any:
        given = required_map(_PURPOSE, value)
        return {name: given.get(name) for name in self.config.fields}


def _of_one(name: str) -> Callable[[Any], Any]:
    return lambda value: {name: required_map(_PURPOSE, value).get(name)}


def _no_field(name: str, schema: Schema, value: Any) -> Any:
    if not isinstance(value, dict):
        raise not_a_struct(_PURPOSE, value, schema)
    raise DataError(f"Field does not exist: {name}")
