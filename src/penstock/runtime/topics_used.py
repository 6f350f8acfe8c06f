"""Which topics a task uses: each is told once, when something has arrived there."""

from __future__ import annotations

from penstock.runtime.ports import Producer, TaskEvents

_CONFIRM_SECONDS = 1.0
_KNOWN_MAX = 100_000


class TopicsSeen:
    """The topics of a task and those not yet told."""

    def __init__(self, events: TaskEvents) -> None:
        self._events = events
        self._known: set[str] = set()
        self._untold: list[str] = []

    def add(self, topic: str) -> bool:
        """True if the topic is new."""
        if topic in self._known:
            return False
        if len(self._known) >= _KNOWN_MAX:
            self._known.clear()
        self._known.add(topic)
        self._untold.append(topic)
        return True

    def confirm(self, producer: Producer) -> None:
        """Tell of new topics as soon as Kafka has all that was sent to them."""
        if not self._untold:
            return
        if producer.flush(_CONFIRM_SECONDS) == 0 and producer.failure is None:
            self.tell()

    def tell(self) -> None:
        if self._untold:
            self._events.topics_used(self._untold)
            self._untold = []
