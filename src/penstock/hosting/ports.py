"""What hosts need to make tasks; the composition root hands it in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from typing import Protocol

from penstock.cluster.messages import Report, StartTask, TaskId
from penstock.runtime.measures import TaskMeasures
from penstock.runtime.plugins import Transforms
from penstock.runtime.ports import (
    Consumer,
    Control,
    DeadLetters,
    Loop,
    OffsetStore,
    Producer,
    TaskEvents,
    TopicAdmin,
    TransactionalProducer,
)

Properties = Mapping[str, str]
OnReport = Callable[[Report], None]  # called from any thread; must not block
Confirming = Callable[[TaskId, int], Future[None]]  # of an incarnation; from any thread
# What tasks have counted, and all tasks this is the newest word of; from any thread, not blocking.
OnMeasured = Callable[[Sequence[TaskMeasures], Sequence[TaskId]], None]
MakeTransforms = Callable[[Properties], Transforms]  # from connector properties


class Confirm(Protocol):
    """Asks the worker whether an exactly-once task may begin, now that its producer is up."""

    def __call__(self, start: StartTask) -> None:
        """Blocks. Raises ConnectError if there are newer tasks, or another worker has this one."""
        ...


class Builder(Protocol):
    """Makes the loops of tasks."""

    def build(self, start: StartTask, control: Control, events: TaskEvents) -> Loop:
        """Raises what a wrong configuration or a plugin raises; then nothing is left open."""
        ...

    def version(self, start: StartTask) -> str | None: ...


class TaskClients(Protocol):
    """Makes the Kafka clients of one task."""

    def producer(
        self, name: str, task: int, connector: Properties, *, tracked: bool
    ) -> Producer: ...

    def transactional_producer(
        self, name: str, task: int, connector: Properties, *, tracked: bool
    ) -> TransactionalProducer: ...

    def consumer(self, name: str, task: int, connector: Properties) -> Consumer: ...
    def topic_admin(self, name: str, task: int, connector: Properties) -> TopicAdmin: ...

    def dead_letters(
        self,
        name: str,
        task: int,
        connector: Properties,
        topic: str,
        replication_factor: int,
    ) -> DeadLetters:
        """The topic is created if it does not exist."""
        ...


class OffsetStores(Protocol):
    """Where the source offsets of connectors are."""

    def of(self, connector: str, properties: Properties) -> OffsetStore: ...
