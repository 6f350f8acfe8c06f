"""A sink whose target keeps the offsets beside the data, so that each record arrives once.

Kafka's own offsets are committed some time after records were written; a crash in between writes
records twice. Where the target has transactions, it can hold the offsets itself: records and the
place to go on at change together or not at all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from penstock.sdk.errors import ConnectError, RetriableError
from penstock.sdk.record import SinkRecord, TopicPartition
from penstock.sdk.sink import C, SinkContext, SinkTask


class OffsetMove(NamedTuple):
    """How a transaction moves the offset of a partition, the next one to be read.

    `before` is what the target must hold for the transaction to be valid; None: nothing.
    """

    before: int | None
    after: int


class OffsetsMoved(RetriableError):
    """The target does not hold the offsets a transaction started from: somebody else wrote."""


class ExactlyOnceSinkTask(SinkTask[C]):
    """Writes records and their offsets in one transaction of the target.

    Implement `stored_offsets` and `write`; deliveries that the target already has are left out
    before `write` is called. Offsets committed to Kafka show the progress, and nothing depends on
    them once the target holds its own.
    """

    def __init__(self, config: C, context: SinkContext) -> None:
        super().__init__(config, context)
        self._stored: dict[TopicPartition, int | None] = {}
        self._unsure = False

    @abstractmethod
    def stored_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        """The offsets the target holds; a partition never written to is left out."""

    @abstractmethod
    def write(
        self, records: Sequence[SinkRecord], moves: Mapping[TopicPartition, OffsetMove]
    ) -> None:
        """Write the records and move the offsets, all in one transaction.

        Raise `OffsetsMoved`, and write nothing, where the target does not hold `before`: a task
        that was replaced without knowing is kept from writing by this. A bad record goes to
        `context.reject`. After any error the target is asked what it holds before the batch is
        tried again, so a transaction whose end was not heard of does no harm.
        """

    def open(self, partitions: Collection[TopicPartition]) -> None:
        held = self._ask(partitions)
        self._stored |= held
        self.context.rewind({tp: offset for tp, offset in held.items() if offset is not None})

    def revoke(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self._stored.pop(partition, None)

    def put(self, records: Sequence[SinkRecord]) -> None:
        if self._unsure:
            self._look_again()
        fresh = self._fresh(records)
        if not fresh:
            return
        ends = _last_offsets(fresh)
        moves = {tp: OffsetMove(self._stored.get(tp), last + 1) for tp, last in ends.items()}
        self._unsure = True
        self.write(fresh, moves)
        self._unsure = False
        self._stored |= {tp: move.after for tp, move in moves.items()}

    def _fresh(self, records: Sequence[SinkRecord]) -> Sequence[SinkRecord]:
        """Without those the target has. The offsets of a partition ascend within a batch."""
        firsts = _last_offsets(records[::-1])
        stored = {tp: self._stored.get(tp) or 0 for tp in firsts}
        if all(first >= stored[tp] for tp, first in firsts.items()):
            return records
        return [record for record in records if _offset(record) >= stored[_partition(record)]]

    def _look_again(self) -> None:
        for partition, now in self._ask(self._stored).items():
            before = self._stored[partition]
            if (now or 0) < (before or 0):
                raise ConnectError(
                    f"The offset the target holds of {partition} went back from {before} to "
                    f"{now} while the task was writing. Restart the task to begin there."
                )
            self._stored[partition] = now
        self._unsure = False

    def _ask(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int | None]:
        found = self.stored_offsets(partitions)
        return {partition: found.get(partition) for partition in partitions}


def _last_offsets(records: Sequence[SinkRecord]) -> dict[TopicPartition, int]:
    ends: dict[Any, Any] = {
        (record.original_topic, record.original_partition): record.original_offset
        for record in records
    }
    return {TopicPartition(*partition): offset for partition, offset in ends.items()}


def _partition(record: SinkRecord) -> Any:
    return record.original_topic, record.original_partition


def _offset(record: SinkRecord) -> int:
    return record.offset if record.original_offset is None else record.original_offset
