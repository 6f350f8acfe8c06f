"""InsertField: add where a record comes from, or a fixed text, as fields of its key or value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.errors import ConfigError
from penstock.sdk.logical import OPTIONAL_TIMESTAMP, TIMESTAMP, millis_to_instant
from penstock.sdk.numbers import Int32
from penstock.sdk.record import Record, SinkRecord, replace
from penstock.sdk.schema import (
    INT32,
    INT64,
    OPTIONAL_INT32,
    OPTIONAL_INT64,
    OPTIONAL_STRING,
    STRING,
    Schema,
)
from penstock.sdk.transform import Transform
from penstock.transforms.parts import SCHEMAS_KEPT, ReplaceNulls, all_alike, runs
from penstock.transforms.requirements import (
    not_a_sink_record,
    not_a_struct,
    null_for_required,
    required_map,
)
from penstock.transforms.schema_update import Projection, copying, is_struct, struct_like

R = TypeVar("R", bound=Record)

_PURPOSE = "field insertion"
_MARKS = "Add `!` to the name for a required field, `?` for an optional one (the default)."


class InsertFieldConfig(Config):
    """Settings of InsertField."""

    topic_field: Annotated[
        str | None, Option(f"Field for the name of the topic. {_MARKS}", Importance.MEDIUM)
    ] = None
    partition_field: Annotated[
        str | None, Option(f"Field for the number of the partition. {_MARKS}", Importance.MEDIUM)
    ] = None
    offset_field: Annotated[
        str | None,
        Option(f"Field for the offset; for sink connectors only. {_MARKS}", Importance.MEDIUM),
    ] = None
    timestamp_field: Annotated[
        str | None, Option(f"Field for the record's timestamp. {_MARKS}", Importance.MEDIUM)
    ] = None
    static_field: Annotated[
        str | None, Option(f"Field for the text of `static.value`. {_MARKS}", Importance.MEDIUM)
    ] = None
    static_value: Annotated[
        str | None, Option("The text for `static.field`.", Importance.MEDIUM)
    ] = None
    replace_null_with_default: ReplaceNulls = True

    def check_together(self) -> None:
        wanted = (self.topic_field, self.partition_field, self.offset_field)
        if all(name is None for name in (*wanted, self.timestamp_field, self.static_field)):
            raise ConfigError("No field insertion configured")
        if self.static_field is not None and self.static_value is None:
            raise ConfigError.invalid(
                "static.value", None, f"No value specified for static field: {self.static_field}"
            )


Reader = Callable[[Any], Any]  # of a record; None: nothing to insert


class _Insertion(NamedTuple):
    """A field to add."""

    name: str
    schema: Schema
    plain: Reader  # the value without schema
    typed: Reader  # and with


class InsertField(Transform[InsertFieldConfig]):
    """Adds fields to maps and structs; null is left as it is."""

    on_key: ClassVar[bool] = False

    def __init__(self, config: InsertFieldConfig) -> None:
        super().__init__(config)
        self._insertions = _insertions(config)
        self._fixed = _fixed(self._insertions, config)
        self._plan = lru_cache(maxsize=SCHEMAS_KEPT)(self._planned)

    def apply(self, records: Sequence[R]) -> list[R]:
        changed: list[R] = []
        for schema, run in runs(records, on_key=self.on_key):
            if self.on_key:
                changed += self._in_keys(schema, run)
            else:
                changed += self._in_values(schema, run)
        return changed

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        """For a fixed text, for which no other part of a record is needed."""
        name = "key" if self.on_key else "value"
        schemas, values = batch.column(f"{name}_schema"), batch.column(name)
        fixed = self._fixed
        if fixed is None or set(map(type, values)) != {dict} or not all_alike(schemas):
            return None
        if schemas[0] is None:
            return batch.replaced(**{name: [value | fixed for value in values]})
        new, added = self._plan(schemas[0])
        changed = [added(None, value) for value in values]
        return batch.replaced(**{name: changed, f"{name}_schema": [new] * len(batch)})

    def _in_keys(self, schema: Schema | None, run: Sequence[R]) -> list[R]:
        if all(record.key is None for record in run):
            return list(run)
        new, added = self._adding(schema)
        return [
            r if r.key is None else replace(r, key=added(r, r.key), key_schema=new) for r in run
        ]

    def _in_values(self, schema: Schema | None, run: Sequence[R]) -> list[R]:
        if schema is None and self._fixed is not None:
            return self._fixed_in_maps(self._fixed, run)
        if all(record.value is None for record in run):
            return list(run)
        new, added = self._adding(schema)
        return [
            r if r.value is None else replace(r, value=added(r, r.value), value_schema=new)
            for r in run
        ]

    def _fixed_in_maps(self, fixed: dict[str, Any], run: Sequence[R]) -> list[R]:
        """The most frequent use, without a call per record."""
        if {type(record.value) for record in run} != {dict}:
            add = _adding_always(fixed)
            return [r if r.value is None else replace(r, value=add(r, r.value)) for r in run]
        return [replace(r, value=r.value | fixed) for r in run]

    def _adding(self, schema: Schema | None) -> tuple[Schema | None, Callable[[Any, Any], Any]]:
        """The schema with the fields, and what adds them: a function of record and value."""
        if schema is not None:
            return self._plan(schema)
        if self._fixed is None:
            return None, self._in_map
        return None, _adding_always(self._fixed)

    def _in_map(self, record: Any, value: Any) -> Any:
        changed = dict(required_map(_PURPOSE, value))
        for name, _, plain, _ in self._insertions:
            found = plain(record)
            if found is not None or plain is _topic:
                changed[name] = found
        return changed

    def _planned(self, schema: Schema) -> tuple[Schema, Callable[[Any, Any], Any]]:
        if not is_struct(schema):
            return schema, _refusing(schema)
        builder = struct_like(schema)
        for field in schema.fields:
            builder.field(field.name, field.schema)
        for insertion in self._insertions:
            builder.field(insertion.name, insertion.schema)
        copy = copying(schema, purpose=_PURPOSE, defaults=self.config.replace_null_with_default)
        if self._fixed is not None:
            return builder.build(), _adding_to_copies(copy, self._fixed)

        def add(record: Any, value: Any) -> Any:
            changed = copy(value)
            for name, its_schema, _, typed in self._insertions:
                found = typed(record)
                if found is not None:
                    changed[name] = found
                elif typed is _topic and not its_schema.optional:
                    raise null_for_required(name, its_schema)
            return changed

        return builder.build(), add


def _adding_always(fixed: dict[str, Any]) -> Callable[[Any, Any], Any]:
    def add(record: Any, value: Any) -> Any:
        return required_map(_PURPOSE, value) | fixed

    return add


def _adding_to_copies(copy: Projection, fixed: dict[str, Any]) -> Callable[[Any, Any], Any]:
    def add(record: Any, value: Any) -> Any:
        changed = copy(value)
        changed.update(fixed)
        return changed

    return add


def _refusing(schema: Schema) -> Callable[[Any, Any], Any]:
    def refuse(record: Any, value: Any) -> Any:
        raise not_a_struct(_PURPOSE, value, schema)

    return refuse


def _topic(record: Record) -> Any:
    return record.topic


def _partition(record: Record) -> Any:
    return record.partition


def _narrow_partition(record: Record) -> Any:
    return None if record.partition is None else Int32(record.partition)


def _offset(record: Record) -> Any:
    if not isinstance(record, SinkRecord):
        raise not_a_sink_record(_PURPOSE, record)
    return record.offset


def _timestamp(record: Record) -> Any:
    return record.timestamp


def _instant(record: Record) -> Any:
    return None if record.timestamp is None else millis_to_instant(record.timestamp)


def _insertions(config: InsertFieldConfig) -> list[_Insertion]:
    def static(record: Record) -> Any:
        return config.static_value

    wanted = (
        (config.topic_field, STRING, OPTIONAL_STRING, _topic, _topic),
        (config.partition_field, INT32, OPTIONAL_INT32, _narrow_partition, _partition),
        (config.offset_field, INT64, OPTIONAL_INT64, _offset, _offset),
        (config.timestamp_field, TIMESTAMP, OPTIONAL_TIMESTAMP, _timestamp, _instant),
        (config.static_field, STRING, OPTIONAL_STRING, static, static),
    )
    return [
        _Insertion(_bare(name), required if name.endswith("!") else optional, plain, typed)
        for name, required, optional, plain, typed in wanted
        if name is not None
    ]


def _bare(name: str) -> str:
    return name[:-1] if name.endswith(("!", "?")) else name


def _fixed(insertions: list[_Insertion], config: InsertFieldConfig) -> dict[str, Any] | None:
    """What is inserted if it is the same for all records."""
    if len(insertions) == 1 and config.static_field is not None:
        return {insertions[0].name: config.static_value}
    return None


class InsertFieldKey(InsertField):
    """Adds fields to the key."""

    on_key: ClassVar[bool] = True


class InsertFieldValue(InsertField):
    """Adds fields to the value."""
