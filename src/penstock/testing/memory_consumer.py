"""A consumer of Kafka in memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from penstock.runtime.ports import (
    Headers,
    Incoming,
    RebalanceListener,
)
from penstock.sdk.record import TimestampType, TopicPartition
from penstock.testing.memory_kafka import MemoryKafka, StoredRecord


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
