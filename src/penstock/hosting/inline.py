"""Connectors and tasks on the caller's thread: for tests and previews. Nothing runs by itself."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from penstock.cluster.catalog import Catalog
from penstock.cluster.messages import (
    CheckOffsets,
    Command,
    ConnectorStopped,
    Failure,
    MakeTaskConfigs,
    SetConnectorTarget,
    SetTaskTarget,
    StartConnector,
    StartTask,
    State,
    StopConnector,
    StopTask,
    TargetState,
    TaskChanged,
    TaskErred,
    TaskId,
    TaskStopped,
    TopicsUsed,
)
from penstock.hosting.control import ThreadControl
from penstock.hosting.failures import failure_of
from penstock.hosting.instance import ConnectorInstance, check_offsets
from penstock.hosting.ports import Builder, OnReport
from penstock.runtime.error_events import ErrorEvent
from penstock.runtime.life_cycle import task_steps
from penstock.runtime.log_context import log_context, task_context
from penstock.runtime.ports import Loop


class InlineHosts:
    """A `TaskHosts` whose work is done by `run`."""

    def __init__(self, builder: Builder, catalog: Catalog, report: OnReport) -> None:
        self._builder = builder
        self._catalog = catalog
        self._report = report
        self._commands: deque[Command] = deque()
        self._tasks: dict[tuple[TaskId, int], _InlineTask] = {}
        self._connectors: dict[tuple[str, int], ConnectorInstance] = {}

    def send(self, command: Command) -> None:
        self._commands.append(command)

    def run(self, rounds: int = 1) -> None:
        """Carry out what was sent, then take every task a step further; so many times."""
        for _ in range(rounds):
            while self._commands:
                self._carry_out(self._commands.popleft())
            for task in list(self._tasks.values()):
                task.step()

    def _carry_out(self, command: Command) -> None:
        match command:
            case StartTask():
                task = _InlineTask(command, self._builder, self._report)
                self._tasks[command.id, command.incarnation] = task
            case SetTaskTarget():
                if found := self._tasks.get((command.id, command.incarnation)):
                    found.control.pause(command.target is TargetState.PAUSED)
            case StopTask():
                if found := self._tasks.pop((command.id, command.incarnation), None):
                    found.stop()
                self._report(TaskStopped(command.id, command.incarnation))
            case StartConnector():
                instance = ConnectorInstance(command, self._catalog, self._report)
                self._connectors[command.connector, command.incarnation] = instance
                instance.go_to(command.target)
            case SetConnectorTarget():
                self._with_instance(command, lambda instance: instance.go_to(command.target))
            case MakeTaskConfigs():
                self._with_instance(command, lambda i: i.make_task_configs(command))
            case StopConnector():
                self._with_instance(command, lambda instance: instance.shut_down())
                self._connectors.pop((command.connector, command.incarnation), None)
                self._report(ConnectorStopped(command.connector, command.incarnation))
            case CheckOffsets():
                self._report(check_offsets(command, self._catalog))

    def _with_instance(
        self,
        command: SetConnectorTarget | MakeTaskConfigs | StopConnector,
        action: Callable[[ConnectorInstance], None],
    ) -> None:
        instance = self._connectors.get((command.connector, command.incarnation))
        if instance is not None:
            action(instance)


class _InlineTask:
    def __init__(self, command: StartTask, builder: Builder, report: OnReport) -> None:
        self.control = ThreadControl(paused=command.target is TargetState.PAUSED)
        if command.target is TargetState.STOPPED:
            self.control.stop()
        self._command = command
        self._builder = builder
        self._report = report
        self._version: str | None = None
        self._steps: Iterator[None] | None = task_steps(self._make, self.control, self)

    def _make(self) -> Loop:
        loop = self._builder.build(self._command, self.control, self)
        self._version = self._builder.version(self._command)
        return loop

    def step(self) -> None:
        if self._steps is None or (self.control.paused and not self.control.stopping):
            return
        task = self._command.id
        with log_context(task_context(task.connector, task.task)):
            try:
                next(self._steps)
            except StopIteration:
                self._steps = None
                self._tell(State.UNASSIGNED)
            except Exception as error:
                self._steps = None
                self._tell(State.FAILED, error)

    def stop(self) -> None:
        self.control.stop()
        while self._steps is not None:
            self.step()

    def _tell(self, state: State, error: Exception | None = None) -> None:
        failure = None if error is None else self._failure(error)
        trace = None if failure is None else failure.trace
        command = self._command
        self._report(
            TaskChanged(command.id, command.incarnation, state, trace, self._version, failure)
        )

    def _failure(self, error: BaseException) -> Failure:
        command = self._command
        return failure_of(
            error, command.id.connector, command.id.task, command.connector_properties
        )

    def running(self) -> None:
        self._tell(State.RUNNING)

    def paused(self) -> None:
        self._tell(State.PAUSED)

    def topics_used(self, topics: list[str]) -> None:
        self._report(TopicsUsed(self._command.id, self._command.incarnation, topics))

    def erred(self, event: ErrorEvent) -> None:
        self._report(TaskErred(self._command.id, self._command.incarnation, event))
