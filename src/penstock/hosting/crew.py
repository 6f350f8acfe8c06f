"""All hosts of a worker: who runs where, what their reports mean, what follows when one ends.

Everything here happens on the event loop of the hosts.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
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
    TaskId,
    TaskStopped,
    TopicsUsed,
)
from penstock.hosting.balance import choose
from penstock.hosting.endings import Ending, explained
from penstock.hosting.failures import failure_of
from penstock.hosting.host_process import HostProcess
from penstock.hosting.launch import Born, Dead, Launcher, Lost, NotBorn
from penstock.hosting.log_lines import write_dropped, write_lines, write_printed
from penstock.hosting.members import Member, Use, shared
from penstock.hosting.messages import (
    Answered,
    Ask,
    Beat,
    FromHost,
    Logged,
    ReadOffsets,
    Ready,
    SetLevels,
    Setup,
    StackShown,
    StoreOffsets,
)
from penstock.hosting.offset_desk import Answer, OffsetDesk
from penstock.hosting.output import Lines
from penstock.hosting.policy import TaskPolicy, task_policy
from penstock.hosting.ports import OnReport
from penstock.hosting.records import ConnectorRecord, History, TaskRecord
from penstock.hosting.suspects import Suspects
from penstock.sdk.errors import ConfigError, RetriableError

log = logging.getLogger(__name__)

STOP_GRACE_SECONDS = 0.5  # a host gives up a task itself; only a host that cannot is ended
CONNECTOR_STOP_SECONDS = 5.0
HISTORIES_MAX = 100_000


class HostEnded(RetriableError):
    """The process in which something ran is gone."""


@dataclass
class HostingSettings:
    """What hosts need of a worker's settings."""

    hosts_max: int = 2
    processes_max: int = 64
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    beat_seconds: float = 1.0
    idle_seconds: float = 30.0  # then a host in which nothing runs ends


