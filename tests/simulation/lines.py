"""What tasks of the simulation do: number lines, with the real source loop and commits.

Topics and offsets are outside, as the broker has them; a producer loses what it has not delivered
when its worker dies.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from penstock.cluster.messages import TargetState
from penstock.runtime.at_least_once import AtLeastOnce, SourceSettings
from penstock.runtime.contexts import SourceTaskContext
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters, NoTransforms
from penstock.runtime.ports import OffsetPair, OffsetRecords
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.source_loop import SourceLoop
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.config import Config
from penstock.sdk.converter import Converter, HeaderConverter
from penstock.sdk.record import SourceRecord, TopicPartition
from penstock.sdk.source import SourceTask
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer
from penstock.testing.time import RecordedEvents

COMMIT_MS = 2000
LINES_MAX = 3  # of a poll


class Outside:
    """Topics and offsets of all tasks; the line numbers of a task go to a topic of its own."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.offsets: dict[str, int] = {}
        self.ahead: list[str] = []  # offsets that were committed before their records arrived
        self._arrived: dict[str, set[int]] = {}

    def arrived(self, task: str) -> set[int]:
        known = self._arrived.setdefault(task, set())
        log = self.kafka.logs.get(TopicPartition(task, 0), [])
        known |= {int(record.value or b"") for record in log[len(known) :]}
        return known

    def commit(self, task: str, line: int) -> None:
        missing = set(range(line + 1)) - self.arrived(task)
        if missing:
            self.ahead.append(f"offset {line} of {task}, without {sorted(missing)}")
        self.offsets[task] = line


class Running:
    """One running task. The worker calls `step` now and then, and `close` when it has ended."""

    def __init__(
        self,
        task: str,
        outside: Outside,
        dice: random.Random,
        now: Callable[[], float],
        reachable: Callable[[], bool],
    ) -> None:
        self.control = _Control()
        store = _Store(task, outside, reachable)
        context = SourceTaskContext(task, 0, {}, self.control, store)
        source = _Lines(_CONFIG, context)
        source.most = dice.randint(1, LINES_MAX)
        operator, reporters = Operator(Tolerance.NONE, _Clock(now), self.control), Reporters([])
        topics, counters = TopicsSeen(RecordedEvents()), SourceCounters()
        commits = AtLeastOnce(
            SourceNotes(source),
            lambda tracked: _Slow(outside.kafka, dice, reachable),
            store,
            operator,
            reporters,
            self.control,
            _Clock(now),
            topics,
            counters,
            SourceSettings(COMMIT_MS, COMMIT_MS),
        )
        encoder = SourceEncoder(NoTransforms(), _CONVERTERS, operator, reporters)
        self._loop = SourceLoop(
            source, encoder, commits, reporters, self.control, _Clock(now), topics, counters
        )
        self._began = False

    def step(self) -> None:
        if not self._began:
            self._loop.start()
            self._began = True
        self._loop.step()

    def aim(self, target: TargetState) -> None:
        self.control.paused = target is not TargetState.STARTED

    def close(self) -> None:
        self.control.stopping = True
        self._loop.close()


class _Lines(SourceTask[Config]):
    """Line after line, from the first one that is not known to have arrived."""

    most = 1

    def start(self) -> None:
        place = self.context.offset({"task": self.context.connector})
        self.next = 0 if place is None else place["line"] + 1

    def poll(self) -> Sequence[SourceRecord]:
        lines = range(self.next, self.next + self.most)
        self.next = lines.stop
        task = self.context.connector
        return [
            SourceRecord(task, n, source_partition={"task": task}, source_offset={"line": n})
            for n in lines
        ]


class _Slow(MemoryProducer):
    """Delivers in order, as far as dice let it, and nothing while its worker is cut off."""

    def __init__(
        self, kafka: MemoryKafka, dice: random.Random, reachable: Callable[[], bool]
    ) -> None:
        super().__init__(kafka)
        self._dice, self._reachable = dice, reachable

    def _deliver(self) -> None:
        most = self._dice.randint(0, len(self._queue) + 2) if self._reachable() else 0
        later = [self._queue.pop() for _ in range(len(self._queue) - most)]
        super()._deliver()
        self._queue.extend(reversed(later))


class _Store:
    """An `OffsetStore` that only a worker which reaches the broker can write to."""

    def __init__(self, task: str, outside: Outside, reachable: Callable[[], bool]) -> None:
        self._task, self._outside, self._reachable = task, outside, reachable

    def read(
        self, partitions: Sequence[Mapping[str, Any] | None]
    ) -> list[Mapping[str, Any] | None]:
        line = self._outside.offsets.get(self._task)
        return [None if line is None else {"line": line} for _ in partitions]

    def write(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> None:
        if not self._reachable():
            raise TimeoutError("no broker")
        for _, offset in offsets:
            assert offset is not None
            self._outside.commit(self._task, offset["line"])

    def as_records(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> OffsetRecords:
        raise NotImplementedError("These tasks have no transactions.")

    def follow(self, offsets: Sequence[OffsetPair]) -> None: ...


class _Control:
    """Waits for nothing: the simulation has its own time."""

    stopping = cancelled = paused = False

    def wait(self, seconds: float) -> bool:
        return self.stopping

    def wait_for_change(self, seconds: float) -> None: ...

    def wait_for_news(self, seconds: float) -> bool:
        return self.stopping

    def wake(self) -> None: ...


class _Clock:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now_ms(self) -> int:
        return int(self._now() * 1000)


class _Numbers(Converter[Config]):
    def encode(self, topic: Any, schema: Any, values: Any) -> list[bytes | None]:
        return [None if value is None else b"%d" % value for value in values]

    def decode(self, topic: Any, payloads: Any) -> list[tuple[Any, Any]]:
        raise NotImplementedError


class _NoHeaders(HeaderConverter[Config]):
    def encode_header(self, topic: Any, key: Any, schema: Any, value: Any) -> bytes | None:
        return None

    def decode_header(self, topic: Any, key: Any, payload: Any) -> tuple[Any, Any]:
        raise NotImplementedError


_CONFIG = Config({})
_CONVERTERS = Converters(
    _Numbers(_CONFIG), _Numbers(_CONFIG), _NoHeaders(_CONFIG), "Key", "Value", "Header"
)
