"""Which polled records has Kafka acknowledged?

A submission is what is counted as one: a record, or all records of one send. Per source partition
the submissions stand in a queue; what may be committed is the end of the acknowledged run at its
head. Pure: no clock, no locks, one thread.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Partition = Mapping[str, Any] | None
Offset = Mapping[str, Any] | None


def partition_key(partition: Partition) -> Hashable:
    """What two equal source partitions have in common and others do not."""
    if partition is None:
        return None
    try:
        return frozenset((k, v.__class__, v) for k, v in partition.items())
    except TypeError:  # a value that is no scalar: refused later, by whoever stores the offset
        return json.dumps(partition, sort_keys=True, default=repr)


class Submission:
    """Records that were sent together; done when each one is acknowledged."""

    __slots__ = ("dropped", "keys", "outstanding", "records")

    def __init__(self, records: int, keys: tuple[Hashable, ...]) -> None:
        self.records = records
        self.outstanding = records
        self.keys = keys
        self.dropped = False

    def acknowledge(self, records: int = 1) -> None:
        self.outstanding -= records

    def shrink(self, records: int) -> None:
        """These were not sent after all."""
        self.records -= records
        self.outstanding -= records


@dataclass(slots=True)
class _Entry:
    submission: Submission
    offset: Offset
    records: int


@dataclass
class Committable:
    """Offsets that may be committed, and what is still on its way."""

    offsets: dict[Hashable, tuple[Partition, Offset]] = field(
        default_factory=dict[Hashable, tuple[Partition, Offset]]
    )
    committable: int = 0
    uncommittable: int = 0
    partitions: int = 0
    largest_backlog: int = 0

    @property
    def has_pending(self) -> bool:
        return self.uncommittable > 0

    @property
    def is_empty(self) -> bool:
        return self.committable == 0 and self.uncommittable == 0 and not self.offsets

    def updated_with(self, newer: Committable) -> Committable:
        """The newer offsets over these; the counts of what is pending are the newer ones."""
        return Committable(
            self.offsets | newer.offsets,
            self.committable + newer.committable,
            newer.uncommittable,
            newer.partitions,
            newer.largest_backlog,
        )

    def pairs(self) -> list[tuple[Partition, Offset]]:
        return list(self.offsets.values())


class InFlight:
    """The submissions of a task that are not committable yet."""

    def __init__(self) -> None:
        self._queues: dict[Hashable, deque[_Entry]] = {}
        self._partitions: dict[Hashable, Partition] = {}

    def submit(self, ends: Iterable[tuple[Partition, Offset]], records: int = 1) -> Submission:
        """Records about to be sent, and the last offset of each source partition among them."""
        keyed = [(partition_key(partition), partition, offset) for partition, offset in ends]
        submission = Submission(records, tuple(key for key, _, _ in keyed))
        share = records  # counted once, with the first partition
        for key, partition, offset in keyed:
            self._partitions[key] = partition
            self._queues.setdefault(key, deque()).append(_Entry(submission, offset, share))
            share = 0
        return submission

    def drop(self, submission: Submission) -> bool:
        """Forget a submission that was not sent; False if it is not (or no longer) here."""
        found = False
        for key in submission.keys:
            queue = self._queues.get(key, deque())
            kept = deque(entry for entry in queue if entry.submission is not submission)
            found = found or len(kept) < len(queue)
            if kept:
                self._queues[key] = kept
            else:
                self._forget(key)
        return found

    def committable(self) -> Committable:
        """Take what is committable now; what remains stays."""
        result = Committable()
        for key in list(self._queues):
            queue = self._queues[key]
            while queue and queue[0].submission.outstanding <= 0:
                entry = queue.popleft()
                result.offsets[key] = (self._partitions[key], entry.offset)
                result.committable += entry.records and entry.submission.records
            if not queue:
                self._forget(key)
                continue
            backlog = sum(entry.records and entry.submission.records for entry in queue)
            result.uncommittable += backlog
            result.partitions += 1
            result.largest_backlog = max(result.largest_backlog, backlog)
        return result

    def _forget(self, key: Hashable) -> None:
        self._queues.pop(key, None)
        self._partitions.pop(key, None)
