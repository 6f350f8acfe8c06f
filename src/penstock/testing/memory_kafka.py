"""Kafka in memory: topics as lists, a producer, a consumer, offsets. One thread, no chance."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from penstock.runtime.in_flight import partition_key
from penstock.runtime.ports import (
    FencedError,
    Headers,
    Incoming,
    OffsetPair,
    OffsetRecords,
    OnDelivery,
    Outgoing,
    RebalanceListener,
)
from penstock.sdk.record import TimestampType, TopicPartition


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

    @property
    def failure(self) -> Exception | None:
        return self._failure

    def error_of(self, reason: Any) -> Exception:
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


class MemoryTransactions(MemoryProducer):
    """Its records are seen once their transaction is committed.

    `fail` is called with what is about to be done ("prepare", "begin", "commit" or "abort") and
    may raise; nothing of it is done then.
    """

    def __init__(
        self, kafka: MemoryKafka, transactional_id: str = "t", queue_max: int = 100_000
    ) -> None:
        super().__init__(kafka, queue_max)
        self.transaction_ms = 60_000
        self.fail: Callable[[str], None] = lambda step: None
        self.transactions: list[int] = []  # records of each that was committed
        self._id = transactional_id
        self._epoch = -1
        self._pending: list[StoredRecord] | None = None

    def prepare(self, go_on: Callable[[], bool]) -> bool:
        self._check("prepare")
        self._epoch = self.kafka.epochs[self._id] = self.kafka.epochs.get(self._id, -1) + 1
        return go_on()

    def begin(self) -> None:
        self._check("begin")
        self._check_epoch()
        if self._pending is not None:
            raise RuntimeError("The last transaction is not over.")
        self._pending = []

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        if self._pending is None:
            raise RuntimeError("There is no transaction.")
        return super().send(outgoing, start, on_delivery)

    def commit(self) -> None:
        self._check("commit")
        self._check_epoch()
        self._deliver()
        if self._failure is not None:
            raise self._failure
        if self._queue:
            raise TimeoutError("Not all records have arrived.")
        assert self._pending is not None
        records, self._pending = self._pending, None
        for record in records:
            super()._store(record)
        self.transactions.append(len(records))

    def abort(self) -> None:
        self._check("abort")
        self._check_epoch()
        self._pending = None
        self._queue.clear()
        self._failure = None

    def _store(self, record: StoredRecord) -> StoredRecord:
        assert self._pending is not None
        self._pending.append(record)
        return record._replace(offset=len(self._pending) - 1)

    def _check(self, step: str) -> None:
        if self.closed:
            raise RuntimeError("The producer is closed.")
        self.fail(step)

    def _check_epoch(self) -> None:
        if self._epoch != self.kafka.epochs.get(self._id):
            raise FencedError(f"There is a newer producer of the transactional id {self._id}.")


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


class MemoryBatch:
    """Consumed records as columns."""

    def __init__(self, records: Sequence[StoredRecord]) -> None:
        self._records = records

    def __len__(self) -> int:
        return len(self._records)

    def topics(self) -> list[str]:
        return [record.topic for record in self._records]

    def partitions(self) -> list[int]:
        return [record.partition for record in self._records]

    def offsets(self) -> list[int]:
        return [record.offset for record in self._records]

    def keys(self) -> list[bytes | None]:
        return [record.key for record in self._records]

    def values(self) -> list[bytes | None]:
        return [record.value for record in self._records]

    def headers(self) -> list[Headers | None]:
        return [record.headers for record in self._records]

    def timestamps(self) -> list[int | None]:
        return [record.timestamp for record in self._records]

    def timestamp_types(self) -> list[TimestampType]:
        kinds = (TimestampType.CREATE_TIME, TimestampType.NO_TIMESTAMP_TYPE)
        return [kinds[record.timestamp is None] for record in self._records]

    def ends(self) -> dict[TopicPartition, int]:
        return {TopicPartition(r.topic, r.partition): r.offset + 1 for r in self._records}

    def part(self, start: int, end: int) -> MemoryBatch:
        return MemoryBatch(self._records[start:end])


class MemoryConsumer:
    """Reads what a test assigns. Commits are answered by the next `consume`."""

    def __init__(self, kafka: MemoryKafka, batch_max: int = 500) -> None:
        self.kafka = kafka
        self.batch_max = batch_max
        self.positions: dict[TopicPartition, int] = {}
        self.paused: set[TopicPartition] = set()
        self.commits: list[dict[TopicPartition, int]] = []
        self.commit_error: Exception | None = None
        self.answers_commits = True
        self.closed = False
        self.on_wait: Callable[[float], None] = lambda seconds: None
        self._listener: RebalanceListener | None = None
        self._changes: list[Callable[[RebalanceListener], None]] = []
        self._asked: list[tuple[dict[TopicPartition, int], Callable[[Exception | None], None]]] = []

    def subscribe(
        self, topics: Sequence[str], pattern: str | None, listener: RebalanceListener
    ) -> None:
        self._listener = listener

    def assign(self, *partitions: TopicPartition) -> None:
        """Let the next `consume` find these partitions assigned."""
        self._changes.append(lambda listener: self._assign(listener, partitions))

    def revoke(self, *partitions: TopicPartition, lost: bool = False) -> None:
        """Let the next `consume` find these partitions gone."""
        self._changes.append(lambda listener: self._revoke(listener, partitions, lost=lost))

    def _assign(self, listener: RebalanceListener, new: Sequence[TopicPartition]) -> None:
        positions = {tp: self.kafka.committed.get(tp, 0) for tp in new}
        wanted = listener.assigned(positions)
        self.positions |= positions | dict(wanted.starts)
        self.paused |= set(wanted.paused)

    def _revoke(
        self, listener: RebalanceListener, gone: Sequence[TopicPartition], *, lost: bool
    ) -> None:
        (listener.lost if lost else listener.revoked)(gone)
        for partition in gone:
            self.positions.pop(partition, None)
            self.paused.discard(partition)

    def consume(self, seconds: float) -> Incoming:
        assert self._listener is not None
        changes, self._changes = self._changes, []
        for change in changes:
            change(self._listener)
        if self.answers_commits:
            self._answer()
        records: list[StoredRecord] = []
        for partition, position in self.positions.items():
            if partition in self.paused:
                continue
            log = self.kafka.logs.get(partition, [])
            taken = log[position : position + self.batch_max - len(records)]
            self.positions[partition] = position + len(taken)
            records += taken
        if not records:
            self.on_wait(seconds)
        return MemoryBatch(records)

    def _answer(self) -> None:
        asked, self._asked = self._asked, []
        for offsets, on_done in asked:
            if self.commit_error is None:
                self._store(offsets)
            on_done(self.commit_error)

    def _store(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.commits.append(dict(offsets))
        self.kafka.committed |= offsets

    def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.positions |= {tp: at for tp, at in offsets.items() if tp in self.positions}

    def pause(self, partitions: Collection[TopicPartition]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Collection[TopicPartition]) -> None:
        self.paused -= set(partitions)

    def commit(
        self,
        offsets: Mapping[TopicPartition, int],
        on_done: Callable[[Exception | None], None],
    ) -> None:
        self._asked.append((dict(offsets), on_done))

    def commit_now(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self.commit_error is not None:
            raise self.commit_error
        self._store(offsets)

    def close(self) -> None:
        self.closed = True


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
