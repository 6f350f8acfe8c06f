"""Requests that wait for what runs, and how every request ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.cluster.errors import NotAssigned, NotLeader, RequestError
from penstock.cluster.events import AlterOffsets, Request, RestartConnector, RestartTask
from penstock.cluster.messages import Failure, State, TargetState, TaskId
from penstock.cluster.offset_steps import drained
from penstock.cluster.queues import leave
from penstock.cluster.state import CONNECTOR, Instance, Pending, Step
from penstock.cluster.turn import Turn
from penstock.sdk.errors import ConnectError, NotFoundError


def guarded(turn: Turn, request: Request, step: Callable[[], None]) -> None:
    """An error in a step is the answer to its request."""
    try:
        step()
    except Exception as error:
        end(turn, request.id, None, error)


def end(turn: Turn, request: int, value: Any, error: Exception | None) -> None:
    pending = turn.state.requests.get(request)
    if pending is not None:
        turn.reply(request, value, error)
        leave(turn, pending.request.connector, request)


def waiting(turn: Turn, name: str) -> list[Pending]:
    return [p for p in turn.state.requests.values() if p.request.connector == name]


def observe(turn: Turn, name: str, failure: Failure | None = None) -> None:
    """Answer the requests that waited for what has now happened to this connector."""
    if not turn.state.requests:
        return
    for pending in waiting(turn, name):
        match pending.step:
            case Step.STARTING:
                _starting(turn, pending, failure)
            case Step.RESTARTING:
                _restarting(turn, pending)
            case Step.DRAINING if isinstance(pending.request, AlterOffsets):
                guarded(turn, pending.request, lambda p=pending: drained(turn, p))
            case _:
                pass


def _starting(turn: Turn, pending: Pending, failure: Failure | None) -> None:
    request = pending.request
    configured = turn.state.configured(request.connector)
    if configured is None:
        error = NotFoundError(f"Connector {request.connector} not found")
        end(turn, request.id, None, error)
        return
    instance = turn.state.instance(request.connector, CONNECTOR)
    if instance is None or instance.stopping or instance.revision != configured.revision:
        return
    if instance.state is State.FAILED:
        message = failure.message if failure is not None else None
        text = message or f"Failed to start connector: {request.connector}"
        end(turn, request.id, None, ConnectError(text))
    elif _started(turn, pending, instance, configured.target):
        end(turn, request.id, pending.memo, None)
    elif instance.state is State.RUNNING:
        stage = f"generating task configs for connector {request.connector}"
        turn.pend(request, Step.STARTING, stage, pending.memo)


def _started(turn: Turn, pending: Pending, instance: Instance, target: TargetState) -> bool:
    if target is not TargetState.STARTED:
        return instance.state is not None
    return turn.local(pending.request.connector).settled == instance.incarnation


def ensure_restartable(turn: Turn, name: str, number: int) -> None:
    """Raise unless this worker is to run it, naming the worker that may be."""
    configured = turn.existing(name, "Unknown connector: {}")
    group, membership = turn.state.settings.distributed, turn.state.membership
    if number >= (configured.tasks_seen if group else len(configured.tasks)):
        raise NotFoundError(f"Unknown task: {TaskId(name, number)}")
    if number < len(configured.tasks) and number in turn.state.assigned(name):
        return
    if not membership.leader:
        raise NotLeader("Only the leader knows which worker runs this.", membership.leader_url)
    url = membership.owners.get(name, {}).get(number)
    raise NotAssigned("Another worker of the group runs this.", url)


def _restarting(turn: Turn, pending: Pending) -> None:
    request = pending.request
    number, before = pending.memo
    if turn.state.configured(request.connector) is None:
        error = NotFoundError(f"Unknown connector: {request.connector}")
        end(turn, request.id, None, error)
        return
    instance = turn.state.instance(request.connector, number)
    if instance is None and not turn.state.membership.joining:
        guarded(turn, request, lambda: ensure_restartable(turn, request.connector, number))
    if instance is None or instance.incarnation < before or instance.stopping:
        return
    if isinstance(request, RestartTask):
        end(turn, request.id, None, None)
    elif isinstance(request, RestartConnector) and instance.state is not None:
        text = f"Failed to start connector: {request.connector}"
        error = RequestError(500, text) if instance.state is State.FAILED else None
        end(turn, request.id, None, error)


def give_up(turn: Turn, name: str, error: Exception) -> None:
    """No task configurations could be made; whoever waits for them is told why."""
    for pending in waiting(turn, name):
        if pending.step is Step.STARTING:
            end(turn, pending.request.id, None, error)
