"""What a worker knows of each task and connector that runs in a host process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from penstock.cluster.messages import (
    ConnectorChanged,
    MakeTaskConfigs,
    ReconfigurationRequested,
    SetConnectorTarget,
    StartConnector,
    StartTask,
    TaskConfigsMade,
)
from penstock.hosting.messages import PluginCall
from penstock.hosting.policy import TaskPolicy

if TYPE_CHECKING:
    from penstock.hosting.members import Member


class TaskRecord(Struct, eq=False):
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


class ConnectorRecord(Struct, eq=False):
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
