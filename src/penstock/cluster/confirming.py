"""May a task whose producer is up begin? Not if there are newer tasks, or another worker has it.

The producer has fenced off its predecessors by now; what is read afterwards is therefore the last
word: whoever replaces this task later fences off its producer in turn.
"""

from __future__ import annotations

from penstock.cluster.effects import ReadConfig
from penstock.cluster.events import ConfirmTask
from penstock.cluster.messages import TaskId
from penstock.cluster.state import Pending, Step
from penstock.cluster.turn import Turn
from penstock.cluster.waiting import end
from penstock.sdk.errors import ConnectError

READ_SECONDS = 600.0  # whoever stops the task does not wait as long
UNREAD = "Failed to read to end of config topic"
_SUPERSEDED = (
    "Cannot start source task {} with exactly-once support as the connector has already generated "
    "a new set of task configs"
)
_REVOKED = "Cannot start source task {} as it has already been revoked from this worker"


def begin_confirming(turn: Turn, request: ConfirmTask) -> None:
    """The group has agreed."""
    turn.pend(request, Step.READING, f"confirming that {_task(request)} is to start")
    turn.emit(ReadConfig(request.id, READ_SECONDS))


def confirm(turn: Turn, request: ConfirmTask) -> None:
    """The config log was read to its end."""
    end(turn, request.id, None, refusal(turn, request))


def unread(turn: Turn, request: ConfirmTask, error: Exception) -> None:
    failure = ConnectError(UNREAD)
    failure.__cause__ = error
    end(turn, request.id, None, failure)


def refuse_superseded(turn: Turn, pending: Pending) -> None:
    """A task that is to stop shall not wait for what the group or the log does."""
    request = pending.request
    assert isinstance(request, ConfirmTask)
    error = refusal(turn, request)
    if error is not None:
        end(turn, request.id, None, error)


def refusal(turn: Turn, request: ConfirmTask) -> Exception | None:
    """Why the task may not begin, in Java's words."""
    name, number = request.connector, request.task
    configured, instance = turn.state.configured(name), turn.state.instance(name, number)
    if instance is None or instance.incarnation != request.incarnation or configured is None:
        return ConnectError(_REVOKED.format(_task(request)))
    if instance.revision < configured.tasks_revision:
        return ConnectError(_SUPERSEDED.format(_task(request)))
    if instance.stopping or number not in turn.state.assigned(name):
        return ConnectError(_REVOKED.format(_task(request)))
    return None


def _task(request: ConfirmTask) -> TaskId:
    return TaskId(request.connector, request.task)
