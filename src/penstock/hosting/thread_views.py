"""What a worker whose tasks are threads shows of them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from penstock.cluster.host_views import HostView, TaskView
from penstock.cluster.messages import (
    Command,
    Report,
    StartTask,
    State,
    TaskChanged,
    TaskErred,
    TaskId,
    TaskStopped,
)
from penstock.hosting.histories import Histories, History


@dataclass
class _Running:
    incarnation: int
    state: str | None = None


class ThreadViews:
    """A `HostsView` without hosts; hears of all commands and reports, from any thread.

    What call a thread is in nobody watches.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._histories = Histories()
        self._running: dict[TaskId, _Running] = {}

    def commanded(self, command: Command) -> None:
        if isinstance(command, StartTask):
            with self._lock:
                self._running[command.id] = _Running(command.incarnation)
                self._histories.of(command.id).starts += 1

    def reported(self, report: Report) -> None:
        if not isinstance(report, TaskChanged | TaskErred | TaskStopped):
            return
        with self._lock:
            task = self._running.get(report.id)
            if task is None or task.incarnation != report.incarnation:
                return
            match report:
                case TaskErred():
                    self._histories.erred(report)
                case TaskChanged():
                    task.state = report.state.value
                    if report.state is State.FAILED:
                        self._histories.failed(report)
                case TaskStopped():
                    del self._running[report.id]

    def hosts(self) -> list[HostView]:
        return []

    def tasks(self) -> list[TaskView]:
        """By connector and number."""
        with self._lock:
            known = self._histories.by_task
            return [
                known.get(task, History()).shown(task, self._running[task].state, None, None)
                for task in sorted(self._running)
            ]
