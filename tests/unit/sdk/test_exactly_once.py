"""The base class of sinks that keep their offsets in the target."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.sdk import (
    Config,
    ConnectError,
    ExactlyOnceSinkTask,
    OffsetMove,
    OffsetsMoved,
    RetriableError,
    SinkConnector,
    SinkRecord,
    TopicPartition,
)
from penstock.testing import run_sink


class Target:
    """A database: values, offsets and a plan of what goes wrong."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self.offsets: dict[TopicPartition, int] = {}
        self.trouble: list[str] = []  # for each write: "", "before" or "after"


class Task(ExactlyOnceSinkTask[Config]):
    target: ClassVar[Target]

    def stored_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        held = self.target.offsets
        return {partition: held[partition] for partition in partitions if partition in held}

    def write(
        self, records: Sequence[SinkRecord], moves: Mapping[TopicPartition, OffsetMove]
    ) -> None:
        target = self.target
        trouble = target.trouble.pop(0) if target.trouble else ""
        if trouble == "before":
            raise RetriableError("not heard of")
        for partition, move in moves.items():
            if target.offsets.get(partition) != move.before:
                raise OffsetsMoved(str(partition))
        target.values += [record.value for record in records]
        target.offsets |= {partition: move.after for partition, move in moves.items()}
        if trouble == "after":
            raise RetriableError("not heard of")


class Sink(SinkConnector[Config]):
    task = Task


@pytest.fixture
def target() -> Target:
    Task.target = Target()
    return Task.target


def test_goes_on_where_the_target_ends(target: Target) -> None:
    target.offsets[TopicPartition("test", 0)] = 7
    with run_sink(Sink, {}) as run:
        assert run.rewinds == [{TopicPartition("test", 0): 7}]


def test_leaves_out_what_the_target_has(target: Target) -> None:
    target.offsets[TopicPartition("test", 0)] = 2
    with run_sink(Sink, {}) as run:
        run.put("a", "b", "c")
    assert target.values == ["c"]


def test_records_that_one_record_became_are_written_together(target: Target) -> None:
    with run_sink(Sink, {}) as run:
        one = run.record("a")
        run.put_records([one, run.record("b", original_offset=one.original_offset)])
    assert target.values == ["a", "b"]
    assert target.offsets == {TopicPartition("test", 0): 1}


def test_goes_by_the_place_in_kafka_whatever_transformations_made_of_the_record(
    target: Target,
) -> None:
    with run_sink(Sink, {}) as run:
        run.put("a", topic="elsewhere", partition=9)
    assert target.offsets == {TopicPartition("test", 0): 1}


def test_an_offset_that_went_back_under_a_running_task_fails_it(target: Target) -> None:
    partition = TopicPartition("test", 0)
    with run_sink(Sink, {}) as run:
        run.put("a", "b")
        target.offsets[partition] = 1
        with pytest.raises(OffsetsMoved):
            run.put_records([run.record("c")], attempts_max=1)
        with pytest.raises(ConnectError, match="of test-0 went back from 2 to 1 while"):
            run.put("d")


@given(
    trouble=st.lists(st.sampled_from(["", "before", "after"]), max_size=12),
    sizes=st.lists(st.integers(0, 3), min_size=1, max_size=8),
    crashes=st.sets(st.integers(0, 7)),
)
def test_each_record_arrives_once_whatever_goes_wrong(
    trouble: list[str], sizes: list[int], crashes: set[int]
) -> None:
    Task.target = target = Target()
    target.trouble = trouble
    everything = list(range(sum(sizes)))
    done = 0
    for number, size in enumerate(sizes):
        with run_sink(Sink, {}) as run:  # a new task for each batch
            if number not in crashes:
                run.next_offset = done
            run.put_records([run.record(v) for v in everything[run.next_offset : done + size]], 20)
        done += size
    assert target.values == everything
