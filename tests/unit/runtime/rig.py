"""Loops with everything around them in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from penstock.runtime.at_least_once import AtLeastOnce, SourceSettings
from penstock.runtime.contexts import SinkTaskContext, SourceTaskContext
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.plugins import Converters, NoTransforms, Transforms
from penstock.runtime.ports import Producer
from penstock.runtime.rejects import Rejects
from penstock.runtime.sink_decoding import SinkDecoder
from penstock.runtime.sink_loop import SinkLoop, SinkSettings
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.source_loop import SourceLoop
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import ErrorContext, Operator, Tolerance
from penstock.runtime.topic_creation import TopicCreator
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.config import Config
from penstock.sdk.converter import Converter, HeaderConverter
from penstock.sdk.errors import DataError
from penstock.sdk.record import RecordMetadata, SinkRecord, SourceRecord, TopicPartition
from penstock.sdk.sink import SinkTask
from penstock.sdk.source import SourceTask
from penstock.testing.memory_consumer import MemoryConsumer
from penstock.testing.memory_kafka import MemoryKafka, MemoryOffsets, MemoryProducer
from penstock.testing.time import ManualControl, RecordedEvents


class Text(Converter[Config]):
    """UTF-8; refuses the value "bad"."""

    def encode(self, topic: Any, schema: Any, values: Any):
        if "bad" in values:
            raise DataError("this is bad")
        return [None if v is None else str(v).encode() for v in values]

    def decode(self, topic: Any, payloads: Any) -> list[tuple[Any, Any]]:
        if b"bad" in payloads:
            raise DataError("this is bad")
        return [(None, None if p is None else p.decode()) for p in payloads]


class TextHeaders(HeaderConverter[Config]):
    def encode_header(self, topic: Any, key: Any, schema: Any, value: Any):
        return None if value is None else str(value).encode()

    def decode_header(self, topic: Any, key: Any, payload: Any):
        return None, None if payload is None else payload.decode()


def converters() -> Converters:
    config = Config({})
    parts = Text(config), Text(config), TextHeaders(config)
    return Converters(*parts, "KeyText", "ValueText", "HeaderText")


class Noted:
    """A reporter that remembers."""

    def __init__(self) -> None:
        self.contexts: list[ErrorContext] = []

    def report(self, context: ErrorContext) -> None:
        self.contexts.append(context)

    def flush(self, seconds: float) -> bool:
        return True

    def check(self) -> None: ...

    def close(self) -> None: ...

    def cancel(self) -> None: ...


class Polls(SourceTask[Config]):
    """Gives one prepared batch after another; an exception among them is raised."""

    batches: Sequence[Any] = ()

    def start(self) -> None:
        self.todo = list(self.batches)
        self.commits = 0
        self.closed = False

    def poll(self) -> Sequence[SourceRecord]:
        batch = self.todo.pop(0) if self.todo else []
        if isinstance(batch, Exception):
            raise batch
        return batch

    def commit(self) -> None:
        self.commits += 1

    def close(self) -> None:
        self.closed = True


class TellsRecords(Polls):
    """The same, interested in every single record."""

    def start(self) -> None:
        super().start()
        self.told: list[tuple[Any, RecordMetadata | None]] = []

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        self.told.append((record.value, metadata))


class SourceRig:
    def __init__(
        self,
        *batches: Any,
        task: type[Polls] = Polls,
        tolerance: Tolerance = Tolerance.NONE,
        transforms: Transforms | None = None,
        retry_timeout_ms: int = 0,
        creator: TopicCreator | None = None,
        queue_max: int = 100_000,
        make: Callable[[SourceRig], Producer] | None = None,
    ) -> None:
        self.control = ManualControl()
        self.kafka = MemoryKafka()
        self.events = RecordedEvents()
        self.offsets = MemoryOffsets()
        self.noted = Noted()
        self.reporters = Reporters([self.noted])
        self.producers: list[MemoryProducer] = []
        self.tracked: list[bool] = []
        context = SourceTaskContext("c", 0, {}, self.control, self.offsets)
        self.task = task(Config({}), context)
        self.task.batches = batches
        self.operator = Operator(
            tolerance, self.control.time, self.control, retry_timeout_ms=retry_timeout_ms
        )

        def open_producer(tracked: bool) -> Producer:
            self.tracked.append(tracked)
            if make is not None:
                return make(self)
            self.producers.append(MemoryProducer(self.kafka, queue_max))
            return self.producers[-1]

        topics, counters = TopicsSeen(self.events), SourceCounters()
        commits = AtLeastOnce(
            SourceNotes(self.task),
            open_producer,
            self.offsets,
            self.operator,
            self.reporters,
            self.control,
            self.control.time,
            topics,
            counters,
            SourceSettings(),
        )
        self.loop = SourceLoop(
            self.task,
            SourceEncoder(
                transforms or NoTransforms(), converters(), self.operator, self.reporters
            ),
            commits,
            self.reporters,
            self.control,
            self.control.time,
            topics,
            counters,
            creator,
        )
        context.idle = self.loop
        self.loop.start()

    @property
    def producer(self) -> MemoryProducer:
        return self.producers[-1]

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.loop.step()

    def commit(self) -> None:
        self.control.time.advance(60)
        self.loop.commit_if_due()

    def values(self, topic: str = "t") -> list[bytes | None]:
        return [record.value for record in self.kafka.topic(topic)]

    def committed(self) -> list[Any]:
        return [offset for _, offset in self.offsets.pairs()]


def line(number: int, value: Any = None, **more: Any) -> SourceRecord:
    content = f"line {number}" if value is None else value
    where: dict[str, Any] = {"source_partition": {"file": "f"}, "source_offset": {"line": number}}
    return SourceRecord("t", content, **(where | more))


class Puts(SinkTask[Config]):
    """Remembers everything it is told. `fail` may raise in `put`, `refuse` in `pre_commit`."""

    fail: Callable[[Sequence[SinkRecord]], None] = staticmethod(lambda records: None)
    refuse: Exception | None = None
    safe: Any = None

    def start(self) -> None:
        self.puts: list[list[Any]] = []
        self.calls: list[str] = []

    def open(self, partitions: Any) -> None:
        self.calls.append("open " + ",".join(map(str, sorted(partitions))))

    def revoke(self, partitions: Any) -> None:
        self.calls.append("revoke " + ",".join(map(str, sorted(partitions))))

    def put(self, records: Any) -> None:
        self.fail(records)
        self.puts.append([record.value for record in records])

    def pre_commit(self, offsets: Any):
        self.calls.append("pre_commit")
        if self.refuse is not None:
            raise self.refuse
        return offsets if self.safe is None else self.safe

    def close(self) -> None:
        self.calls.append("close")

    @property
    def values(self) -> list[Any]:
        return [value for batch in self.puts for value in batch]


T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)


class SinkRig:
    def __init__(
        self,
        *values: bytes | None,
        task: type[Puts] = Puts,
        tolerance: Tolerance = Tolerance.NONE,
        transforms: Transforms | None = None,
        retry_timeout_ms: int = 0,
        assign: Sequence[TopicPartition] = (T0,),
    ) -> None:
        self.control = ManualControl()
        self.kafka = MemoryKafka()
        for value in values:
            self.kafka.append("t", value, timestamp=5)
        self.events = RecordedEvents()
        self.noted = Noted()
        self.operator = Operator(
            tolerance, self.control.time, self.control, retry_timeout_ms=retry_timeout_ms
        )
        reporters = Reporters([self.noted])
        context = SinkTaskContext("c", 0, {}, self.control)
        self.task = task(Config({}), context)
        self.consumer = MemoryConsumer(self.kafka)
        self.consumer.on_wait = lambda seconds: self.control.time.advance(max(seconds, 0.001))
        by = converters()
        self.loop = SinkLoop(
            self.task,
            SinkDecoder(transforms or NoTransforms(), by, self.operator, reporters),
            self.consumer,
            Rejects(self.operator, reporters, by),
            self.control,
            self.control.time,
            self.events,
            SinkSettings(["t"]),
        )
        context.bind(self.loop)
        self.context = context
        self.loop.start()
        if assign:
            self.consumer.assign(*assign)

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.loop.step()
