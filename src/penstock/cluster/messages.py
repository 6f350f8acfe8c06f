"""What the control plane and the task hosts say to each other.

Commands go to a host, reports come back. All are small plain structs, so that a host can be a
thread or another process. Records never cross here.

Each start carries an `incarnation`, unique within the worker; every report repeats it, so that a
late word of an instance that was stopped or cancelled is told from its successor's.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from penstock.runtime.error_events import ErrorEvent


class TargetState(enum.Enum):
    """What an operator wants a connector to be; the values stand in the config topic."""

    STARTED = "STARTED"
    PAUSED = "PAUSED"
    STOPPED = "STOPPED"


class State(enum.Enum):
    """What a connector or task is; the values stand in the status topic and in REST answers."""

    UNASSIGNED = "UNASSIGNED"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    FAILED = "FAILED"
    RESTARTING = "RESTARTING"
    STOPPED = "STOPPED"
    DESTROYED = "DESTROYED"


class TaskId(msgspec.Struct, frozen=True, order=True):
    """A task of a connector."""

    connector: str
    task: int

    def __str__(self) -> str:
        return f"{self.connector}-{self.task}"


# Commands ---------------------------------------------------------------------------------------


class StartConnector(msgspec.Struct, frozen=True, tag=True):
    """Make an instance of the connector and bring it to its target state."""

    connector: str
    incarnation: int
    properties: dict[str, str]  # with references to secrets resolved
    target: TargetState
    secrets: list[str] = []  # which must be shown nowhere


class SetConnectorTarget(msgspec.Struct, frozen=True, tag=True):
    """Start, pause or stop a connector instance that exists."""

    connector: str
    incarnation: int
    target: TargetState


class StopConnector(msgspec.Struct, frozen=True, tag=True):
    """Stop the instance for good; `ConnectorStopped` answers."""

    connector: str
    incarnation: int


class MakeTaskConfigs(msgspec.Struct, frozen=True, tag=True):
    """Ask a started connector for task configurations; `TaskConfigsMade` answers."""

    connector: str
    incarnation: int
    tasks_max: int


class StartTask(msgspec.Struct, frozen=True, tag=True):
    """Make the task and bring it to its target state."""

    id: TaskId
    incarnation: int
    connector_properties: dict[str, str]  # with references to secrets resolved
    task_properties: dict[str, str]
    target: TargetState
    tasks: int = 0  # how many the connector has, if told
    exactly_once: bool = False  # a source's records and offsets go in Kafka's transactions
    secrets: list[str] = []


class SetTaskTarget(msgspec.Struct, frozen=True, tag=True):
    """Pause or resume a task."""

    id: TaskId
    incarnation: int
    target: TargetState


class StopTask(msgspec.Struct, frozen=True, tag=True):
    """Stop a task; overdue after `timeout_ms` it is cancelled. `TaskStopped` answers."""

    id: TaskId
    incarnation: int
    timeout_ms: int


class CheckOffsets(msgspec.Struct, frozen=True, tag=True):
    """Ask the connector's `alter_offsets` hook; `OffsetsChecked` answers.

    A pair is (partition, offset or None); of a sink {"kafka_topic", "kafka_partition"} and
    {"kafka_offset"}.
    """

    connector: str
    request: int
    properties: dict[str, str]
    offsets: list[tuple[dict[str, Any] | None, dict[str, Any] | None]]
    secrets: list[str] = []


Command = (
    StartConnector
    | SetConnectorTarget
    | StopConnector
    | MakeTaskConfigs
    | StartTask
    | SetTaskTarget
    | StopTask
    | CheckOffsets
)


# Reports ----------------------------------------------------------------------------------------


class Failure(msgspec.Struct, frozen=True):
    """An error that crossed from a host: its Java class, message and whole trace text."""

    java_class: str
    message: str | None
    trace: str
    crashed: bool = False  # not an error that was raised: the whole host is gone
    event: ErrorEvent | None = None


class ConnectorChanged(msgspec.Struct, frozen=True, tag=True):
    """A connector instance reached a state."""

    connector: str
    incarnation: int
    state: State
    trace: str | None = None
    version: str | None = None
    failure: Failure | None = None


class ConnectorStopped(msgspec.Struct, frozen=True, tag=True):
    """The instance is gone (or was given up on, when `cancelled`)."""

    connector: str
    incarnation: int
    cancelled: bool = False


class ReconfigurationRequested(msgspec.Struct, frozen=True, tag=True):
    """The connector wants its task configurations made anew."""

    connector: str
    incarnation: int


class TaskConfigsMade(msgspec.Struct, frozen=True, tag=True):
    """What a connector returned from `task_configs`, with `task.class` and topics added."""

    connector: str
    incarnation: int
    configs: list[dict[str, str]] | None
    failure: Failure | None = None


class TaskChanged(msgspec.Struct, frozen=True, tag=True):
    """A task reached a state."""

    id: TaskId
    incarnation: int
    state: State
    trace: str | None = None
    version: str | None = None
    failure: Failure | None = None


class TaskStopped(msgspec.Struct, frozen=True, tag=True):
    """The task is gone (or was given up on, when `cancelled`); it says nothing from here on."""

    id: TaskId
    incarnation: int
    cancelled: bool = False


class TopicsUsed(msgspec.Struct, frozen=True, tag=True):
    """Topics a task has used that it did not report before."""

    id: TaskId
    incarnation: int
    topics: list[str]


class TaskErred(msgspec.Struct, frozen=True, tag=True):
    """A task goes on, but something went wrong; not more often than once a second."""

    id: TaskId
    incarnation: int
    event: ErrorEvent


class OffsetsChecked(msgspec.Struct, frozen=True, tag=True):
    """What a connector's `alter_offsets` hook said: True, False, or why it refused."""

    connector: str
    request: int
    accepted: bool = False
    failure: Failure | None = None


Report = (
    ConnectorChanged
    | ConnectorStopped
    | ReconfigurationRequested
    | TaskConfigsMade
    | TaskChanged
    | TaskStopped
    | TopicsUsed
    | TaskErred
    | OffsetsChecked
)


class TaskHosts(Protocol):
    """Where connectors and tasks run."""

    def send(self, command: Command) -> None:
        """Carry out a command some time soon. Never blocks and never raises for a plugin's sake;
        what comes of it is reported to the callback the hosts were made with."""
        ...


Properties = Mapping[str, str]
Configs = Sequence[Mapping[str, str]]
