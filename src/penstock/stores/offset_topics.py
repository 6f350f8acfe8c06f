"""Where source offsets are: in the worker's topic, or in topics connectors have of their own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from penstock.stores.offsets import ConnectorOffsets, LogOffsets
from penstock.stores.own_topic import OwnTopic
from penstock.stores.ports import Log

IDLE_SECONDS = 600.0  # longer than any single read or write takes
_RELEVANT = ("offsets.storage.topic", "producer.override.", "consumer.override.", "admin.override.")

Properties = Mapping[str, str]
OpenOwn = Callable[[str, Properties], Log | None]


class OffsetTopics:
    """The `OffsetStores` of task hosts, and the sources of `ClientOffsets`. Any thread.

    `open_own` makes the log of a connector with `offsets.storage.topic`, None if the connector has
    none or that is the worker's own topic; `topic` is the worker's name for it.
    """

    def __init__(
        self,
        worker: Log,
        open_own: OpenOwn,
        *,
        topic: str = "",
        idle_seconds: float = IDLE_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker = LogOffsets(worker)
        self._open_own = open_own
        self._topic = topic
        self._idle_seconds = idle_seconds
        self._now = now
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._topics: list[OwnTopic] = []  # also of configurations that were replaced

    def start(self) -> None:
        """Read the worker's topic. Blocks; raises ConnectError when it cannot be had."""
        self._worker.start()

    def stop(self) -> None:
        with self._lock:
            topics, self._topics, self._known = self._topics, [], {}
        for topic in topics:
            topic.stop()
        self._worker.stop()

    def of(self, connector: str, properties: Properties) -> ConnectorOffsets:
        """The offsets of a connector; `properties` are its, with secrets resolved.

        A topic of the connector's own is read when it is first used.
        """
        self._close_idle()
        own = self._own_topic(connector, properties)
        if own is None:
            return ConnectorOffsets(connector, self._worker, topic=self._topic)
        topic = properties.get(_RELEVANT[0], "").strip() or self._topic
        return ConnectorOffsets(connector, own, self._worker, topic=topic)

    def _own_topic(self, connector: str, properties: Properties) -> OwnTopic | None:
        settings = {k: v for k, v in properties.items() if k.startswith(_RELEVANT)}
        with self._lock:
            known = self._known.get(connector)
            if known is None or known.settings != settings:
                known = _Known(settings, self._made(connector, properties))
                self._known[connector] = known
            return known.topic

    def _made(self, connector: str, properties: Properties) -> OwnTopic | None:
        first = self._open_own(connector, properties)
        if first is None:
            return None
        logs = [first]

        def open_log() -> Log:
            again = logs.pop() if logs else self._open_own(connector, properties)
            assert again is not None  # the same settings give the same kind of answer
            return again

        topic = OwnTopic(open_log, self._now)
        self._topics.append(topic)
        return topic

    def _close_idle(self) -> None:
        with self._lock:
            current = [known.topic for known in self._known.values()]
            idle = [topic for topic in self._topics if topic.idle(self._idle_seconds)]
            self._topics = [t for t in self._topics if t in current or t not in idle]
        for topic in idle:
            threading.Thread(target=topic.close, name="idle-offsets", daemon=True).start()


class _Known(NamedTuple):
    """What was made for a connector's settings; no topic stands for the worker's."""

    settings: dict[str, str]
    topic: OwnTopic | None
