"""An exactly-once source over a Kafka in memory, for tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from penstock.runtime.boundaries import Boundary, EachPoll, Requested
from penstock.runtime.contexts import SourceTaskContext
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.exactly_once import ExactlyOnce
from penstock.runtime.plugins import NoTransforms, Transforms
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.source_loop import SourceLoop
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.config import Config
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceTask
from penstock.testing.memory_kafka import MemoryKafka, MemoryOffsets
from penstock.testing.memory_transactions import MemoryTransactions
from penstock.testing.time import ManualControl, RecordedEvents
from tests.unit.runtime.rig import Noted, Polls, TellsRecords, converters


class OnceRig:
    """A loop over a Kafka in memory. Hand on `kafka` to a second one to see it go on."""

    def __init__(
        self,
        *batches: Any,
        boundary: Boundary | None = None,
        task: type[SourceTask[Any]] = Polls,
        transforms: Transforms | None = None,
        tolerance: Tolerance = Tolerance.NONE,
        kafka: MemoryKafka | None = None,
        queue_max: int = 100_000,
        retry_timeout_ms: int = 0,
        start: bool = True,
    ) -> None:
        self.control = ManualControl()
        self.kafka = kafka or MemoryKafka()
        self.offsets = MemoryOffsets(self.kafka)
        self.events = RecordedEvents()
        self.asked = 0
        self.superseded: Exception | None = None
        boundary = boundary or EachPoll()
        context = SourceTaskContext(
            "c",
            0,
            {},
            self.control,
            self.offsets,
            boundary if isinstance(boundary, Requested) else None,
            fenced_first=True,
        )
        self.task: Any = task(Config({}), context)
        self.task.batches = batches
        self.producer = MemoryTransactions(self.kafka, "g-c-0", queue_max)
        self.counters = SourceCounters()
        reporters = Reporters([Noted()])
        operator = Operator(
            tolerance, self.control.time, self.control, retry_timeout_ms=retry_timeout_ms
        )
        topics = TopicsSeen(self.events)
        commits = ExactlyOnce(
            "c-0",
            SourceNotes(self.task),
            self.producer,
            self.offsets,
            boundary,
            self._may_go_on,
            self.control,
            self.control.time,
            topics,
            self.counters,
        )
        self.loop = SourceLoop(
            self.task,
            SourceEncoder(transforms or NoTransforms(), converters(), operator, reporters),
            commits,
            reporters,
            self.control,
            self.control.time,
            topics,
            self.counters,
        )
        context.idle = self.loop
        if start:
            self.loop.start()

    def _may_go_on(self) -> None:
        self.asked += 1
        if self.superseded is not None:
            raise self.superseded

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.loop.step()

    def stop(self) -> None:
        self.control.stopping = True
        assert not self.loop.step()
        self.loop.close()

    def values(self) -> list[bytes | None]:
        return [record.value for record in self.kafka.topic("t")]

    def committed(self) -> list[Any]:
        return [offset for _, offset in self.offsets.pairs()]


def texts(*numbers: int) -> list[bytes]:
    return [f"line {number}".encode() for number in numbers]


class Says(TellsRecords):
    """Ends transactions as its batches say: a pair of records and (method, which record) calls."""

    def poll(self) -> Sequence[SourceRecord]:
        if not self.todo:
            return []
        records, calls = self.todo.pop(0)
        for method, index in calls:
            named = () if index is None else (records[index],)
            getattr(self.context.transaction, method)(*named)
        return records


def says(*batches: Any, **more: Any) -> OnceRig:
    return OnceRig(*batches, task=Says, boundary=Requested(), **more)


def failing(step: str, error: Exception | None = None) -> Callable[[str], None]:
    def fail(now: str) -> None:
        if now == step:
            raise error or ConnectError(f"no {step}")

    return fail
