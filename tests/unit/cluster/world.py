"""A control plane in virtual time: hosts, logs and a group of one, in memory and one thread."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

from penstock.cluster.changes import TasksConfigured
from penstock.cluster.effects import (
    Announce,
    AskLeader,
    ChangeLevel,
    PrepareOffsets,
    Rejoin,
    Reply,
    Send,
    Validate,
    Wake,
    WriteConfig,
    WriteOffsets,
    WriteStatus,
    WriteTopic,
)
from penstock.cluster.events import ConfigChanged, Event, Rebalanced, Reported, Request, Result
from penstock.cluster.herder import decide
from penstock.cluster.messages import (
    CheckOffsets,
    ConnectorChanged,
    ConnectorStopped,
    Failure,
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
    TaskStopped,
)
from penstock.cluster.state import CONNECTOR, ClusterState, Settings
from penstock.cluster.views import ConfigInfos

STATES = {
    TargetState.STARTED: State.RUNNING,
    TargetState.PAUSED: State.PAUSED,
    TargetState.STOPPED: State.STOPPED,
}


def failure(message: str = "broke", java_class: str = "java.lang.RuntimeException") -> Failure:
    return Failure(java_class, message, f"{java_class}: {message}\n\tat there")


class Hosts:
    """Runs connectors and tasks in name only; checks that nothing ever runs twice."""

    def __init__(self) -> None:
        self.running: dict[tuple[str, int], int] = {}
        self.commands: list[Any] = []
        self.tasks: dict[str, int] = {}
        self.failing: set[tuple[str, int]] = set()
        self.silent: set[type] = set()
        self.unable: set[str] = set()

    def answer(self, command: Any) -> list[Any]:
        self.commands.append(command)
        reports = self._answer(command)
        return [] if type(command) in self.silent else reports

    def _answer(self, command: Any) -> list[Any]:
        match command:
            case StartConnector(name, incarnation, _, target):
                return [self._started((name, CONNECTOR), incarnation, target)]
            case StartTask(id=task, incarnation=incarnation, target=target):
                return [self._started((task.connector, task.task), incarnation, target, task)]
            case SetConnectorTarget(name, incarnation, target):
                return [ConnectorChanged(name, incarnation, STATES[target])]
            case SetTaskTarget(task, incarnation, target):
                return [TaskChanged(task, incarnation, STATES[target])]
            case StopConnector(name, incarnation):
                assert self.running.pop((name, CONNECTOR)) == incarnation
                return [ConnectorStopped(name, incarnation)]
            case StopTask(task, incarnation, _):
                assert self.running.pop((task.connector, task.task)) == incarnation
                return [TaskStopped(task, incarnation)]
            case MakeTaskConfigs(name, incarnation, most):
                return [self._made(name, incarnation, most)]
            case CheckOffsets(name, request):
                return [OffsetsChecked(name, request, accepted=True)]
            case _:
                raise AssertionError(command)

    def _started(self, key: Any, incarnation: int, target: TargetState, task: Any = None) -> Any:
        assert key not in self.running, f"{key} runs already"
        self.running[key] = incarnation
        failed = failure() if key in self.failing else None
        state = State.FAILED if failed else STATES[target]
        if task is None:
            return ConnectorChanged(key[0], incarnation, state, version="1", failure=failed)
        return TaskChanged(task, incarnation, state, version="1", failure=failed)

    def _made(self, name: str, incarnation: int, most: int) -> Any:
        if name in self.unable:
            return TaskConfigsMade(name, incarnation, None, failure("no tasks"))
        count = self.tasks.get(name, most)
        return TaskConfigsMade(name, incarnation, [{"task": str(n)} for n in range(count)])


class World:
    """Feeds events until nothing is left to do; with a seed, in a random but fair order."""

    def __init__(
        self, *, waits_for_start: bool = True, seed: int | None = None, distributed: bool = False
    ) -> None:
        settings = Settings(
            "w:1", "http://w:1/", waits_for_start=waits_for_start, distributed=distributed
        )
        self.state = ClusterState(settings)
        self.hosts = Hosts()
        self.now = 0.0
        self.random = random.Random(seed) if seed is not None else None
        self.answers: dict[int, Any] = {}
        self.abandoned: set[int] = set()
        self.effects: list[Any] = []
        self.written: list[Any] = []
        self.statuses: list[WriteStatus] = []
        self.timers: list[tuple[float, Event]] = []
        self.offsets: dict[str, list[Any]] = {}
        self.infos: Any = ConfigInfos("c", 0, [], [])
        self.write_error: Exception | None = None
        self._lanes: dict[str, deque[Event]] = {}
        self._next = 1
        self.feed(Rebalanced(True, "http://w:1/", 0, {}))

    def feed(self, event: Event) -> None:
        decision = decide(self.state, event, self.now)
        self.state = decision.state
        for effect in decision.effects:
            self.effects.append(effect)
            self._perform(effect)

    def ask(self, kind: type[Request], *arguments: Any, **named: Any) -> int:
        number, self._next = self._next, self._next + 1
        self.feed(kind(number, *arguments, **named))
        return number

    def call(self, kind: type[Request], *arguments: Any, **named: Any) -> Any:
        """The answer, or the error raised, once nothing is left to do."""
        number = self.ask(kind, *arguments, **named)
        self.settle()
        answer = self.answers[number]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def settle(self, without: str = "") -> None:
        """Until nothing is left to do, or only in the lane that has to wait."""
        while self.step(without):
            pass

    def step(self, without: str = "") -> bool:
        """Let one thing happen; whether there was one."""
        lanes = [lane for name, lane in self._lanes.items() if lane and name != without]
        if lanes:
            self.feed((self.random.choice(lanes) if self.random else lanes[0]).popleft())
        return bool(lanes)

    def advance(self, seconds: float) -> None:
        self.now += seconds
        due = [event for at, event in self.timers if at <= self.now]
        self.timers = [(at, event) for at, event in self.timers if at > self.now]
        for event in due:
            self.feed(event)
        self.settle()

    def _later(self, lane: str, *events: Event) -> None:
        self._lanes.setdefault(lane, deque()).extend(events)

    def _perform(self, effect: Any) -> None:
        match effect:
            case Reply(request, value, error):
                assert request not in self.answers, "answered twice"
                self.answers[request] = error if error is not None else value
            case Send(command):
                reports = self.hosts.answer(command)
                self._later(_lane(command), *map(Reported, reports))
            case WriteConfig(request, changes):
                self._write(request, changes)
            case Rejoin(configured):
                everything = {n: frozenset(range(-1, tasks)) for n, tasks in configured.items()}
                self._later("group", Rebalanced(True, "http://w:1/", 0, everything))
            case Validate(request, _):
                value = self.infos
                error = value if isinstance(value, Exception) else None
                self._later(f"v{request}", Result(request, value, error))
            case WriteStatus():
                self.statuses.append(effect)
            case PrepareOffsets(request, name, _, offsets):
                known = tuple((p, None) for p, _ in self.offsets.get(name, []))
                self._later("offsets", Result(request, known if offsets is None else offsets))
            case WriteOffsets(request, name, _, offsets, _):
                self.offsets[name] = [pair for pair in offsets if pair[1] is not None]
                self._later("offsets", Result(request))
            case Wake(after_seconds, event):
                self.timers.append((self.now + after_seconds, event))
            case _:
                assert isinstance(effect, WriteTopic | ChangeLevel | AskLeader | Announce)

    def _write(self, request: int, changes: Any) -> None:
        if self.write_error is not None:
            self._later("log", Result(request, error=self.write_error))
            return
        self.written += changes
        self._later("log", *map(ConfigChanged, changes), Result(request))

    # What tests ask -----------------------------------------------------------------------------

    def states(self, name: str) -> dict[int, str]:
        return {n: s.state.value for n, s in sorted(self.state.statuses.get(name, {}).items())}

    def running(self) -> set[tuple[str, int]]:
        return set(self.hosts.running)

    def sent(self, kind: type) -> list[Any]:
        return [command for command in self.hosts.commands if isinstance(command, kind)]

    def task_counts(self) -> list[int]:
        return [len(c.configs or ()) for c in self.written if isinstance(c, TasksConfigured)]


def _lane(command: Any) -> str:
    """Reports on one instance keep their order."""
    task = getattr(command, "id", None)
    return str(task) if task is not None else command.connector
