"""A producer with transactions, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from penstock.runtime.ports import (
    FencedError,
    OnDelivery,
    Outgoing,
)
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer, StoredRecord


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
