"""The pretended task hosts of one worker: what runs on them, and what they report of it."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from typing import Any

from penstock.cluster.changes import TasksConfigured
from penstock.cluster.events import ConfigChanged, Event, Reported
from penstock.cluster.messages import (
    CheckOffsets,
    ConnectorChanged,
    ConnectorStopped,
    MakeTaskConfigs,
    OffsetsChecked,
    SetConnectorTarget,
    SetTaskTarget,
    StartConnector,
    StartTask,
    State,
    StopConnector,
    StopTask,
    TargetState,
    TaskChanged,
    TaskConfigsMade,
    TaskId,
    TaskStopped,
)
from penstock.cluster.state import CONNECTOR
from tests.simulation.broker import Logs
from tests.simulation.exactly_once import Tasks
from tests.simulation.lines import Outside, Running

STATES = {
    TargetState.STARTED: State.RUNNING,
    TargetState.PAUSED: State.PAUSED,
    TargetState.STOPPED: State.STOPPED,
}
Key = tuple[str, int]


class Hosts:
    """Reports on one instance keep their order; those on others overtake each other."""

    def __init__(
        self,
        name: str,
        logs: Logs,
        dice: random.Random,
        now: Callable[[], float],
        outside: Outside,
        reachable: Callable[[], bool],
        tell: Callable[[Event], None],
    ) -> None:
        self.name = name
        self.lanes: dict[str, deque[Event]] = {}
        self.running: dict[Key, int] = {}
        self.lines: dict[Key, Running] = {}  # of tasks that are not exactly-once
        self.tasks = Tasks(logs.producers, dice, tell)
        self._generations: dict[str, int] = {}  # of task configurations, as this worker knows them
        self._logs, self._dice, self._now = logs, dice, now
        self._outside, self._reachable = outside, reachable

    def knows(self, event: Event) -> None:
        """What the worker hears of."""
        match event:
            case ConfigChanged(TasksConfigured(name), offset):
                self._generations[name] = self._logs.generation(name, offset)
            case _:
                pass

    def generation(self, connector: str) -> int:
        return self._generations.get(connector, 0)

    def later(self, lane: str, *events: Event) -> None:
        self.lanes.setdefault(lane, deque()).extend(events)

    def write_a_line(self, share: float) -> None:
        """Perhaps. Lines have no end and do not count."""
        if self.lines and self._dice.random() < share:
            self._dice.choice(list(self.lines.values())).step()

    def run_tasks(self, answers: dict[int, Any]) -> bool:
        def tell(task: TaskId, event: Event) -> None:
            self.later(str(task), event)

        return self.tasks.fence_one() or self.tasks.step(answers, tell)

    def next_report(self) -> Event | None:
        lanes = [lane for lane in self.lanes.values() if lane]
        if not lanes:
            return None
        event = self._dice.choice(lanes).popleft()
        if isinstance(event, Reported):
            self._reported(event.report)
        return event

    def _reported(self, report: Any) -> None:
        match report:
            case ConnectorStopped(connector=name):
                del self.running[name, CONNECTOR]
            case TaskStopped(id=task, incarnation=incarnation):
                self.running.pop((task.connector, task.task), None)  # it may have waited
                self.tasks.stopped(task, incarnation)
                if (task.connector, task.task) in self.lines:
                    self.lines.pop((task.connector, task.task)).close()
            case _:
                pass

    def send(self, command: Any) -> None:
        match command:
            case StartConnector(name, incarnation, _, target):
                self._start((name, CONNECTOR), incarnation)
                report: Any = ConnectorChanged(name, incarnation, STATES[target])
            case StartTask(id=task, incarnation=incarnation, target=target):
                self._start((task.connector, task.task), incarnation)
                if command.exactly_once:
                    self.tasks.start(command, self._generations[task.connector])
                    return
                self.lines[task.connector, task.task] = self._line(task, target)
                report = TaskChanged(task, incarnation, STATES[target])
            case SetConnectorTarget(name, incarnation, target):
                report = ConnectorChanged(name, incarnation, STATES[target])
            case SetTaskTarget(task, incarnation, target):
                if (task.connector, task.task) in self.lines:
                    self.lines[task.connector, task.task].aim(target)
                if not self.tasks.aim(task, incarnation, target):
                    return
                report = TaskChanged(task, incarnation, STATES[target])
            case StopConnector(name, incarnation):
                report = ConnectorStopped(name, incarnation)
            case StopTask(task, incarnation, _):
                report = TaskStopped(task, incarnation)
            case MakeTaskConfigs(name, incarnation, most):
                edition = self._logs.editions.get(name, 0)
                made = [{"task": str(n), "edition": str(edition)} for n in range(most)]
                report = TaskConfigsMade(name, incarnation, made)
            case CheckOffsets(name, request):
                report = OffsetsChecked(name, request, accepted=True)
            case _:
                raise AssertionError(command)
        self.later(_lane(command), Reported(report))

    def _line(self, task: TaskId, target: TargetState) -> Running:
        running = Running(str(task), self._outside, self._dice, self._now, self._reachable)
        running.aim(target)
        return running

    def _start(self, key: Key, incarnation: int) -> None:
        assert key not in self.running, f"{key} runs on {self.name} already"
        self.running[key] = incarnation


def _lane(command: Any) -> str:
    """Reports on one instance keep their order."""
    return str(command.id) if hasattr(command, "id") else command.connector
