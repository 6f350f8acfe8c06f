"""Hosts and tasks as clients are shown them."""

from __future__ import annotations

from penstock.cluster.host_views import CallView, HostView, LastError, TaskView
from penstock.cluster.messages import TaskId
from penstock.hosting.crew import Crew
from penstock.hosting.members import MB, Member
from penstock.hosting.records import History, TaskRecord


def host_views(crew: Crew, now: float) -> list[HostView]:
    return [_host(member, now) for member in crew.members.values()]


def _host(member: Member, now: float) -> HostView:
    usage = member.usage
    return HostView(
        member.number,
        member.process.pid,
        member.use.value,
        member.ready,
        member.tainted,
        not member.silent,
        None if usage is None else round(usage.memory / MB, 1),
        round(member.load, 3),
        None if usage is None else usage.threads,
        round(now - member.process.began, 3),
        [str(task) for task, _ in member.tasks],
        [name for name, _ in member.connectors],
    )


def task_views(crew: Crew, now: float) -> list[TaskView]:
    """Those that run, by connector and number."""
    running = [record for member in crew.members.values() for record in member.tasks.values()]
    running.sort(key=lambda record: record.start.id)
    return [_task(record, _history(crew, record.start.id), now) for record in running]


def _history(crew: Crew, task: TaskId) -> History:
    return crew.histories.get(task, History())


def _task(record: TaskRecord, history: History, now: float) -> TaskView:
    call, error = record.call, None
    if history.last_error is not None and history.last_error_at is not None:
        error = LastError(history.last_error, round(history.last_error_at, 3))
    return TaskView(
        str(record.start.id),
        record.state,
        record.member.number,
        None
        if call is None
        else CallView(
            call.what, round(now - call.since, 3), stuck=record.stuck_since == call.since
        ),
        max(0, history.starts - 1),
        history.error_count,
        error,
    )
