"""Who runs in which host, what reports of hosts mean, and what follows when a host ends.

Everything here happens on the event loop of the hosts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from penstock.cluster.messages import (
    CheckOffsets,
    Command,
    ConnectorChanged,
    ConnectorStopped,
    Failure,
    MakeTaskConfigs,
    OffsetsChecked,
    ReconfigurationRequested,
    SetConnectorTarget,
    SetTaskTarget,
    StartConnector,
    StartTask,
    State,
    StopConnector,
    StopTask,
    TaskChanged,
    TaskConfigsMade,
    TaskErred,
    TaskId,
    TaskStopped,
    TopicsUsed,
)
from penstock.hosting.endings import Ending, explained
from penstock.hosting.failures import failure_of
from penstock.hosting.fleet import Fleet, HostEnded
from penstock.hosting.histories import Histories
from penstock.hosting.lease import ENDED, ended_by_lease
from penstock.hosting.members import Member, Use
from penstock.hosting.policy import TaskPolicy, task_policy
from penstock.hosting.ports import OnMeasured, OnReport
from penstock.hosting.records import ConnectorRecord, TaskRecord
from penstock.hosting.stops import Stops
from penstock.hosting.suspects import Suspects
from penstock.runtime.measures import TaskMeasures
from penstock.sdk.errors import ConfigError

log = logging.getLogger(__name__)


class Crew:
    """All tasks and connectors of a worker."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        fleet: Fleet,
        report: OnReport,
        measured: OnMeasured,
    ) -> None:
        self.fleet = fleet
        self.histories = Histories()
        self._stops = Stops(loop)
        self._report = report
        self._measured = measured
        self._tasks: dict[tuple[TaskId, int], TaskRecord] = {}
        self._connectors: dict[tuple[str, int], ConnectorRecord] = {}
        self._suspects = Suspects()
        self._held: list[Command] | None = []  # until plugins are known

    # Commands -----------------------------------------------------------------------------------

    def set_plan(self, plan: bytes) -> None:
        """With this, hosts can be set up; what was asked for before is done now."""
        self.fleet.plan = plan
        held, self._held = self._held or [], None
        for command in held:
            self.carry_out(command)

    def carry_out(self, command: Command) -> None:
        if self._held is not None:
            self._held.append(command)
            return
        match command:
            case StartTask():
                self._start_task(command)
            case SetTaskTarget():
                if task := self._tasks.get((command.id, command.incarnation)):
                    task.start = replace(task.start, target=command.target)
                    task.member.process.send(command)
            case StopTask():
                self._stop_task(command)
            case StartConnector():
                self._start_connector(command)
            case SetConnectorTarget() | MakeTaskConfigs():
                key = command.connector, command.incarnation
                if connector := self._connectors.get(key):
                    connector.note(command)
                    connector.member.process.send(command)
            case StopConnector():
                self._stop_connector(command)
            case CheckOffsets():
                member = self.fleet.for_questions()
                member.checks[command.request] = command
                member.process.send(command)

    def _start_task(self, start: StartTask) -> None:
        history = self.histories.of(start.id)
        history.starts += 1
        history.lost = False
        try:
            policy = task_policy(self.fleet.settings.properties, start.connector_properties)
        except ConfigError as error:
            failure = failure_of(error)
            self.histories.note(start.id, failure.message)
            self._report(
                TaskChanged(
                    start.id, start.incarnation, State.FAILED, failure.trace, failure=failure
                )
            )
            return
        self._place(start, policy)

    def _place(self, start: StartTask, policy: TaskPolicy) -> None:
        now = time.monotonic()
        cohort = self._suspects.cohort(start.id.connector, now)
        member = self.fleet.open(Use.ALONE) if policy.alone else self.fleet.for_task(now, cohort)
        record = TaskRecord(start, policy, member, now)
        self._tasks[start.id, start.incarnation] = record
        member.tasks[start.id, start.incarnation] = record
        member.empty_since = None
        member.process.send(start)

    def _stop_task(self, command: StopTask) -> None:
        key = command.id, command.incarnation
        task = self._tasks.get(key)
        if task is None:
            self.histories.of(command.id).lost = False
            self._report(TaskStopped(command.id, command.incarnation))
            return
        task.stop_asked = True
        self._stops.ask_task(task, command.timeout_ms)

    def _start_connector(
        self, start: StartConnector, unanswered: MakeTaskConfigs | None = None
    ) -> None:
        now = time.monotonic()
        try:
            policy = task_policy(self.fleet.settings.properties, start.properties)
        except ConfigError:
            policy = TaskPolicy.parse({})  # its tasks will tell
        alone = policy.task_isolation == "process"
        cohort = self._suspects.cohort(start.connector, now)
        member = self.fleet.open(Use.ALONE) if alone else self.fleet.for_connector(cohort)
        record = ConnectorRecord(start, member, unanswered)
        key = start.connector, start.incarnation
        self._connectors[key] = member.connectors[key] = record
        member.empty_since = None
        member.process.send(start)
        if unanswered is not None:
            member.process.send(unanswered)

    def _stop_connector(self, command: StopConnector) -> None:
        connector = self._connectors.get((command.connector, command.incarnation))
        if connector is None:
            self._report(ConnectorStopped(command.connector, command.incarnation))
            return
        connector.stop_asked = True
        self._stops.ask_connector(connector)

    # What hosts say -----------------------------------------------------------------------------

    def reported(self, member: Member, report: Any) -> None:
        if self.fleet.lease_over() and not isinstance(report, (TaskStopped, ConnectorStopped)):
            return  # somebody else may say it by now
        match report:
            case TaskChanged():
                self._task_changed(member, report)
            case TaskStopped():
                self._task_stopped(member, report)
            case TopicsUsed():
                if (report.id, report.incarnation) in member.tasks:
                    self._report(report)
            case ConnectorChanged() | ReconfigurationRequested() | TaskConfigsMade():
                connector = member.connectors.get((report.connector, report.incarnation))
                if connector is not None and connector.passes(report):
                    self._report(report)
            case ConnectorStopped():
                self._connector_stopped(member, report)
            case TaskErred():
                if (report.id, report.incarnation) in member.tasks:
                    self.histories.erred(report)
            case OffsetsChecked():
                if member.checks.pop(report.request, None) is not None:
                    self.left(member)
                    self._report(report)
            case _:
                pass

    def measured(self, member: Member, tasks: Sequence[TaskMeasures]) -> None:
        """Also of tasks that are not named this says something: nothing is new of them."""
        here = member.tasks
        named = [t for t in tasks if (TaskId(t.connector, t.task), t.incarnation) in here]
        self._measured(named, [task for task, _ in here])

    def _task_changed(self, member: Member, report: TaskChanged) -> None:
        task = member.tasks.get((report.id, report.incarnation))
        if task is None or task.moving:
            return
        task.state, task.version = report.state.value, report.version or task.version
        if report.state is State.FAILED:
            self.histories.failed(report)
        self._report(report)

    def _task_stopped(self, member: Member, report: TaskStopped) -> None:
        key = report.id, report.incarnation
        task = member.tasks.pop(key, None)
        if task is None:
            return
        self._tasks.pop(key, None)
        task.given_up = True
        if report.cancelled:
            self._taint(member)
        if task.moving and not task.stop_asked:
            self._place(task.start, task.policy)
        else:
            self._report(report)
        self.left(member)

    def _connector_stopped(self, member: Member, report: ConnectorStopped) -> None:
        key = report.connector, report.incarnation
        connector = member.connectors.pop(key, None)
        if connector is None:
            return
        self._connectors.pop(key, None)
        if report.cancelled:
            self._taint(member)
        if connector.moving and not connector.stop_asked:
            self._start_connector(connector.start, connector.unanswered)
        else:
            self._report(report)
        self.left(member)

    def left(self, member: Member) -> None:
        """Something in this host is over; so may be the host."""
        if not member.empty:
            return
        member.empty_since = time.monotonic()
        if member.use is Use.ALONE or member.tainted or member.cohort is not None:
            member.process.kill("nothing runs in it any more.")

    # Moving -------------------------------------------------------------------------------------

    def _taint(self, member: Member) -> None:
        """A thread that never returns stays behind; whoever else is there starts elsewhere."""
        if member.tainted or self.fleet.closing:
            return
        member.tainted = True
        for task in list(member.tasks.values()):
            self.move(task)
        for connector in list(member.connectors.values()):
            if not connector.stop_asked:
                connector.moving = True
                self._stops.ask_connector(connector)

    def move(self, task: TaskRecord, timeout_ms: int = 5000) -> None:
        """Stop a task here and start it in another host; the control plane does not notice."""
        if task.moving or task.stop_asked:
            return
        task.moving = True
        log.info("Task %s moves to another host", task.start.id)
        self._stops.ask_task(task, timeout_ms)

    def restart_stuck(self, task: TaskRecord, why: str) -> None:
        """Give it up where it is and start it elsewhere."""
        self.note_restart(task, why)
        self.move(task, timeout_ms=0)

    def note_restart(self, task: TaskRecord, why: str) -> None:
        """It will start once more, for this reason."""
        self.histories.note(task.start.id, why)
        self.histories.of(task.start.id).starts += 1

    # Ends ---------------------------------------------------------------------------------------

    def lost(self, member: Member, ending: Ending) -> None:
        if self.fleet.lease is not None and ended_by_lease(ending.status):
            self._out_of_time(member, ending)
        crashed = not member.relocates and not member.empty and not self.fleet.closing
        text = explained(_subject(member), ending)
        if crashed:
            log.error("%s", text)
        if crashed and len(member.tasks) + len(member.connectors) > 1:
            names = {task.connector for task, _ in member.tasks}
            names |= {name for name, _ in member.connectors}
            self._suspects.split(names, time.monotonic())
        failure = _failure(text)
        for key, task in list(member.tasks.items()):
            del self._tasks[key]
            self._task_lost(task, failure, member)
        for key, connector in list(member.connectors.items()):
            del self._connectors[key]
            self._connector_lost(connector, failure, member)
        for answer in member.answers.values():
            if not answer.done():
                answer.set_exception(HostEnded(text))
        for check in member.checks.values():
            self._report(OffsetsChecked(check.connector, check.request, failure=failure))

    def _out_of_time(self, member: Member, ending: Ending) -> None:
        """What ran here may run elsewhere by now: nothing is said of it, and all begins anew."""
        if member.empty or self.fleet.closing:
            return
        log.warning("%s", explained(_subject(member), replace(ending, asked=ENDED)))
        for (task_id, incarnation), task in member.tasks.items():
            task.given_up = True
            del self._tasks[task_id, incarnation]
            if task.stop_asked:
                self._report(TaskStopped(task_id, incarnation, cancelled=True))
        for (name, incarnation), connector in member.connectors.items():
            del self._connectors[name, incarnation]
            if connector.stop_asked:
                self._report(ConnectorStopped(name, incarnation, cancelled=True))
        member.tasks.clear()
        member.connectors.clear()
        self.fleet.out_of_time()

    def _task_lost(self, task: TaskRecord, failure: Failure, member: Member) -> None:
        start = task.start
        task.given_up, was_given_up = True, task.given_up
        if task.stop_asked:
            self._report(TaskStopped(start.id, start.incarnation, cancelled=was_given_up))
        elif self.fleet.closing:
            return
        elif task.moving or member.relocates:
            self._place(start, task.policy)
        else:
            self.histories.note(start.id, failure.message)
            self.histories.of(start.id).lost = True
            self._report(
                TaskChanged(
                    start.id,
                    start.incarnation,
                    State.FAILED,
                    failure.trace,
                    task.version,
                    failure,
                )
            )

    def _connector_lost(self, connector: ConnectorRecord, failure: Failure, member: Member) -> None:
        start = connector.start
        if connector.stop_asked:
            self._report(ConnectorStopped(start.connector, start.incarnation))
        elif self.fleet.closing:
            return
        elif member.relocates or connector.moving:
            self._start_connector(start, connector.unanswered)
        else:
            self._report(
                ConnectorChanged(
                    start.connector,
                    start.incarnation,
                    State.FAILED,
                    failure.trace,
                    connector.version,
                    failure,
                )
            )


def _subject(member: Member) -> str:
    names = member.names()
    if not names:
        return f"Host process {member.number}"
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"The process of {shown}"


def _failure(text: str) -> Failure:
    java_class = HostEnded.java_class
    return Failure(java_class, text, f"{java_class}: {text}", crashed=True)
