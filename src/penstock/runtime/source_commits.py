"""What a source loop asks of whoever stores its offsets, be it at least or exactly once."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.runtime.ports import OnDelivery, Outgoing, Producer
from penstock.runtime.sending import Sending
from penstock.runtime.source_notes import SourceNotes
from penstock.sdk.record import SourceRecord


class Ending(enum.Enum):
    """What a task wants done with its transaction."""

    COMMIT = "commit"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Part:
    """Polled records that are sent together, and what is to be done after them."""

    records: Sequence[SourceRecord]
    ending: Ending | None = None


class Commits(Protocol):
    """When offsets are stored, and with which producer records are sent.

    All calls but `cancel` come from the task's thread; what is raised fails the task.
    """

    @property
    def producer(self) -> Producer: ...

    @property
    def notes(self) -> SourceNotes: ...

    @property
    def whole_polls(self) -> bool:
        """Whether what was polled is sent completely before the task pauses."""
        ...

    def start(self) -> None:
        """Before the task starts. Returns early when the task is to stop."""
        ...

    def ready(self) -> bool:
        """Whether something may be polled and sent now; commits when that is due."""
        ...

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        """Divide what was polled where the task wants to commit."""
        ...

    def begin(self, sending: Sending) -> None:
        """The records of a part are about to be sent."""
        ...

    def entering(self, topic: str) -> None:
        """Records of the part begun last are about to be sent to this topic."""
        ...

    def callback(self, outgoing: Outgoing) -> OnDelivery | Sequence[OnDelivery] | None:
        """What the producer shall call for these records of the part begun last."""
        ...

    def send(
        self,
        outgoing: Outgoing,
        start: int,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None,
    ) -> int:
        """Hand records to the producer; how many it took."""
        ...

    def dropped(self, record: SourceRecord) -> None:
        """A record was filtered out or skipped; only told where the task wants to know."""
        ...

    def check(self) -> None:
        """Raise what has come of records sent before."""
        ...

    def gives_up(self) -> bool:
        """Whether to leave the rest of a part unsent: Kafka takes no more now."""
        ...

    def sent(self, sending: Sending, ending: Ending | None) -> None:
        """All records of the part were taken by the producer."""
        ...

    def polled(self) -> None:
        """All records of a poll were sent, or it had none."""
        ...

    def rest(self) -> None:
        """The task is paused: wait a while for that to change."""
        ...

    def close(self, *, complete: bool) -> None:
        """Commit a last time. `complete`: nothing has failed, and all that was polled is sent."""
        ...

    def release(self) -> None: ...

    def cancel(self) -> None:
        """Nothing is sent and stored any more. Any thread."""
        ...

    def commit_if_due(self) -> None:
        """May be called while the task sleeps in `poll`."""
        ...

    def next_commit_in(self) -> float:
        """Seconds until `commit_if_due` has something to do."""
        ...
