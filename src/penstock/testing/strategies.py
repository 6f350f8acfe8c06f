"""Hypothesis strategies: schemas, values of a schema, schemaless values and records.

@given(schemas_with_values())
def test_reads_back_what_it_writes(given): schema, value = given
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from penstock.sdk.logical import (
    DATE,
    DATE_NAME,
    DECIMAL_NAME,
    EPOCH,
    TIME,
    TIME_NAME,
    TIMESTAMP,
    TIMESTAMP_NAME,
    decimal_schema,
    scale_of,
    scaled,
)
from penstock.sdk.record import Header, SinkRecord, SourceRecord, TimestampType
from penstock.sdk.schema import (
    BOOLEAN,
    BYTES,
    FLOAT32,
    FLOAT64,
    INT8,
    INT16,
    INT32,
    INT64,
    STRING,
    Schema,
    Type,
)

_MS: Final = timedelta(milliseconds=1)
_SCALARS: Final = (INT8, INT16, INT32, INT64, FLOAT32, FLOAT64, BOOLEAN, STRING, BYTES)


def texts(max_size: int = 12) -> st.SearchStrategy[str]:
    """Any text that UTF-8 can hold, quotes and control characters included."""
    return st.text(st.characters(exclude_categories=("Cs",)), max_size=max_size)


def names() -> st.SearchStrategy[str]:
    """Names of fields, topics and headers."""
    return st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=8)


def instants() -> st.SearchStrategy[datetime]:
    """UTC instants in whole milliseconds, from the year 1 to 9999."""
    ends = [datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)]
    low, high = ((end - EPOCH) // _MS for end in ends)
    return st.integers(low, high).map(lambda millis: EPOCH + millis * _MS)


def scalar_schemas(*, logical: bool = True) -> st.SearchStrategy[Schema]:
    """Required schemas of primitive and (unless told otherwise) logical types."""
    plain = st.sampled_from(_SCALARS)
    if not logical:
        return plain
    decimals = st.integers(-3, 20).map(decimal_schema)
    return st.one_of(plain, st.sampled_from((DATE, TIME, TIMESTAMP)), decimals)


def schemas(*, logical: bool = True, max_leaves: int = 8) -> st.SearchStrategy[Schema]:
    """Any schema; optional or not, with and without name, version and doc."""
    return st.recursive(
        _decorated(scalar_schemas(logical=logical)),
        lambda inner: _decorated(st.one_of(_arrays(inner), _maps(inner), _structs(inner))),
        max_leaves=max_leaves,
    )


def struct_schemas(*, logical: bool = True, max_leaves: int = 8) -> st.SearchStrategy[Schema]:
    """Schemas of structs."""
    return _structs(schemas(logical=logical, max_leaves=max_leaves))


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that fit a schema, null included where that is allowed."""
    present = _present(schema)
    return st.none() | present if schema.optional else present


def schemas_with_values(
    *, logical: bool = True, max_leaves: int = 8
) -> st.SearchStrategy[tuple[Schema, Any]]:
    """A schema and a value that fits it."""
    found = schemas(logical=logical, max_leaves=max_leaves)
    return found.flatmap(lambda schema: values(schema).map(lambda value: (schema, value)))


def schemaless_values(max_leaves: int = 8) -> st.SearchStrategy[Any]:
    """What JSON without schema can hold: null, booleans, 64-bit numbers, texts, lists and maps."""
    scalars = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        texts(),
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts(), inner, max_size=4),
        max_leaves=max_leaves,
    )


def headers() -> st.SearchStrategy[tuple[Header, ...]]:
    """Headers, some with the same key."""
    one = st.builds(_header, st.sampled_from(("a", "b", "c")), schemas_with_values(max_leaves=2))
    return st.lists(one, max_size=3).map(tuple)


def _header(key: str, typed: tuple[Schema, Any]) -> Header:
    return Header(key, typed[1], typed[0])


def source_records() -> st.SearchStrategy[SourceRecord]:
    """Source records with and without schema, key, value, timestamp and headers."""
    return st.builds(
        _source_record,
        names(),
        _sides(),
        _sides(),
        _timestamps(),
        headers(),
        st.none() | st.integers(0, 5),
        st.integers(0, 2**31),
    )


def sink_records() -> st.SearchStrategy[SinkRecord]:
    """Sink records with and without schema, key, value, timestamp and headers."""
    return st.builds(
        _sink_record,
        names(),
        _sides(),
        _sides(),
        _timestamps(),
        headers(),
        st.integers(0, 5),
        st.integers(0, 2**31),
    )


