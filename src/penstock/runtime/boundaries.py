"""Where the transactions of an exactly-once source task end: `transaction.boundary`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from penstock.runtime.source_commits import Ending, Part
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord

_NAMED_MAX = 100_000


class BoundaryError(ConnectError):
    """A task contradicts itself about its transactions."""

    java_class = "java.lang.IllegalStateException"


class Boundary(Protocol):
    """Decides; what is open, and how it ends, is not its business."""

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        """What was polled, divided after the records at which a transaction ends."""
        ...

    def after_poll(self, now_ms: int) -> Ending | None:
        """Everything that was polled is sent; or nothing was."""
        ...

    def final(self) -> Ending | None:
        """The task stops or pauses."""
        ...

    def restart(self, now_ms: int) -> None:
        """The task starts or goes on, or a transaction has ended."""
        ...

    def due_at(self) -> int | None:
        """When a transaction ends even while the task sleeps in its poll."""
        ...


class EachPoll:
    """`poll`: every batch is a transaction."""

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        return (Part(records),)

    def after_poll(self, now_ms: int) -> Ending | None:
        return Ending.COMMIT

    def final(self) -> Ending | None:
        return Ending.COMMIT

    def restart(self, now_ms: int) -> None:
        """No clock is needed."""

    def due_at(self) -> int | None:
        return None


class Interval(EachPoll):
    """`interval`: after a time, and between polls."""

    def __init__(self, interval_ms: int) -> None:
        self._interval_ms = interval_ms
        self._due_at = 0

    def after_poll(self, now_ms: int) -> Ending | None:
        return Ending.COMMIT if now_ms >= self._due_at else None

    def restart(self, now_ms: int) -> None:
        self._due_at = now_ms + self._interval_ms

    def due_at(self) -> int | None:
        return self._due_at


class Requested(EachPoll):
    """`connector`: when the task says so. This is what it says it to."""

    def __init__(self) -> None:
        self._batch: set[Ending] = set()
        self._named: list[tuple[SourceRecord, Ending]] = []

    # For the task -------------------------------------------------------------------------------

    def commit(self, record: SourceRecord | None = None) -> None:
        self._ask(record, Ending.COMMIT)

    def abort(self, record: SourceRecord | None = None) -> None:
        self._ask(record, Ending.ABORT)

    def _ask(self, record: SourceRecord | None, ending: Ending) -> None:
        if record is None:
            self._batch.add(ending)
            return
        if len(self._named) >= _NAMED_MAX:
            raise BoundaryError(
                f"Transactions are to end at {_NAMED_MAX} records that no poll has returned yet; "
                "name a record in the poll that returns it."
            )
        self._named.append((record, ending))

    # For the loop -------------------------------------------------------------------------------

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        if not self._named:
            return (Part(records),)
        ends = self._places(records)
        parts: list[Part] = []
        start = 0
        for place in sorted(ends):
            parts.append(Part(records[start : place + 1], ends[place]))
            start = place + 1
        if start < len(records):
            parts.append(Part(records[start:]))
        return parts

    def _places(self, records: Sequence[SourceRecord]) -> dict[int, Ending]:
        """What ends at which record; records of other polls go on waiting for theirs."""
        known = {id(records[i]): i for i in reversed(range(len(records)))}
        named, self._named = self._named, []
        ends: dict[int, Ending] = {}
        for record, ending in named:
            place = known.get(id(record))
            if place is None:
                place = next((i for i, each in enumerate(records) if each == record), None)
            if place is None:
                self._named.append((record, ending))
            elif ends.setdefault(place, ending) is not ending:
                raise BoundaryError(
                    "Connector requested both commit and abort of same record against "
                    f"topic/partition {record.topic}/{_java(record.partition)}"
                )
        return ends

    def after_poll(self, now_ms: int) -> Ending | None:
        return self.final()

    def final(self) -> Ending | None:
        asked, self._batch = self._batch, set()
        if len(asked) > 1:
            raise BoundaryError("Connector requested both commit and abort of same transaction")
        return next(iter(asked), None)


def _java(partition: int | None) -> str:
    return "null" if partition is None else str(partition)
