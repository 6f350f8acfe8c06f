"""The transactions of an exactly-once source under test, without Kafka."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.runtime.boundaries import Boundary, EachPoll, Interval, Requested
from penstock.runtime.contexts import Idle
from penstock.runtime.source_commits import Ending
from penstock.runtime.source_notes import SourceNotes
from penstock.sdk.errors import ConfigError
from penstock.sdk.record import RecordMetadata, SourceRecord
from penstock.sdk.source import SourceTask
from penstock.testing.memory_kafka import MemoryOffsets
from penstock.testing.time import ManualTime

BOUNDARY = "transaction.boundary"
_INTERVAL = "transaction.boundary.interval.ms"
_INTERVAL_MS = "60000"


def boundary_of(properties: Mapping[str, str]) -> Boundary | None:
    """Where transactions end, if the properties say it."""
    match properties.get(BOUNDARY, "").lower():
        case "":
            return None
        case "poll":
            return EachPoll()
        case "interval":
            return Interval(int(properties.get(_INTERVAL, _INTERVAL_MS)))
        case "connector":
            return Requested()
        case other:
            raise ConfigError.invalid(BOUNDARY, other, "It is poll, interval or connector.")


class Transactions(Idle):
    """Ends them where a worker would, and tells the task so."""

    def __init__(
        self, task: SourceTask[Any], boundary: Boundary, time: ManualTime, offsets: MemoryOffsets
    ) -> None:
        self.boundary = boundary
        self.committed: list[list[SourceRecord]] = []
        self.aborted: list[SourceRecord] = []
        self.open: list[SourceRecord] = []
        self._time = time
        self._offsets = offsets
        self._notes = SourceNotes(task)
        self._sent = 0
        boundary.restart(time.now_ms())

    def poll(self, task: SourceTask[Any]) -> Sequence[SourceRecord]:
        with self._notes.polling():
            found = task.poll()
        for part in self.boundary.parts(found):
            self.open += part.records
            self._end(part.ending)
        self._end(self.boundary.after_poll(self._time.now_ms()))
        return found

    def finish(self) -> None:
        """The task stops; what it has not asked to commit is lost, and made again next time."""
        self._end(self.boundary.final())

    def next_commit_in(self) -> float:
        due_at = self.boundary.due_at()
        if due_at is None or not self.open:
            return math.inf
        return max(0, due_at - self._time.now_ms()) / 1000

    def commit_if_due(self) -> None:
        if self.next_commit_in() <= 0:
            self._end(Ending.COMMIT)

    def _end(self, ending: Ending | None) -> None:
        if ending is None:
            return
        records, self.open = self.open, []
        if ending is Ending.COMMIT:
            self._commit(records, [])
        elif records:
            self._commit([], records)

    def _commit(self, kept: list[SourceRecord], dropped: list[SourceRecord]) -> None:
        """The offsets of what is aborted count: the task goes on behind it."""
        ended = dropped + kept
        self._offsets.write([(r.source_partition, r.source_offset) for r in ended], 1000)
        self.aborted += dropped
        if kept:
            self.committed.append(kept)
        notes = [(r, None) for r in dropped] + [(r, self._place(r)) for r in kept]
        self.boundary.restart(self._time.now_ms())
        self._notes.committed(notes)

    def _place(self, record: SourceRecord) -> RecordMetadata:
        self._sent += 1
        return RecordMetadata(record.topic, record.partition or 0, self._sent - 1, record.timestamp)