Side = tuple[Schema | None, Any]


def _sides() -> st.SearchStrategy[Side]:
    bare = schemaless_values().map(lambda value: (None, value))
    return st.one_of(schemas_with_values(), bare, st.just((None, None)))


def _timestamps() -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(0, 2**41)


def _source_record(
    topic: str,
    key: Side,
    value: Side,
    timestamp: int | None,
    head: tuple[Header, ...],
    partition: int | None,
    offset: int,
) -> SourceRecord:
    return SourceRecord(
        topic=topic,
        key_schema=key[0],
        key=key[1],
        value_schema=value[0],
        value=value[1],
        timestamp=timestamp,
        headers=head,
        partition=partition,
        source_partition={"stream": "s"},
        source_offset={"position": offset},
    )


def _sink_record(
    topic: str,
    key: Side,
    value: Side,
    timestamp: int | None,
    head: tuple[Header, ...],
    partition: int,
    offset: int,
) -> SinkRecord:
    kind = TimestampType.NO_TIMESTAMP_TYPE if timestamp is None else TimestampType.CREATE_TIME
    return SinkRecord(
        topic=topic,
        key_schema=key[0],
        key=key[1],
        value_schema=value[0],
        value=value[1],
        timestamp=timestamp,
        headers=head,
        partition=partition,
        offset=offset,
        timestamp_type=kind,
        original_topic=topic,
        original_partition=partition,
        original_offset=offset,
    )


def _decorated(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return st.builds(_with_extras, inner, st.booleans(), st.none() | names(), st.booleans())


def _with_extras(schema: Schema, optional: bool, name: str | None, more: bool) -> Schema:
    changes: dict[str, Any] = {"optional": optional}
    if schema.name is None and name is not None:
        changes |= {"name": f"com.example.{name}"}
        changes |= {"version": 2, "doc": "About it."} if more else {}
    return schema.changed(**changes)


def _arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return inner.map(lambda schema: Schema(Type.ARRAY, value_schema=schema))


def _maps(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    keys = st.sampled_from((STRING, STRING, INT32, INT64, BOOLEAN))
    return st.builds(_map_schema, keys, inner)


def _map_schema(key: Schema, value: Schema) -> Schema:
    return Schema(Type.MAP, key_schema=key, value_schema=value)


def _structs(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    fields = st.lists(st.tuples(names(), inner), max_size=4, unique_by=lambda field: field[0])
    return fields.map(lambda members: Schema(Type.STRUCT, fields=members))


def _present(schema: Schema) -> st.SearchStrategy[Any]:
    if schema.name in _LOGICAL:
        return _decimals(schema) if schema.name == DECIMAL_NAME else _LOGICAL[schema.name]
    if schema.type is Type.ARRAY and schema.value_schema:
        return st.lists(values(schema.value_schema), max_size=4)
    if schema.type is Type.MAP and schema.key_schema and schema.value_schema:
        return st.dictionaries(values(schema.key_schema), values(schema.value_schema), max_size=4)
    if schema.type is Type.STRUCT:
        return st.fixed_dictionaries({f.name: values(f.schema) for f in schema.fields})
    return _VALUES[schema.type]


def _decimals(schema: Schema) -> st.SearchStrategy[Decimal]:
    scale = scale_of(schema)
    return st.integers(-(2**80), 2**80).map(lambda number: scaled(number, scale))


_VALUES: Final[dict[Type, st.SearchStrategy[Any]]] = {
    Type.INT8: st.integers(-(2**7), 2**7 - 1),
    Type.INT16: st.integers(-(2**15), 2**15 - 1),
    Type.INT32: st.integers(-(2**31), 2**31 - 1),
    Type.INT64: st.integers(-(2**63), 2**63 - 1),
    Type.FLOAT32: st.floats(width=32),
    Type.FLOAT64: st.floats(),
    Type.BOOLEAN: st.booleans(),
    Type.STRING: texts(),
    Type.BYTES: st.binary(max_size=12),
    Type.ARRAY: st.just(list[Any]()),
    Type.MAP: st.just(dict[Any, Any]()),
}
_LOGICAL: Final[dict[str | None, st.SearchStrategy[Any]]] = {
    DECIMAL_NAME: st.nothing(),  # depends on the scale
    DATE_NAME: st.integers(-719_160, 2_932_896).map(lambda days: EPOCH + timedelta(days=days)),
    TIME_NAME: st.integers(0, 86_399_999).map(lambda millis: EPOCH + millis * _MS),
    TIMESTAMP_NAME: instants(),
}
