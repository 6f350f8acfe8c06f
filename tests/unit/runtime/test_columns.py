"""Batches of columns go through the loops as batches of records do."""

from __future__ import annotations

from typing import Any

from penstock.runtime.tolerance import Tolerance
from penstock.sdk.columns import Columns, columns_like
from penstock.sdk.record import SinkRecord, SourceRecord, TimestampType
from tests.unit.runtime.rig import T0, T1, Puts, SinkRig, SourceRig

LINE = SourceRecord("t", timestamp=5, source_partition={"file": "f"})


def lines(*values: str) -> Columns[SourceRecord]:
    offsets = [{"line": number} for number in range(len(values))]
    return columns_like(LINE, value=values, source_offset=offsets)


def test_columns_of_a_source_are_sent_and_their_last_offset_is_committed() -> None:
    rig = SourceRig(lines("a", "b"))
    rig.steps(1)
    rig.commit()
    assert rig.values() == [b"a", b"b"]
    assert {record.timestamp for record in rig.kafka.topic("t")} == {5}
    assert rig.committed() == [{"line": 1}]


def test_a_bad_value_in_a_column_of_a_source_is_the_only_one_left_out() -> None:
    rig = SourceRig(lines("a", "bad", "c"), tolerance=Tolerance.ALL)
    rig.steps(1)
    rig.commit()
    assert rig.values() == [b"a", b"c"]
    assert [context.record.value for context in rig.noted.contexts] == ["bad"]  # type: ignore
    assert rig.committed() == [{"line": 2}]


def test_columns_of_several_topics_and_source_partitions_are_kept_apart() -> None:
    partitions = [{"file": "f"}, {"file": "g"}, {"file": "f"}]
    offsets = [{"line": 1}, {"line": 5}, {"line": 2}]
    batch = columns_like(
        LINE,
        value=["a", "b", "c"],
        topic=["t", "u", "t"],
        source_partition=partitions,
        source_offset=offsets,
    )
    rig = SourceRig(batch)
    rig.steps(1)
    rig.commit()
    assert (rig.values("t"), rig.values("u")) == ([b"a", b"c"], [b"b"])
    assert sorted(rig.committed(), key=str) == [{"line": 2}, {"line": 5}]


class KeepsRecords(Puts):
    def put(self, records: Any) -> None:
        self.kept = records
        super().put(records)


def test_a_sink_is_given_all_of_its_records_when_it_looks_at_them() -> None:
    rig = SinkRig(b"a", task=KeepsRecords, assign=(T0, T1))
    rig.kafka.append("t", b"b", key=b"k", partition=1, headers=[("h", b"x")])
    rig.steps(1)
    first, second = rig.task.kept  # type: ignore[attr-defined]
    assert first == SinkRecord(
        "t",
        "a",
        timestamp=5,
        partition=0,
        offset=0,
        timestamp_type=TimestampType.CREATE_TIME,
        original_topic="t",
        original_partition=0,
        original_offset=0,
    )
    assert (second.key, second.partition, second.timestamp) == ("k", 1, None)
    assert [(h.key, h.value) for h in second.headers] == [("h", "x")]
