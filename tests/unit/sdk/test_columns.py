"""Batches as columns."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.sdk.columns import Columns, Same, column, columns_like
from penstock.sdk.record import SinkRecord, SourceRecord
from penstock.sdk.schema import STRING

LINE = SourceRecord("lines", None, STRING, timestamp=5, source_partition={"file": "f"})


def test_records_are_all_alike_but_for_the_columns() -> None:
    batch = columns_like(LINE, value=["a", "b"], source_offset=[{"at": 1}, {"at": 2}])
    assert list(batch) == [
        SourceRecord(
            "lines",
            value,
            STRING,
            timestamp=5,
            source_partition={"file": "f"},
            source_offset={"at": at},
        )
        for value, at in (("a", 1), ("b", 2))
    ]


def test_a_batch_is_a_sequence_of_the_same_records_each_time() -> None:
    batch = columns_like(LINE, value=["a", "b", "c"])
    assert len(batch) == 3
    assert batch[1].value == "b"
    assert batch[1] is list(batch)[1]
    assert [record.value for record in batch[1:]] == ["b", "c"]
    assert batch[-1] in batch


def test_a_column_that_is_a_function_is_read_once_and_only_when_needed() -> None:
    asked: list[str] = []

    def offsets() -> list[Any]:
        asked.append("offset")
        return [7]

    names = {name: [None] for name in SinkRecord.__struct_fields__}
    batch = Columns(SinkRecord, 1, names | {"offset": offsets})
    assert batch.column("value") == [None]
    assert asked == []
    assert batch[0].offset == batch.column("offset")[0] == 7
    assert asked == ["offset"]


def test_replacing_columns_leaves_the_given_batch_as_it_is() -> None:
    batch = columns_like(LINE, value=["a"])
    changed = batch.replaced(value=["b"], topic=["t"])
    assert (changed[0].topic, changed[0].value, changed[0].timestamp) == ("t", "b", 5)
    assert (batch[0].topic, batch[0].value) == ("lines", "a")


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"one length, not \[1, 2\]"):
        columns_like(LINE, value=["a"], timestamp=[1, 2])
    with pytest.raises(ValueError, match="fewer than 2"):
        columns_like(LINE, value=["a", "b"]).replaced(topic=["t"]).records()


def test_a_column_of_plain_records_is_read_from_them() -> None:
    records = [SourceRecord("t", "a"), SourceRecord("t", "b")]
    assert column(records, "value") == ["a", "b"]
    assert column(columns_like(LINE, value=["c"]), "value") == ["c"]


def test_a_column_that_is_the_same_throughout_gives_the_same_records() -> None:
    batch = columns_like(LINE, value=["a", "b", "a"])
    assert type(batch.column("topic")) is Same
    plain = Columns(
        SourceRecord, 3, {name: list(batch.column(name)) for name in LINE.__struct_fields__}
    )
    assert list(batch) == list(plain)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_all_columns_may_be_the_same_throughout(size: int) -> None:
    columns = {name: Same.of(getattr(LINE, name), size) for name in LINE.__struct_fields__}
    assert list(Columns(SourceRecord, size, columns)) == [LINE] * size
