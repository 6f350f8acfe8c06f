"""Kafka in memory: topics as lists, a producer, a consumer, offsets. One thread, no chance."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from penstock.runtime.in_flight import partition_key
from penstock.runtime.ports import (
    Delivered,
    Headers,
    OffsetPair,
    OffsetRecords,
    OnDelivery,
    Outgoing,
)
from penstock.sdk.record import TopicPartition


class StoredRecord(NamedTuple):
    """A record as it lies in a topic."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers | None


@dataclass
class MemoryKafka:
    """Topics, partition by partition. A record goes to the partition it names, or to 0."""

    partitions: int = 1
    logs: dict[TopicPartition, list[StoredRecord]] = field(
        default_factory=dict[TopicPartition, list[StoredRecord]]
    )
    committed: dict[TopicPartition, int] = field(default_factory=dict[TopicPartition, int])
    epochs: dict[str, int] = field(default_factory=dict[str, int])  # by transactional id

    def append(
        self,
        topic: str,
        value: bytes | None,
        key: bytes | None = None,
        partition: int | None = None,
        timestamp: int | None = None,
        headers: Headers | None = None,
    ) -> StoredRecord:
        at = TopicPartition(topic, partition or 0)
        log = self.logs.setdefault(at, [])
        record = StoredRecord(*at, len(log), timestamp, key, value, headers)
        log.append(record)
        return record

    def topic(self, name: str) -> list[StoredRecord]:
        """Everything in a topic, partition after partition."""
        return [r for tp, log in sorted(self.logs.items()) if tp.topic == name for r in log]


class Message:
    """A produced record, as delivery callbacks are given it."""

    def __init__(self, record: StoredRecord) -> None:
        self.record = record

    def topic(self) -> str:
        return self.record.topic

    def partition(self) -> int:
        return self.record.partition

    def offset(self) -> int:
        return self.record.offset

    def timestamp(self) -> tuple[int, int]:
        return 1, self.record.timestamp or 0

    def key(self) -> bytes | None:
        return self.record.key

    def value(self) -> bytes | None:
        return self.record.value


class MemoryProducer:
    """Queues records until `poll` or `flush` delivers them.

    `queue_max` bounds the queue, `refuse` says with which error a record fails, `stuck` keeps
    everything from being delivered, and `blocked` makes the next `send` raise.
    """

    def __init__(self, kafka: MemoryKafka, queue_max: int = 100_000) -> None:
        self.kafka = kafka
        self.queue_max = queue_max
        self.refuse: Callable[[StoredRecord], Exception | None] = lambda record: None
        self.stuck = False
        self.blocked: Exception | None = None
        self.closed = False
        self._queue: deque[tuple[StoredRecord, OnDelivery | None]] = deque()
        self._failure: Exception | None = None

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        if self.closed:
            raise RuntimeError("The producer is closed.")
        if self.blocked is not None:
            error, self.blocked = self.blocked, None
            raise error
        taken = 0
        for i in range(start, len(outgoing)):
            if len(self._queue) >= self.queue_max:
                break
            tell = on_delivery if on_delivery is None or callable(on_delivery) else on_delivery[i]
            self._queue.append((_record(outgoing, i), tell))
            taken += 1
        return taken

    def poll(self, seconds: float = 0.0) -> None:
        self._deliver()

    def flush(self, seconds: float) -> int:
        self._deliver()
        return len(self._queue)

    def idle(self) -> None:
        """Memory costs nothing while it waits."""

    @property
    def at_rest(self) -> bool:
        return not self._queue and self._failure is None

    @property
    def unanswered(self) -> int:
        return len(self._queue)

    @property
    def failure(self) -> Exception | None:
        return self._failure

    def error_of(self, reason: Any, message: Delivered | None = None) -> Exception:
        return reason

    def close(self, seconds: float = 0.0) -> None:
        self.closed = True
        self._queue.clear()

    def cancel(self) -> None:
        self.close()

    def _deliver(self) -> None:
        while self._queue and not self.stuck and not self.closed:
            record, tell = self._queue.popleft()
            error = self.refuse(record)
            stored = record
            if error is None:
                stored = self._store(record)
            if tell is not None:
                tell(error, Message(stored))
            elif error is not None and self._failure is None:
                self._failure = error

    def _store(self, record: StoredRecord) -> StoredRecord:
        return self.kafka.append(
            record.topic,
            record.value,
            record.key,
            record.partition,
            record.timestamp,
            record.headers,
        )


def _record(outgoing: Outgoing, i: int) -> StoredRecord:
    def at(column: Sequence[Any] | None) -> Any:
        return None if column is None else column[i]

    return StoredRecord(
        outgoing.topic,
        at(outgoing.partitions) or 0,
        -1,
        at(outgoing.timestamps),
        at(outgoing.keys),
        outgoing.values[i],
        at(outgoing.headers),
    )


class MemoryOffsets:
    """Source offsets in memory. `error` makes the next writes fail.

    Transactions write them to `topic`; whoever hands in `kafka` reads them back from there.
    """

    topic = "offsets"

    def __init__(self, kafka: MemoryKafka | None = None) -> None:
        self.stored: dict[Any, tuple[Any, Any]] = {}
        self.error: Exception | None = None
        self.followed: list[OffsetPair] = []
        self._kafka = kafka
        self._read = 0

    def read(
        self, partitions: Sequence[Mapping[str, Any] | None]
    ) -> list[Mapping[str, Any] | None]:
        self._read_topic()
        return [self.stored.get(partition_key(p), (None, None))[1] for p in partitions]

    def write(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> None:
        if self.error is not None:
            raise self.error
        self.stored |= {partition_key(p): (p, offset) for p, offset in offsets}

    def as_records(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> OffsetRecords:
        if self.error is not None:
            raise self.error
        entries = [(_json(p), None if o is None else _json(o)) for p, o in offsets]
        return OffsetRecords(self.topic, entries)

    def follow(self, offsets: Sequence[OffsetPair]) -> None:
        self.followed += offsets

    def pairs(self) -> list[tuple[Any, Any]]:
        self._read_topic()
        return list(self.stored.values())

    def _read_topic(self) -> None:
        records = [] if self._kafka is None else self._kafka.topic(self.topic)[self._read :]
        self._read += len(records)
        for record in records:
            partition = json.loads(record.key or b"null")
            offset = json.loads(record.value or b"null")
            self.stored[partition_key(partition)] = partition, offset


def _json(members: Mapping[str, Any] | None) -> bytes:
    return json.dumps(members, separators=(",", ":")).encode()
