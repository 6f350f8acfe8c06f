"""Connectors and tasks as threads of this process, one each."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

from penstock.cluster.catalog import Catalog
from penstock.cluster.command_secrets import learn_secrets
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
from penstock.hosting.deadlines import Deadlines
from penstock.hosting.failures import failure_of
from penstock.hosting.instance import ConnectorInstance, check_offsets
from penstock.hosting.ports import Builder, OnMeasured, OnReport
from penstock.runtime.counters import BatchCounters
from penstock.runtime.error_events import ErrorEvent
from penstock.runtime.life_cycle import run_task
from penstock.runtime.log_context import connector_context, log_context, task_context
from penstock.runtime.measures import TaskMeasures, taken
from penstock.runtime.ports import Loop

log = logging.getLogger(__name__)

_CONNECTOR_STOP_SECONDS = 5.0
_REQUESTS_MAX = 100


class ThreadHosts:
    """A `TaskHosts` of threads. Reports are made on the thread they are about."""

    def __init__(self, builder: Builder, catalog: Catalog, report: OnReport) -> None:
        self._builder = builder
        self._catalog = catalog
        self._report = report
        self._deadlines = Deadlines()
        self._lock = threading.Lock()
        self._tasks: dict[tuple[TaskId, int], TaskThread] = {}
        self._connectors: dict[tuple[str, int], ConnectorThread] = {}

    def send(self, command: Command) -> None:
        """Carry out a command; from any thread, without waiting for plugin code."""
        learn_secrets(command)
        match command:
            case StartTask():
                self._start_task(command)
            case SetTaskTarget():
                if task := self._tasks.get((command.id, command.incarnation)):
                    task.control.pause(command.target is TargetState.PAUSED)
            case StopTask():
                self._stop_task(command)
            case StartConnector():
                self._start_connector(command)
            case SetConnectorTarget():
                if thread := self._connectors.get((command.connector, command.incarnation)):
                    thread.go_to(command.target)
            case MakeTaskConfigs():
                if thread := self._connectors.get((command.connector, command.incarnation)):
                    thread.ask(command)
            case StopConnector():
                self._stop_connector(command)
            case CheckOffsets():
                self._check_offsets(command)

    def cut_off(self) -> None:
        """No task does anything with Kafka from now on; each is still to be stopped."""
        with self._lock:
            tasks = list(self._tasks.values())
        for task in tasks:
            task.cut_off()

    def tell_measures(self, every_seconds: float, measured: OnMeasured) -> None:
        """From now on, again and again."""

        def tell() -> None:
            measured(self.measures(), [task for task, _ in list(self._tasks)])
            self._deadlines.call_in(every_seconds, tell)

        tell()

    def measures(self) -> list[TaskMeasures]:
        """Of the tasks that have counted anything since the last call, what they have counted."""
        with self._lock:
            tasks = list(self._tasks.values())
        return [found for task in tasks if (found := task.measures()) is not None]

    def _start_task(self, command: StartTask) -> None:
        task = TaskThread(command, self._builder, self._report)
        with self._lock:
            self._tasks[command.id, command.incarnation] = task
        task.begin()

    def _stop_task(self, command: StopTask) -> None:
        with self._lock:
            task = self._tasks.pop((command.id, command.incarnation), None)
        if task is None:
            self._report(TaskStopped(command.id, command.incarnation))
        elif task.stop():
            self._deadlines.call_in(command.timeout_ms / 1000, task.cancel)

    def _start_connector(self, command: StartConnector) -> None:
        thread = ConnectorThread(command, self._catalog, self._report)
        with self._lock:
            self._connectors[command.connector, command.incarnation] = thread
        thread.begin()

    def _stop_connector(self, command: StopConnector) -> None:
        with self._lock:
            thread = self._connectors.pop((command.connector, command.incarnation), None)
        if thread is None:
            self._report(ConnectorStopped(command.connector, command.incarnation))
        elif thread.stop():
            self._deadlines.call_in(_CONNECTOR_STOP_SECONDS, thread.cancel)

    def _check_offsets(self, command: CheckOffsets) -> None:
        def ask() -> None:
            with log_context(connector_context(command.connector)):
                self._report(check_offsets(command, self._catalog))

        _start(ask, f"connector-offsets-{command.connector}")


def _start(target: Callable[[], None], name: str) -> None:
    threading.Thread(target=target, name=name, daemon=True).start()


class TaskThread:
    """One task and its thread. `stop` and `cancel` come from other threads."""

    def __init__(self, command: StartTask, builder: Builder, report: OnReport) -> None:
        self.control = ThreadControl(paused=command.target is TargetState.PAUSED)
        if command.target is TargetState.STOPPED:
            self.control.stop()
        self._command = command
        self._builder = builder
        self._report = report
        self._version: str | None = None
        self._loop: Loop | None = None
        self._lock = threading.RLock()  # a report and a cancellation exclude each other
        self._stop_asked = False
        self._ended = False
        self._told: dict[str, int] | None = None  # what was counted when it was last asked

    def begin(self) -> None:
        _start(self._run, f"task-thread-{self._command.id}")

    def measures(self) -> TaskMeasures | None:
        """None if nothing has happened since the last call."""
        counters = getattr(self._loop, "counters", None)
        if not isinstance(counters, BatchCounters):
            return None
        counts = taken(counters)
        if counts == self._told:
            return None
        self._told = counts
        task = self._command.id
        return TaskMeasures(task.connector, task.task, self._command.incarnation, counts)

    def stop(self) -> bool:
        """Ask the task to stop; False if it has ended already, and then that is reported."""
        with self._lock:
            self._stop_asked = True
            self.control.stop()
            if self._ended:
                self._report(TaskStopped(self._command.id, self._command.incarnation))
            return not self._ended

    def cancel(self) -> None:
        """The time to stop is over: the task is cut off from Kafka and says nothing more."""
        with self._lock:
            if self._ended:
                return
            self.control.cancel()
            self._ended = True
        log.error("Graceful stop of task %s failed.", self._command.id)
        if self._loop is not None:
            self._loop.cancel()
        self._report(TaskStopped(self._command.id, self._command.incarnation, cancelled=True))

    def cut_off(self) -> None:
        """It may do nothing any more, and says nothing but that it has ended."""
        with self._lock:
            self.control.cancel()
        if self._loop is not None:
            self._loop.cancel()

    # The task's thread --------------------------------------------------------------------------

    def _run(self) -> None:
        task = self._command.id
        with log_context(task_context(task.connector, task.task)):
            try:
                run_task(self._make, self.control, self)
            except BaseException as error:
                self._failed(error)
            else:
                self._tell(State.UNASSIGNED)
            self._end()

    def _make(self) -> Loop:
        loop = self._builder.build(self._command, self.control, self)
        self._version = self._builder.version(self._command)  # none for a task that cannot be built
        self._loop = loop
        if self.control.cancelled:
            loop.cancel()
        return loop

    def _failed(self, error: BaseException) -> None:
        failure = self._failure(error)
        sentence = failure.event and failure.event.sentence
        log.error(
            "The task threw an uncaught and unrecoverable exception.%s",
            f" {sentence}" if sentence else "",
            exc_info=error,
        )
        if self.control.stopping:
            self._tell(State.UNASSIGNED)
        else:
            self._tell(State.FAILED, failure)

    def _end(self) -> None:
        with self._lock:
            if self._stop_asked and not self._ended:
                self._report(TaskStopped(self._command.id, self._command.incarnation))
            self._ended = True

    def _tell(self, state: State, failure: Failure | None = None) -> None:
        trace = None if failure is None else failure.trace
        with self._lock:
            if not self.control.cancelled:
                self._report(
                    TaskChanged(
                        self._command.id,
                        self._command.incarnation,
                        state,
                        trace,
                        self._version,
                        failure,
                    )
                )

    def _failure(self, error: BaseException) -> Failure:
        command = self._command
        return failure_of(
            error, command.id.connector, command.id.task, command.connector_properties
        )

    # What its loop tells ------------------------------------------------------------------------

    def running(self) -> None:
        self._tell(State.RUNNING)

    def paused(self) -> None:
        self._tell(State.PAUSED)

    def topics_used(self, topics: list[str]) -> None:
        with self._lock:
            if not self.control.cancelled:
                self._report(TopicsUsed(self._command.id, self._command.incarnation, topics))

    def erred(self, event: ErrorEvent) -> None:
        with self._lock:
            if not self.control.cancelled:
                self._report(TaskErred(self._command.id, self._command.incarnation, event))


class ConnectorThread:
    """One connector instance and its thread; of target states, only the newest counts."""

    def __init__(self, command: StartConnector, catalog: Catalog, report: OnReport) -> None:
        self._command = command
        self._report = report
        self._instance = ConnectorInstance(command, catalog, self._tell)
        self._changed = threading.Condition()
        self._target: TargetState | None = command.target
        self._requests: deque[MakeTaskConfigs] = deque(maxlen=_REQUESTS_MAX)
        self._stopping = False
        self._ended = False
        self._silent = False

    def begin(self) -> None:
        _start(self._run, f"connector-thread-{self._command.connector}")

    def go_to(self, target: TargetState) -> None:
        with self._changed:
            if self._target is not None:
                log.warning(
                    "Could not begin changing connector state to %s before another request to "
                    "change state was made; the new request (which is to change the state to %s) "
                    "has pre-empted this one",
                    self._target.value,
                    target.value,
                )
            self._target = target
            self._changed.notify()

    def ask(self, command: MakeTaskConfigs) -> None:
        with self._changed:
            self._requests.append(command)
            self._changed.notify()

    def stop(self) -> bool:
        with self._changed:
            self._stopping = True
            self._changed.notify()
            return not self._ended

    def cancel(self) -> None:
        with self._changed:
            if self._ended:
                return
            self._ended = True
        log.error("Graceful stop of connector %s failed.", self._command.connector)
        self._instance.give_up()
        self._silent = True
        self._report(
            ConnectorStopped(self._command.connector, self._command.incarnation, cancelled=True)
        )

    def _tell(self, report: object) -> None:
        if not self._silent:
            self._report(report)  # pyright: ignore[reportArgumentType]

    def _run(self) -> None:
        with log_context(connector_context(self._command.connector)):
            while (todo := self._next()) is not None:
                todo()
            self._instance.shut_down()
        with self._changed:
            cancelled, self._ended = self._ended, True
        if not cancelled:
            self._tell(ConnectorStopped(self._command.connector, self._command.incarnation))

    def _next(self) -> Callable[[], None] | None:
        """What is to be done next; waits for it. None: stop."""
        with self._changed:
            while True:
                if self._stopping:
                    return None
                if self._target is not None:
                    target, self._target = self._target, None
                    return lambda: self._instance.go_to(target)
                if self._requests:
                    command = self._requests.popleft()
                    return lambda: self._instance.make_task_configs(command)
                self._changed.wait()
