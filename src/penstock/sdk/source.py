"""Source connectors: bring data from a system into Kafka."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from penstock.sdk.config import Config
from penstock.sdk.connector import Connector
from penstock.sdk.record import RecordMetadata, SourceRecord

C = TypeVar("C", bound=Config)


class ExactlyOnceSupport(enum.Enum):
    """Whether a source connector can be exactly-once with a given configuration (KIP-618)."""

    SUPPORTED = "SUPPORTED"
    UNSUPPORTED = "UNSUPPORTED"


class TransactionBoundaries(Protocol):
    """Lets a task end its own transactions (`transaction.boundary=connector`)."""

    def commit(self, record: SourceRecord | None = None) -> None:
        """End the transaction after this record, or after the batch being polled."""
        ...

    def abort(self, record: SourceRecord | None = None) -> None:
        """Discard the transaction after this record, or after the batch being polled."""
        ...


class SourceContext(Protocol):
    """What the runtime gives a source task."""

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

    def offset(self, partition: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The committed offset of a source partition, or None. May block on first use."""
        ...

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
        """The committed offsets of several source partitions, in their order."""
        ...

    def sleep(self, seconds: float) -> bool:
        """Wait, but no longer than until the task is asked to stop; True if it is."""
        ...

    def rest(self, seconds: float) -> bool:
        """Wait for news: until `wake`, or until `poll` should return, which True says.

        It should when the task is asked to stop or to pause. Seconds are the longest time.
        """
        ...

    def wake(self) -> None:
        """End a `rest`, this one or else the next; from any thread."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether the task has been asked to stop; a long `poll` should then return."""
        ...

    @property
    def transaction(self) -> TransactionBoundaries | None:
        """Given with `transaction.boundary=connector` only."""
        ...


class SourceTask(ABC, Generic[C]):
    """Reads from the source. All methods run on one thread, except `close` of a cancelled task."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C, context: SourceContext) -> None:
        self.config = config
        self.context = context
        self.resources = ExitStack()

    def start(self) -> None:
        """Connect to the source; enter what must be released into `resources`."""

    @abstractmethod
    def poll(self) -> Sequence[SourceRecord]:
        """The next records, or none. May block; use `context.sleep` or `rest` to wait.

        Raise `RetriableError` to be asked again.
        """

    def commit(self) -> None:
        """Called after offsets were committed; they cover only records Kafka has acknowledged."""

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        """Called when Kafka acknowledged a record; `metadata` is None if it was dropped."""

    def close(self) -> None:
        """Release what was entered into `resources`, even by half of a `start`."""
        self.resources.close()


class SourceConnector(Connector[C]):
    """Splits the work of reading a source into tasks."""

    task: ClassVar[type[SourceTask[Any]]]

    def exactly_once_support(self) -> ExactlyOnceSupport | None:
        """Whether this configuration can be exactly-once; None: does not say."""
        return None

    def can_define_transaction_boundaries(self) -> bool:
        """Whether the tasks can end transactions themselves."""
        return False

    def alter_offsets(
        self, offsets: Mapping[tuple[tuple[str, Any], ...], Mapping[str, Any] | None]
    ) -> bool:
        """Check offsets an operator wants to set; raise to refuse.

        Keys are the source partitions' sorted items. True says that the connector keeps no offsets
        elsewhere, so that altering the framework's is enough.
        """
        return False
