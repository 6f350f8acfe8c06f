"""Offsets of tasks in other processes, as the worker reads and writes them."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from typing import Any

from penstock.cluster.messages import StartTask, TargetState, TaskId
from penstock.hosting import offset_desk
from penstock.hosting.messages import (
    CopyOffsets,
    MakeOffsetRecords,
    OffsetRecordsMade,
    OffsetsFound,
    OffsetsRefused,
    OffsetsStored,
    Pairs,
    ReadOffsets,
    StoreOffsets,
)
from penstock.hosting.offset_desk import OffsetDesk
from penstock.testing.memory_kafka import MemoryOffsets

TASK = TaskId("c", 0)
START = StartTask(TASK, 1, {"name": "c"}, {}, TargetState.STARTED)
STORE = StoreOffsets(2, TASK, 1, [({"p": 1}, {"n": 5})], 1000)


class Stores:
    def __init__(self) -> None:
        self.offsets = MemoryOffsets()

    def of(self, connector: str, properties: Mapping[str, str]) -> MemoryOffsets:
        assert (connector, properties) == ("c", {"name": "c"})
        return self.offsets


def answered(desk: OffsetDesk, question: Any, *, allowed: bool = True) -> Any:
    answers: queue.Queue[Any] = queue.Queue()
    desk.ask(question, START, lambda: allowed, answers.put)
    return answers.get(timeout=60)


def test_what_is_stored_is_read_back() -> None:
    desk = OffsetDesk(Stores())
    assert answered(desk, STORE) == OffsetsStored(2)
    read = ReadOffsets(3, TASK, 1, [{"p": 1}, {"p": 2}])
    assert answered(desk, read) == OffsetsFound(3, [{"n": 5}, None])


def test_a_task_that_was_given_up_on_can_store_nothing() -> None:
    stores = Stores()
    answer = answered(OffsetDesk(stores), STORE, allowed=False)
    assert answer == OffsetsRefused(2, "Task c-0 was given up on.")
    assert stores.offsets.pairs() == []


def test_a_store_that_fails_is_told_to_the_task() -> None:
    stores = Stores()
    stores.offsets.error = TimeoutError("the disk is slow")
    assert answered(OffsetDesk(stores), STORE) == OffsetsRefused(2, "the disk is slow")


def test_more_than_can_wait_is_refused_at_once(monkeypatch: Any) -> None:
    monkeypatch.setattr(offset_desk, "WAITING_MAX", 0)
    desk = OffsetDesk(Stores())
    desk._waiting = queue.Queue(1)
    desk._waiting.put(lambda: None)
    assert isinstance(answered(desk, STORE), OffsetsRefused)


def test_offsets_for_a_transaction_are_handed_out_as_records_and_then_copied() -> None:
    stores = Stores()
    desk = OffsetDesk(stores)
    pairs: Pairs = [({"p": 1}, {"n": 5}), ({"p": 2}, None)]
    made = answered(desk, MakeOffsetRecords(4, TASK, 1, pairs, 1000))
    entries: list[tuple[bytes, bytes | None]] = [(b'{"p":1}', b'{"n":5}'), (b'{"p":2}', None)]
    assert made == OffsetRecordsMade(4, "offsets", entries)
    assert stores.offsets.pairs() == []
    assert answered(desk, CopyOffsets(5, TASK, 1, pairs)) == OffsetsStored(5)
    assert stores.offsets.followed == pairs


def test_a_task_that_was_given_up_on_gets_no_records_for_a_transaction() -> None:
    question = MakeOffsetRecords(6, TASK, 1, [], 1000)
    assert isinstance(answered(OffsetDesk(Stores()), question, allowed=False), OffsetsRefused)
