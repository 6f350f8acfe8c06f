"""What a worker knows of each task and connector that runs in a host process."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace

from penstock.cluster.messages import (
    ConnectorChanged,
    MakeTaskConfigs,
    ReconfigurationRequested,
    SetConnectorTarget,
    StartConnector,
    StartTask,
    TaskConfigsMade,
    TaskId,
)
from penstock.hosting.messages import PluginCall
from penstock.hosting.policy import TaskPolicy
from penstock.runtime.error_events import ErrorEvent

HISTORIES_MAX = 100_000

if TYPE_CHECKING:
    from penstock.hosting.members import Member


@dataclass
class TaskRecord:
    """A task from the command that starts it to the report that it has stopped."""

    start: StartTask
    policy: TaskPolicy
    member: Member
    placed: float
    state: str | None = None
    version: str | None = None
    stop_asked: bool = False
    moving: bool = False  # its end in this host is the beginning in another
    given_up: bool = False
    call: PluginCall | None = None
    stuck_since: float | None = None  # the beginning of the call that was told to be stuck


@dataclass
class ConnectorRecord:
    """A connector instance, likewise."""

    start: StartConnector
    member: Member
    unanswered: MakeTaskConfigs | None = None
    version: str | None = None
    stop_asked: bool = False
    moving: bool = False

    def note(self, command: SetConnectorTarget | MakeTaskConfigs) -> None:
        """Remember what another host would have to be told."""
        if isinstance(command, SetConnectorTarget):
            self.start = replace(self.start, target=command.target)
        else:
            self.unanswered = command

    def passes(self, report: ConnectorChanged | ReconfigurationRequested | TaskConfigsMade) -> bool:
        """Whether the control plane is to hear this; of a move it hears nothing."""
        if isinstance(report, TaskConfigsMade):
            self.unanswered = None
        elif isinstance(report, ConnectorChanged):
            self.version = report.version or self.version
            return not self.moving
        return True


@dataclass
class History:
    """What befell a task, over all its starts in this worker."""

    starts: int = 0
    last_error: str | None = None
    last_error_at: float | None = None  # seconds since 1970
    last_event: ErrorEvent | None = None
    error_count: int = 0
    lost: bool = False  # together with its host


class Histories:
    """Of all tasks, the oldest forgotten when there are too many."""

    def __init__(self) -> None:
        self.by_task: dict[TaskId, History] = {}

    def of(self, task: TaskId) -> History:
        if task not in self.by_task and len(self.by_task) >= HISTORIES_MAX:
            self.by_task.pop(next(iter(self.by_task)))
        return self.by_task.setdefault(task, History())

    def note(self, task: TaskId, error: str | None, event: ErrorEvent | None = None) -> None:
        history = self.of(task)
        history.last_error, history.last_error_at = error, time.time()
        history.last_event = event
        history.error_count += 1
