"""What hosts say and print, taken in on the worker's side.

Everything here happens on the event loop of the hosts.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from penstock.hosting import confirming
from penstock.hosting.endings import Ending
from penstock.hosting.fleet import AskedError, Fleet
from penstock.hosting.host_process import HostProcess
from penstock.hosting.log_lines import write_dropped, write_lines, write_printed
from penstock.hosting.members import Member, Use
from penstock.hosting.messages import (
    Answered,
    Beat,
    ConfirmStart,
    CopyOffsets,
    FromHost,
    Logged,
    MakeOffsetRecords,
    Measured,
    ReadOffsets,
    Ready,
    SecretLearned,
    StackShown,
    StoreOffsets,
)
from penstock.hosting.offset_desk import Answer, OffsetDesk, Question
from penstock.hosting.output import Lines
from penstock.hosting.ports import Confirming
from penstock.runtime.measures import TaskMeasures
from penstock.sdk.redaction import SECRETS

log = logging.getLogger(__name__)


class Manager(Protocol):
    """Knows what a report means, and what follows from the end of a host."""

    def reported(self, member: Member, report: Any) -> None: ...
    def measured(self, member: Member, tasks: Sequence[TaskMeasures]) -> None: ...
    def left(self, member: Member) -> None: ...
    def lost(self, member: Member, ending: Ending) -> None: ...


class Reception:
    """The `Owner` of all host processes."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        fleet: Fleet,
        desks: tuple[OffsetDesk, OffsetDesk],
        manager: Manager,
        confirm: Confirming,
    ) -> None:
        """One desk may wait for open transactions, the other helps to end them."""
        self._loop = loop
        self._fleet = fleet
        self._desk, self._transactions = desks
        self._manager = manager
        self._confirm = confirm

    def heard(self, host: HostProcess, message: FromHost) -> None:
        member = self._fleet.members.get(host.number)
        if member is None:
            return
        match message:
            case Beat(calls):
                member.last_beat = time.monotonic()
                told = {(call.id, call.incarnation): call for call in calls}
                for key, task in member.tasks.items():
                    task.call = told.get(key)
            case Measured(tasks):
                self._manager.measured(member, tasks)
            case Ready(pid):
                self._ready(member, pid)
            case ReadOffsets() | StoreOffsets() | MakeOffsetRecords() | CopyOffsets():
                self._offsets(member, message)
            case ConfirmStart():
                self._confirm_start(member, message)
            case Logged(lines, dropped):
                write_lines(lines)
                write_dropped(dropped, member.names())
            case SecretLearned(secret):
                SECRETS.learn((secret,))
            case StackShown(task, _, stack):
                log.warning("The stack of task %s, innermost call last:\n%s", task, stack)
            case Answered():
                self._answered(member, message)
            case _:
                self._manager.reported(member, message)

    def _ready(self, member: Member, pid: int) -> None:
        if member.process.pid is None:
            member.process.born(pid)
        member.ready = True
        member.last_beat = time.monotonic()
        for task in member.tasks.values():
            if task.policy.task_memory_max_mb and member.use is Use.ALONE:
                member.limit_memory(task.policy.task_memory_max_mb)

    def printed(self, host: HostProcess, lines: Lines) -> None:
        member = self._fleet.members.get(host.number)
        names = [] if member is None else member.names()
        write_printed(lines.shown, names)
        write_dropped(lines.dropped, names)

    def _offsets(self, member: Member, question: Question) -> None:
        task = member.tasks.get((question.id, question.incarnation))

        def reply(answer: Answer) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(member.process.send, answer)

        def allowed() -> bool:
            given_up = task is None or task.given_up or self._fleet.lease_over()
            return not given_up and not member.process.over

        ends = isinstance(question, MakeOffsetRecords | CopyOffsets)
        if task is not None:
            (self._transactions if ends else self._desk).ask(question, task.start, allowed, reply)

    def _confirm_start(self, member: Member, question: ConfirmStart) -> None:
        def told(outcome: Future[None]) -> None:
            if not self._loop.is_closed():
                answer = confirming.answer(question, outcome)
                self._loop.call_soon_threadsafe(member.process.send, answer)

        self._confirm(question.id, question.incarnation).add_done_callback(told)

    def _answered(self, member: Member, message: Answered) -> None:
        answer = member.answers.pop(message.request, None)
        self._manager.left(member)
        if answer is None or answer.done():
            return
        if message.error is None:
            answer.set_result(message.body)
        else:
            answer.set_exception(AskedError(*message.error, message.failure))

    def ended(self, host: HostProcess, ending: Ending) -> None:
        member = self._fleet.members.pop(host.number, None)
        if member is not None:
            self._manager.lost(member, ending)
