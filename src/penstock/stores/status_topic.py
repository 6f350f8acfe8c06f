"""The status topic as the control plane writes and hears it."""

from __future__ import annotations

import time
from collections.abc import Callable

from penstock.cluster.effects import WriteStatus, WriteTopic
from penstock.cluster.events import Event
from penstock.stores.ports import Log

Tell = Callable[[Event], None]  # called from any thread, must not block


class StatusTopic:
    """A `StatusLog` over a compacted topic.

    `tell` hears, as `StatusChanged` and `TopicChanged`: in `start` everything the topic says, then
    everything that is written to it, in the topic's order, what this worker writes included: the
    order says which of two workers had the last word.
    """

    def __init__(
        self, log: Log, worker_id: str, tell: Tell, now: Callable[[], float] = time.time
    ) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Read what there is and tell it. Blocks; raises ConnectError when Kafka is out of reach."""

    def stop(self) -> None: ...

    def write(self, status: WriteStatus) -> None:
        """On any thread; never blocks."""

    def write_topic(self, topic: WriteTopic) -> None:
        """On any thread; never blocks."""
