"""What befell tasks, over all their starts in this worker."""

from __future__ import annotations

import time

from msgspec import Struct

from penstock.cluster.host_views import CallView, LastError, TaskView
from penstock.cluster.messages import TaskChanged, TaskErred, TaskId
from penstock.runtime.error_events import ErrorEvent

HISTORIES_MAX = 100_000


class History(Struct):
    """Of one task."""

    starts: int = 0
    last_error: str | None = None
    last_error_at: float | None = None  # seconds since 1970
    last_event: ErrorEvent | None = None
    error_count: int = 0
    lost: bool = False  # together with its host

    def shown(
        self, task: TaskId, state: str | None, host: int | None, call: CallView | None
    ) -> TaskView:
        """As clients are shown it; a task without host is a thread, or has lost its host."""
        error = None
        if self.last_error is not None and self.last_error_at is not None:
            error = LastError(self.last_error, round(self.last_error_at, 3), self.last_event)
        restarts = max(0, self.starts - 1)
        return TaskView(str(task), state, host, call, restarts, self.error_count, error)


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

    def failed(self, report: TaskChanged) -> None:
        failure = report.failure
        message = None if failure is None else failure.message
        self.note(report.id, message or "failed", None if failure is None else failure.event)

    def erred(self, report: TaskErred) -> None:
        self.note(report.id, report.event.cause, report.event)
