"""What every transformation and predicate must do. Inherit the suite and name the class.

class TestCast(TransformContract):
    transform = CastValue
    options = {"spec": "id:string"}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar, Final, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.sdk.columns import Columns, as_columns
from penstock.sdk.config import config_class
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Header, Record, SinkRecord
from penstock.sdk.schema import same_value
from penstock.sdk.transform import Transform
from penstock.testing.strategies import sink_records, source_records

Outcome = list[Record] | str  # what a record becomes, or the error it causes

_inherited: Final = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.differing_executors, HealthCheck.too_slow],
)
_COORDINATES: Final = ("original_topic", "original_partition", "original_offset", "offset")
_ORIGINS: Final = ("source_partition", "source_offset")


class TransformContract:
    """Override `records` to try those that the transformation is made for."""

    transform: ClassVar[type[Transform[Any]]]
    options: ClassVar[Mapping[str, str]] = {}

    def records(self) -> st.SearchStrategy[Record]:
        """Records to transform; those it refuses may be among them."""
        return st.one_of(source_records(), sink_records())

    def make(self) -> Transform[Any]:
        """A new transformation."""
        return self.transform(config_class(self.transform).parse(self.options))

    @_inherited
    @given(st.data())
    def test_a_batch_becomes_what_its_records_become_one_by_one(self, data: st.DataObject) -> None:
        records = data.draw(_batches(self.records()))
        transform = self.make()
        alone = [outcome(transform, record) for record in records]
        if any(isinstance(each, str) for each in alone):
            with pytest.raises(Exception):  # noqa: B017, PT011  whichever record's it is
                transform.apply(records)
        else:
            wanted = [record for each in alone for record in _records(each)]
            found = transform.apply(records)
            assert same_outcome(found, wanted), (found, wanted)

    @_inherited
    @given(st.data())
    def test_columns_become_what_their_records_become(self, data: st.DataObject) -> None:
        records = data.draw(_batches(self.records()))
        kept = [record for record in records if type(record) is type(records[0])]
        for batch in (kept, *([record] for record in kept)):
            columns = as_columns(batch)
            if isinstance(columns, Columns):
                wanted = _outcome(self.make().apply, batch)
                found = _outcome(self.make().apply_columns, columns)
                assert found is None or same_outcome(found, wanted), (found, wanted)

    @_inherited
    @given(st.data())
    def test_records_are_never_edited(self, data: st.DataObject) -> None:
        record = data.draw(self.records())
        before = deepcopy(record)
        outcome(self.make(), record)
        assert same_record(record, before)

    @_inherited
    @given(st.data())
    def test_records_keep_their_kind_and_where_they_came_from(self, data: st.DataObject) -> None:
        record = data.draw(self.records())
        for changed in _records(outcome(self.make(), record)):
            assert type(changed) is type(record)
            for name in _COORDINATES if isinstance(record, SinkRecord) else _ORIGINS:
                assert getattr(changed, name) == getattr(record, name)

    @_inherited
    @given(st.data())
    def test_what_was_transformed_before_makes_no_difference(self, data: st.DataObject) -> None:
        used = self.make()
        for record in data.draw(_batches(self.records())):
            found, afresh = outcome(used, record), outcome(self.make(), record)
            assert same_outcome(found, afresh), (found, afresh)

    def test_an_empty_batch_stays_empty(self) -> None:
        assert self.make().apply([]) == []

    def test_can_be_closed(self) -> None:
        transform = self.make()
        transform.close()
        transform.close()


class PredicateContract:
    """The same for predicates."""

    predicate: ClassVar[type[Predicate[Any]]]
    options: ClassVar[Mapping[str, str]] = {}

    def records(self) -> st.SearchStrategy[Record]:
        """Records to test."""
        return st.one_of(source_records(), sink_records())

    def make(self) -> Predicate[Any]:
        """A new predicate."""
        return self.predicate(config_class(self.predicate).parse(self.options))

    @_inherited
    @given(st.data())
    def test_says_of_a_batch_what_it_says_of_its_records(self, data: st.DataObject) -> None:
        records = data.draw(_batches(self.records()))
        predicate = self.make()
        alone = [predicate.matches([record])[0] for record in records]
        assert predicate.matches(records) == alone
        assert all(type(held) is bool for held in alone)

    @_inherited
    @given(st.data())
    def test_records_are_never_edited(self, data: st.DataObject) -> None:
        record = data.draw(self.records())
        before = deepcopy(record)
        self.make().matches([record])
        assert same_record(record, before)

    def test_an_empty_batch_has_no_answers(self) -> None:
        assert self.make().matches([]) == []


def outcome(transform: Transform[Any], record: Record) -> Outcome:
    """What becomes of one record."""
    return _outcome(transform.apply, [record])


def _outcome(apply: Callable[[Any], Any], batch: Sequence[Record]) -> Any:
    try:
        found = apply(batch)
        return found if found is None else list(found)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def same_outcome(one: Outcome, other: Outcome) -> bool:
    """Whether two records came out the same, or failed the same."""
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return len(one) == len(other) and all(map(same_record, one, other))


def same_record(one: Record, other: Record) -> bool:
    """Whether two records are the same, down to the sign of zero."""
    names: Sequence[str] = type(one).__struct_fields__
    return type(one) is type(other) and all(
        _same(getattr(one, name), getattr(other, name)) for name in names
    )


def _same(one: Any, other: Any) -> bool:
    if not isinstance(one, tuple):
        return same_value(one, other)
    headers = cast("tuple[Header, ...]", one)
    return len(headers) == len(other) and all(
        a.key == b.key and a.schema == b.schema and same_value(a.value, b.value)
        for a, b in zip(headers, other, strict=True)
    )


def _records(found: Outcome) -> list[Record]:
    return [] if isinstance(found, str) else found


def _batches(records: st.SearchStrategy[Record]) -> st.SearchStrategy[list[Record]]:
    """Batches in which neighbours often share a schema."""
    return st.lists(records, max_size=4).map(lambda batch: batch + batch[-1:])
