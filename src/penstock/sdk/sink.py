"""Sink connectors: take data out of Kafka into a system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from penstock.sdk.config import Config
from penstock.sdk.connector import Connector
from penstock.sdk.record import SinkRecord, TopicPartition

C = TypeVar("C", bound=Config)


class SinkContext(Protocol):
    """What the runtime gives a sink task."""

    @property
    def connector(self) -> str:
        """Name of the connector this task belongs to."""
        ...

    @property
    def task(self) -> int:
        """Number of the task, from 0."""
        ...

    @property
    def properties(self) -> Mapping[str, str]:
        """The task's configuration as given, with references to secrets resolved."""
        ...

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions this task consumes now."""
        ...

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Continue reading at these offsets, from the next delivery on."""
        ...

    def pause(self, *partitions: TopicPartition) -> None:
        """Deliver nothing from these partitions until `resume`."""
        ...

    def resume(self, *partitions: TopicPartition) -> None:
        """Deliver from these partitions again."""
        ...

    def request_commit(self) -> None:
        """Ask for an offset commit at the next opportunity."""
        ...

    def timeout(self, seconds: float) -> None:
        """Call `put` again after this time at the latest, even without records."""
        ...

    def reject(self, record: SinkRecord, error: Exception) -> None:
        """Report one bad record: tolerance, log and dead letters apply to it alone.

        Raises when `errors.tolerance` does not allow it; let that exception pass.
        """
        ...

    def sleep(self, seconds: float) -> bool:
        """Wait, but no longer than until the task is asked to stop; True if it is."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the task has been asked to stop."""
        ...


class SinkTask(ABC, Generic[C]):
    """Writes to the target. All methods run on one thread."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C, context: SinkContext) -> None:
        self.config = config
        self.context = context
        self.resources = ExitStack()

    def start(self) -> None:
        """Connect to the target; enter what must be released into `resources`."""

    def open(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions were assigned; called before their first record."""

    def revoke(self, partitions: Collection[TopicPartition]) -> None:
        """These partitions were taken away; their offsets have been committed if possible."""

    @abstractmethod
    def put(self, records: Sequence[SinkRecord]) -> None:
        """Take the next records; an empty batch is a heartbeat.

        Raise `RetryLater` (or `RetriableError`) to be given the same batch again.
        """

    def flush(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Make everything put so far safe; `offsets` are the next ones to be read."""

    def pre_commit(self, offsets: Mapping[TopicPartition, int]) -> Mapping[TopicPartition, int]:
        """The offsets that are safe to commit; by default all, after a `flush`."""
        self.flush(offsets)
        return offsets

    def close(self) -> None:
        """Release what was entered into `resources`, even by half of a `start`."""
        self.resources.close()


class SinkConnector(Connector[C]):
    """Splits the work of writing to a target into tasks."""

    task: ClassVar[type[SinkTask[Any]]]

    def alter_offsets(self, offsets: Mapping[TopicPartition, int | None]) -> bool:
        """Check offsets an operator wants to set (None: reset); raise to refuse.

        True says that the connector keeps no offsets elsewhere, so that altering the consumer
        group's is enough.
        """
        return False