class Crew:
    """The members, and what they do."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        launcher: Launcher,
        desk: OffsetDesk,
        report: OnReport,
        settings: HostingSettings,
    ) -> None:
        self.members: dict[int, Member] = {}
        self.histories: dict[TaskId, History] = {}
        self.settings = settings
        self.plan: bytes | None = None
        self.levels: dict[str, int] = {}
        self.closing = False
        self._loop = loop
        self._launcher = launcher
        self._desk = desk
        self._report = report
        self._numbers = itertools.count(1)
        self._questions = itertools.count(1)
        self._tasks: dict[tuple[TaskId, int], TaskRecord] = {}
        self._connectors: dict[tuple[str, int], ConnectorRecord] = {}
        self._suspects = Suspects()
        self._held: list[Command] | None = []  # until plugins are known
        self._watched: int | None = None

    # Commands -----------------------------------------------------------------------------------

    def set_plan(self, plan: bytes) -> None:
        """With this, hosts can be set up; what was asked for before is done now."""
        self.plan = plan
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
                member = self._for_questions()
                member.checks[command.request] = command
                member.process.send(command)

    def _start_task(self, start: StartTask) -> None:
        history = self._history(start.id)
        history.starts += 1
        history.lost = False
        try:
            policy = task_policy(self.settings.properties, start.connector_properties)
        except ConfigError as error:
            failure = failure_of(error)
            self._note(start.id, failure.message)
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
        member = self._open(Use.ALONE) if policy.alone else self._shared(now, cohort)
        record = TaskRecord(start, policy, member, now)
        self._tasks[start.id, start.incarnation] = record
        member.tasks[start.id, start.incarnation] = record
        member.empty_since = None
        member.process.send(start)

    def _stop_task(self, command: StopTask) -> None:
        key = command.id, command.incarnation
        task = self._tasks.get(key)
        if task is None:
            self._history(command.id).lost = False
            self._report(TaskStopped(command.id, command.incarnation))
            return
        task.stop_asked = True
        task.member.process.send(command)
        seconds = command.timeout_ms / 1000 + STOP_GRACE_SECONDS
        self._loop.call_later(seconds, self._task_overdue, task, task.member)

    def _task_overdue(self, task: TaskRecord, member: Member) -> None:
        """The host does not even give up: nothing in it runs any more, or only one thread does."""
        key = task.start.id, task.start.incarnation
        if member.tasks.get(key) is not task or member.process.over:
            return
        log.error(
            "Graceful stop of task %s failed; its process does not answer and is ended", key[0]
        )
        task.given_up = True
        member.relocates = True
        member.process.kill(f"task {key[0]} could not be stopped in time.")

    def _start_connector(
        self, start: StartConnector, unanswered: MakeTaskConfigs | None = None
    ) -> None:
        now = time.monotonic()
        try:
            policy = task_policy(self.settings.properties, start.properties)
        except ConfigError:
            policy = TaskPolicy.parse({})  # its tasks will tell
        alone = policy.task_isolation == "process"
        cohort = self._suspects.cohort(start.connector, now)
        member = self._open(Use.ALONE) if alone else self._shared(now, cohort)
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
        self._end_connector(connector, command)

    def _end_connector(self, connector: ConnectorRecord, command: StopConnector) -> None:
        connector.member.process.send(command)
        seconds = CONNECTOR_STOP_SECONDS + STOP_GRACE_SECONDS
        self._loop.call_later(seconds, self._connector_overdue, connector)

    def _connector_overdue(self, connector: ConnectorRecord) -> None:
        key = connector.start.connector, connector.start.incarnation
        member = connector.member
        if member.connectors.get(key) is connector and not member.process.over:
            log.error("Graceful stop of connector %s failed; its process is ended", key[0])
            member.relocates = True
            member.process.kill(f"connector {key[0]} could not be stopped in time.")

    # Places -------------------------------------------------------------------------------------

    def _shared(self, now: float, cohort: int | None) -> Member:
        places = [member.place(now) for member in shared(self.members.values(), cohort)]
        number = choose(places, self.settings.hosts_max if cohort is None else 1)
        return self._open(Use.SHARED, cohort) if number is None else self.members[number]

    def _for_questions(self) -> Member:
        for member in self.members.values():
            if member.use is Use.QUESTIONS and member.process.asked is None:
                return member
        return self._open(Use.QUESTIONS)

    def _open(self, use: Use, cohort: int | None = None) -> Member:
        number = next(self._numbers)
        process = HostProcess(number, self._launcher, self, self._loop)
        member = self.members[number] = Member(process, use, time.monotonic(), cohort)
        self._watch_launcher()
        process.send(Setup(self.plan or b"", self.levels, self.settings.beat_seconds))
        return member

    def _watch_launcher(self) -> None:
        """The launcher may have begun to have something to watch."""
        descriptor = self._launcher.fileno()
        if descriptor != self._watched:
            if self._watched is not None:
                self._loop.remove_reader(self._watched)
            if descriptor is not None:
                self._loop.add_reader(descriptor, self._news)
            self._watched = descriptor

    def _news(self) -> None:
        descriptor = self._watched
        for news in self._launcher.news():
            match news:
                case Born(number, pid):
                    if member := self.members.get(number):
                        member.process.born(pid)
                case Dead(pid, status, peak_kb):
                    self._died(pid, status, peak_kb)
                case NotBorn(number, reason):
                    if member := self.members.get(number):
                        member.process.asked = f"it could not be started: {reason}"
                        member.process.died(None)
                case Lost():
                    if descriptor is not None:
                        self._loop.remove_reader(descriptor)
                    self._watched = None
                    self._lost()

    def _died(self, pid: int, status: int, peak_kb: int) -> None:
        for member in list(self.members.values()):
            if member.process.pid == pid:
                member.process.died(status, peak_kb)

    def _lost(self) -> None:
        if not self.closing:
            log.error("The process that starts task hosts is gone, and all hosts with it")
        for member in list(self.members.values()):
            member.process.died(None)

    def warm_up(self) -> None:
        """Let what starts hosts be ready before the first is wanted."""
        warm_up: Any = getattr(self._launcher, "warm_up", None)
        if warm_up is not None:
            warm_up()
            self._watch_launcher()

    # Questions ----------------------------------------------------------------------------------

    def ask(self, question: str, body: bytes, answer: Future[bytes]) -> None:
        member = self._for_questions()
        number = next(self._questions)
        member.answers[number] = answer
        member.empty_since = None
        member.process.send(Ask(number, question, body))

    def end_questions(self, why: str) -> None:
        for member in self.members.values():
            if member.use is Use.QUESTIONS:
                member.process.kill(why)

    def set_levels(self, levels: Mapping[str, int]) -> None:
        self.levels = {**self.levels, **levels}
        for member in self.members.values():
            member.process.send(SetLevels(dict(levels)))

    # What hosts say -----------------------------------------------------------------------------

    def heard(self, host: HostProcess, message: FromHost) -> None:
        member = self.members.get(host.number)
        if member is None:
            return
        match message:
            case Beat(calls):
                member.last_beat = time.monotonic()
                told = {(call.id, call.incarnation): call for call in calls}
                for key, task in member.tasks.items():
                    task.call = told.get(key)
            case Ready():
                self._ready(member)
            case ReadOffsets() | StoreOffsets():
                self._offsets(member, message)
            case Logged(lines, dropped):
                write_lines(lines)
                write_dropped(dropped, member.names())
            case StackShown(task, _, stack):
                log.warning("The stack of task %s, innermost call last:\n%s", task, stack)
            case Answered():
                self._answered(member, message)
            case _:
                self._reported(member, message)

    def _ready(self, member: Member) -> None:
        member.ready = True
        member.last_beat = time.monotonic()
        for task in member.tasks.values():
            if task.policy.task_memory_max_mb and member.use is Use.ALONE:
                member.limit_memory(task.policy.task_memory_max_mb)

    def printed(self, host: HostProcess, lines: Lines) -> None:
        member = self.members.get(host.number)
        names = [] if member is None else member.names()
        write_printed(lines.shown, names)
        write_dropped(lines.dropped, names)

    def _offsets(self, member: Member, question: ReadOffsets | StoreOffsets) -> None:
        task = member.tasks.get((question.id, question.incarnation))

        def reply(answer: Answer) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(member.process.send, answer)

        def allowed() -> bool:
            return task is not None and not task.given_up and not member.process.over

        if task is not None:
            self._desk.ask(question, task.start, allowed, reply)

    def _answered(self, member: Member, message: Answered) -> None:
        answer = member.answers.pop(message.request, None)
        self._left(member)
        if answer is None or answer.done():
            return
        if message.error is None:
            answer.set_result(message.body)
        else:
            answer.set_exception(AskedError(*message.error, message.failure))

    def _reported(self, member: Member, report: Any) -> None:
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
            case OffsetsChecked():
                if member.checks.pop(report.request, None) is not None:
                    self._left(member)
                    self._report(report)
            case _:
                pass

    def _task_changed(self, member: Member, report: TaskChanged) -> None:
        task = member.tasks.get((report.id, report.incarnation))
        if task is None or task.moving:
            return
        task.state, task.version = report.state.value, report.version or task.version
        if report.state is State.FAILED:
            message = None if report.failure is None else report.failure.message
            self._note(report.id, message or "failed")
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
        self._left(member)

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
        self._left(member)

    def _left(self, member: Member) -> None:
        """Something in this host is over; so may be the host."""
        if not member.empty:
            return
        member.empty_since = time.monotonic()
        if member.use is Use.ALONE or member.tainted or member.cohort is not None:
            member.process.kill("nothing runs in it any more.")

    # Moving -------------------------------------------------------------------------------------

    def _taint(self, member: Member) -> None:
        """A thread that never returns stays behind; whoever else is there starts elsewhere."""
        if member.tainted or self.closing:
            return
        member.tainted = True
        for task in list(member.tasks.values()):
            self.move(task)
        for connector in list(member.connectors.values()):
            if not connector.stop_asked:
                connector.moving = True
                name, incarnation = connector.start.connector, connector.start.incarnation
                self._end_connector(connector, StopConnector(name, incarnation))

    def move(self, task: TaskRecord, timeout_ms: int = 5000) -> None:
        """Stop a task here and start it in another host; the control plane does not notice."""
        if task.moving or task.stop_asked:
            return
        task.moving = True
        log.info("Task %s moves to another host", task.start.id)
        start = task.start
        task.member.process.send(StopTask(start.id, start.incarnation, timeout_ms))
        seconds = timeout_ms / 1000 + STOP_GRACE_SECONDS
        self._loop.call_later(seconds, self._task_overdue, task, task.member)

    def restart_stuck(self, task: TaskRecord, why: str) -> None:
        """Give it up where it is and start it elsewhere."""
        self.note_restart(task, why)
        self.move(task, timeout_ms=0)

    def note_restart(self, task: TaskRecord, why: str) -> None:
        """It will start once more, for this reason."""
        self._note(task.start.id, why)
        self._history(task.start.id).starts += 1

    # Ends ---------------------------------------------------------------------------------------

    def ended(self, host: HostProcess, ending: Ending) -> None:
        member = self.members.pop(host.number, None)
        if member is None:
            return
        crashed = not member.relocates and not member.empty and not self.closing
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

    def _task_lost(self, task: TaskRecord, failure: Failure, member: Member) -> None:
        start = task.start
        task.given_up, was_given_up = True, task.given_up
        if task.stop_asked:
            self._report(TaskStopped(start.id, start.incarnation, cancelled=was_given_up))
        elif self.closing:
            return
        elif task.moving or member.relocates:
            self._place(start, task.policy)
        else:
            self._note(start.id, failure.message)
            self._history(start.id).lost = True
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
        elif self.closing:
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

    def _history(self, task: TaskId) -> History:
        if task not in self.histories and len(self.histories) >= HISTORIES_MAX:
            self.histories.pop(next(iter(self.histories)))
        return self.histories.setdefault(task, History())

    def _note(self, task: TaskId, error: str | None) -> None:
        history = self._history(task)
        history.last_error, history.last_error_at = error, time.time()
        history.error_count += 1

    def close(self) -> None:
        """End every host."""
        self.closing = True
        self._launcher.close()
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._watched = None
        for member in list(self.members.values()):
            member.process.died(None)


class AskedError(Exception):
    """What answering a question raised in a host."""

    def __init__(self, kind: str, message: str, failure: Failure | None) -> None:
        super().__init__(message)
        self.kind = kind  # module:class
        self.failure = failure


def _subject(member: Member) -> str:
    names = member.names()
    if not names:
        return f"Host process {member.number}"
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"The process of {shown}"


def _failure(text: str) -> Failure:
    java_class = HostEnded.java_class
    return Failure(java_class, text, f"{java_class}: {text}", crashed=True)
