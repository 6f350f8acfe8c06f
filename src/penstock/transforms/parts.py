"""What transformations of a record's key or value share: work by runs of one schema."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Annotated, Any, ClassVar, Final, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.record import Record, replace
from penstock.sdk.schema import Schema
from penstock.sdk.transform import Transform

C = TypeVar("C", bound=Config)
R = TypeVar("R", bound=Record)

SCHEMAS_KEPT: Final = 16


ReplaceNulls = Annotated[
    bool,
    Option(
        "Whether a null in a field that has a default is read as the default.",
        Importance.MEDIUM,
    ),
]
"""What all transformations that read fields of structs can be told."""


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of values of one schema: the schema they then have, and how each changes."""

    schema: Schema | None
    of: Callable[[Any], Any]


class PartTransform(Transform[C]):
    """Changes the key or the value of each record, by rules derived once per schema."""

    on_key: ClassVar[bool] = False
    keeps_null: ClassVar[bool] = True  # a record whose part is null is handed on as it is

    def __init__(self, config: C) -> None:
        super().__init__(config)
        self._change = lru_cache(maxsize=SCHEMAS_KEPT)(self.change)

    @abstractmethod
    def change(self, schema: Schema | None) -> Change:
        """What becomes of values of this schema. The result is kept."""

    def apply(self, records: Sequence[R]) -> list[R]:
        changed: list[R] = []
        for schema, run in runs(records, on_key=self.on_key):
            changed += self._keys(schema, run) if self.on_key else self._values(schema, run)
        return changed

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        name = "key" if self.on_key else "value"
        schemas, values = batch.column(f"{name}_schema"), batch.column(name)
        if not all_alike(schemas) or (self.keeps_null and type(None) in map(type, values)):
            return None
        change = self._change(schemas[0])
        changed = list(map(change.of, values))
        if schemas[0] is change.schema:
            return batch.replaced(**{name: changed})
        return batch.replaced(**{name: changed, f"{name}_schema": [change.schema] * len(batch)})

    def _values(self, schema: Schema | None, run: Sequence[R]) -> list[R]:
        if self.keeps_null and all(r.value is None for r in run):
            return list(run)
        change = self._change(schema)
        new, of = change.schema, change.of
        if not self.keeps_null:
            return [replace(r, value=of(r.value), value_schema=new) for r in run]
        if new is None:
            return [r if r.value is None else replace(r, value=of(r.value)) for r in run]
        return [
            r if r.value is None else replace(r, value=of(r.value), value_schema=new) for r in run
        ]

    def _keys(self, schema: Schema | None, run: Sequence[R]) -> list[R]:
        if self.keeps_null and all(r.key is None for r in run):
            return list(run)
        change = self._change(schema)
        new, of = change.schema, change.of
        if not self.keeps_null:
            return [replace(r, key=of(r.key), key_schema=new) for r in run]
        return [r if r.key is None else replace(r, key=of(r.key), key_schema=new) for r in run]


def all_alike(schemas: Sequence[Schema | None]) -> bool:
    """Whether a batch, not an empty one, has one schema."""
    return schemas.count(schemas[0]) == len(schemas)


def runs(records: Sequence[R], *, on_key: bool) -> Iterator[tuple[Schema | None, Sequence[R]]]:
    """The records in runs that share a schema; nearly always one run."""
    if not records:
        return
    if on_key:
        schemas = [record.key_schema for record in records]
    else:
        schemas = [record.value_schema for record in records]
    if all_alike(schemas):
        yield schemas[0], records
        return
    schema_of: Callable[[R], Schema | None] = attrgetter("key_schema" if on_key else "value_schema")
    for schema, run in groupby(records, schema_of):
        yield schema, list(run)
