"""What task hosts report, and what follows from it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from penstock.cluster.effects import WriteTopic
from penstock.cluster.healing import plan_restart
from penstock.cluster.messages import (
    ConnectorChanged,
    ConnectorStopped,
    OffsetsChecked,
    ReconfigurationRequested,
    State,
    TaskChanged,
    TaskConfigsMade,
    TaskStopped,
    TopicsUsed,
)
from penstock.cluster.offset_steps import checked
from penstock.cluster.reconcile import ask_for_tasks, reconcile, tasks_made
from penstock.cluster.regroup import share_revoked
from penstock.cluster.state import CONNECTOR, Instance, Step
from penstock.cluster.turn import Turn
from penstock.cluster.waiting import give_up, guarded, observe

TOPICS_MAX = 100_000  # per connector; more are not tracked


def reported(turn: Turn, report: Any) -> None:
    match report:
        case ConnectorChanged(connector=name):
            _changed(turn, name, CONNECTOR, report)
        case TaskChanged():
            _changed(turn, report.id.connector, report.id.task, report)
        case ConnectorStopped(connector=name, incarnation=incarnation):
            _stopped(turn, name, CONNECTOR, incarnation)
        case TaskStopped():
            _stopped(turn, report.id.connector, report.id.task, report.incarnation)
        case TaskConfigsMade(connector=name):
            error = tasks_made(turn, report)
            if error is not None:
                give_up(turn, name, error)
            observe(turn, name)
        case ReconfigurationRequested(connector=name, incarnation=incarnation):
            if _current(turn, name, CONNECTOR, incarnation) is not None:
                ask_for_tasks(turn, name)
        case TopicsUsed():
            _topics_used(turn, report)
        case OffsetsChecked(request=request):
            pending = turn.state.requests.get(request)
            if pending is not None and pending.step is Step.CHECKING:
                guarded(turn, pending.request, lambda: checked(turn, pending, report))
        case _:
            pass


def _current(turn: Turn, name: str, number: int, incarnation: int) -> Instance | None:
    """The instance, unless the word is of one that is gone."""
    instance = turn.state.instance(name, number)
    if instance is None or instance.incarnation != incarnation:
        return None
    return instance


def _changed(turn: Turn, name: str, number: int, report: ConnectorChanged | TaskChanged) -> None:
    instance = _current(turn, name, number, report.incarnation)
    if instance is None or instance.stopping or report.state is State.UNASSIGNED:
        return
    version = report.version or instance.version
    turn.set_instance(name, number, replace(instance, state=report.state, version=version))
    trace = report.trace or (report.failure.trace if report.failure is not None else None)
    if report.state is State.FAILED:
        trace = plan_restart(turn, name, number, report.failure, trace)
    turn.set_status(name, number, report.state, trace, version)
    if number == CONNECTOR and report.state is State.RUNNING:
        ask_for_tasks(turn, name)
    observe(turn, name, report.failure)


def _stopped(turn: Turn, name: str, number: int, incarnation: int) -> None:
    instance = _current(turn, name, number, incarnation)
    if instance is None:
        return
    turn.set_instance(name, number, None)
    if is_configured(turn, name, number):
        if not instance.restarting:
            turn.set_status(name, number, State.UNASSIGNED)
    else:
        turn.set_status(name, number, None)
    reconcile(turn, name)
    share_revoked(turn)
    observe(turn, name)


def is_configured(turn: Turn, name: str, number: int) -> bool:
    configured = turn.state.configured(name)
    return configured is not None and number < len(configured.tasks)


def _topics_used(turn: Turn, report: TopicsUsed) -> None:
    name = report.id.connector
    if _current(turn, name, report.id.task, report.incarnation) is None:
        return
    if turn.state.configured(name) is None:
        return  # deleted, and its topics with it, while the task has yet to stop
    for topic in report.topics:
        if topic not in turn.state.topics.get(name, frozenset()):
            turn.emit(WriteTopic(name, topic, report.id.task))
            topic_used(turn, name, topic, used=True)


def topic_used(turn: Turn, name: str, topic: str, used: bool) -> None:
    known = turn.state.topics.get(name, frozenset())
    changed = known | {topic} if used else known - {topic}
    if len(changed) <= TOPICS_MAX:
        turn.change(topics={**turn.state.topics, name: changed})
