"""What is shown of tasks that are threads."""

from __future__ import annotations

from penstock.cluster.messages import (
    Failure,
    StartTask,
    State,
    StopTask,
    TargetState,
    TaskChanged,
    TaskErred,
    TaskId,
    TaskStopped,
)
from penstock.hosting.thread import ThreadHosts
from penstock.hosting.thread_views import ThreadViews
from penstock.runtime.error_events import ErrorEvent
from tests.unit.hosting.rig import HostRig

TASK = TaskId("c", 0)
EVENT = ErrorEvent("c", 0, "java.lang.RuntimeException", "gone", 5, remedy="Look.")


def start(incarnation: int = 1, task: TaskId = TASK) -> StartTask:
    return StartTask(task, incarnation, {}, {}, TargetState.STARTED, 1)


def failed(incarnation: int = 1) -> TaskChanged:
    failure = Failure("java.lang.RuntimeException", "gone", "trace", event=EVENT)
    return TaskChanged(TASK, incarnation, State.FAILED, "trace", "1.0", failure)


def test_a_task_is_shown_from_its_start_to_its_end() -> None:
    views = ThreadViews()
    views.commanded(start(task=TaskId("c", 10)))
    views.commanded(start(task=TaskId("c", 2)))
    assert [(task.id, task.state, task.host) for task in views.tasks()] == [
        ("c-2", None, None),
        ("c-10", None, None),
    ]
    views.reported(TaskChanged(TaskId("c", 2), 1, State.RUNNING, None, "1.0"))
    views.reported(TaskStopped(TaskId("c", 10), 1))
    assert [(task.id, task.state) for task in views.tasks()] == [("c-2", "RUNNING")]
    assert views.hosts() == []


def test_the_last_error_stays_over_restarts() -> None:
    views = ThreadViews()
    views.commanded(start())
    views.reported(TaskErred(TASK, 1, EVENT))
    views.reported(failed())
    views.reported(TaskStopped(TASK, 1))
    views.commanded(start(2))
    views.reported(TaskChanged(TASK, 2, State.RUNNING, None, "1.0"))
    (task,) = views.tasks()
    assert (task.state, task.restarts, task.errors) == ("RUNNING", 1, 2)
    assert task.last_error is not None
    assert (task.last_error.message, task.last_error.event) == ("gone", EVENT)


def test_what_an_older_start_tells_is_not_taken_for_the_newers() -> None:
    views = ThreadViews()
    views.commanded(start(1))
    views.commanded(start(2))
    views.reported(failed(1))
    views.reported(TaskStopped(TASK, 1))
    (task,) = views.tasks()
    assert (task.state, task.errors) == (None, 0)


def test_a_thread_that_fails_is_shown_with_its_error() -> None:
    rig, views = HostRig(ThreadHosts), ThreadViews()
    command = rig.start_task(mode="broken")
    views.commanded(command)
    rig.until(lambda: rig.states() == ["FAILED"])
    for report in rig.reports:
        views.reported(report)
    (task,) = views.tasks()
    assert task.last_error is not None
    assert (task.state, task.last_error.message) == ("FAILED", "no such table")
    rig.send(StopTask(TASK, 1, 100))
