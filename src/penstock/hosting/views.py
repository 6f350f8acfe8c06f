"""Hosts and tasks as clients are shown them."""

from __future__ import annotations

from penstock.cluster.host_views import CallView, HostView, TaskView
from penstock.cluster.messages import State, TaskId
from penstock.hosting.crew import Crew
from penstock.hosting.histories import History
from penstock.hosting.members import MB, Member
from penstock.hosting.records import TaskRecord


def host_views(crew: Crew, now: float) -> list[HostView]:
    return [_host(member, now) for member in crew.fleet.members.values()]


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
    """Those that run or were lost, by connector and number."""
    running = {
        record.start.id: _running(record, now)
        for member in crew.fleet.members.values()
        for record in member.tasks.values()
    }
    lost = {task: _LOST for task, history in crew.histories.by_task.items() if history.lost}
    shown = lost | running
    return [_history(crew, task).shown(task, *shown[task]) for task in sorted(shown)]


_Running = tuple[str | None, int | None, CallView | None]
_LOST: _Running = (State.FAILED.value, None, None)


def _history(crew: Crew, task: TaskId) -> History:
    return crew.histories.by_task.get(task, History())


def _running(record: TaskRecord, now: float) -> _Running:
    call = record.call
    if call is None:
        return record.state, record.member.number, None
    stuck = record.stuck_since == call.since
    shown = CallView(call.what, round(now - call.since, 3), stuck)
    return record.state, record.member.number, shown
