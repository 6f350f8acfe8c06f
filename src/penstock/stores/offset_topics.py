"""Where source offsets are: in the worker's topic, or in topics connectors have of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.stores.offsets import ConnectorOffsets
from penstock.stores.ports import Log

Properties = Mapping[str, str]


class OffsetTopics:
    """The `OffsetStores` of task hosts, and the sources of `ClientOffsets`. Any thread.

    `open_own` makes the log of a connector with `offsets.storage.topic`, None if that is the
    worker's own topic.
    """

    def __init__(self, worker: Log, open_own: Callable[[str, Properties], Log | None]) -> None:
        raise NotImplementedError

    def start(self) -> None:
        """Read the worker's topic. Blocks; raises ConnectError when Kafka is out of reach."""

    def stop(self) -> None: ...

    def of(self, connector: str, properties: Properties) -> ConnectorOffsets:
        """The offsets of a connector; `properties` are its, with secrets resolved."""
        raise NotImplementedError
