"""Which of its two ways a transformation is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.runtime.stages import TransformLink
from penstock.sdk.columns import Columns, columns_like
from penstock.sdk.config import Config
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record, SourceRecord, replace
from penstock.sdk.transform import Transform


class Upper(Transform[Config]):
    def apply(self, records: Sequence[Any]) -> list[Any]:
        return [replace(r, value=r.value.upper()) for r in records]

    def apply_columns(self, batch: Columns[Any]) -> Columns[Any]:
        return batch.replaced(value=[value.upper() for value in batch.column("value")])


class Louder(Upper):
    def apply(self, records: Sequence[Any]) -> list[Any]:
        return [replace(r, value=f"{r.value}!") for r in super().apply(records)]


class Holds(Predicate[Config]):
    def matches(self, records: Sequence[Record]) -> list[bool]:
        return [record.value in self.config.properties for record in records]


BATCH = columns_like(SourceRecord("t"), value=["a", "b"])


def link(kind: type[Transform[Any]], *held: str) -> TransformLink:
    config = Config(dict.fromkeys(held, ""))
    return TransformLink("T", kind(config), Holds(config) if held else None)


def values(records: Sequence[Record]) -> list[Any]:
    return [record.value for record in records]


def test_columns_stay_columns_where_a_transformation_can_do_without_records() -> None:
    found = link(Upper).apply(BATCH)
    assert isinstance(found, Columns)
    assert values(found) == ["A", "B"]


def test_a_transformation_that_overrides_apply_alone_is_asked_that() -> None:
    found = link(Louder).apply(BATCH)
    assert isinstance(found, list)
    assert values(found) == ["A!", "B!"]


def test_a_predicate_that_holds_for_all_or_none_leaves_the_columns() -> None:
    assert isinstance(link(Upper, "a", "b").apply(BATCH), Columns)
    assert link(Upper, "x").apply(BATCH) is BATCH
    assert values(link(Upper, "b").apply(BATCH)) == ["a", "B"]
