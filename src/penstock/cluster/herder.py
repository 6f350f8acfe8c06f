"""The heart of a worker: from a state and an event to the next state and what should be done.

Requests that change a connector take turns (`queues`); what runs is brought to what should run
(`reconcile`); this module takes events apart and carries requests from one step to the next.
"""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.cluster.changes import (
    ConnectorChange,
    ConnectorConfigured,
    ConnectorRemoved,
    LevelChanged,
    RestartRequested,
    SessionKeyChanged,
    TasksConfigured,
)
from penstock.cluster.confirming import confirm, refuse_superseded, unread
from penstock.cluster.effects import ChangeLevel, Effect
from penstock.cluster.errors import LostPrivilege
from penstock.cluster.events import (
    Abandoned,
    ClaimDue,
    Claimed,
    ConfigChanged,
    ConfigRead,
    ConfirmTask,
    Detached,
    Event,
    FenceZombies,
    FencingRound,
    HealingDue,
    KeyDue,
    KeyWritten,
    PutConnector,
    PutTaskConfigs,
    Rebalanced,
    RebalanceDue,
    Rejoining,
    ReloadDue,
    Reported,
    Request,
    RestartAll,
    RestartDue,
    Result,
    Retry,
    SecretsChanged,
    SecretsExpire,
    ShutDown,
    Started,
    StatusChanged,
    SyncDue,
    Synced,
    TopicChanged,
)
from penstock.cluster.fencing import attempt, failed, proceed, record, supersede
from penstock.cluster.healing import heal
from penstock.cluster.key_steps import check_key, key_changed, key_written
from penstock.cluster.offset_steps import done, prepared
from penstock.cluster.queues import leave
from penstock.cluster.reconcile import (
    insist,
    reconcile,
    reconcile_all,
    retried,
    retry_later,
    settle,
)
from penstock.cluster.regroup import claim_anew, count_rebalance, disagree, read_until, regroup
from penstock.cluster.reloading import expire, reload, renew
from penstock.cluster.reports import is_configured, reported, topic_used
from penstock.cluster.requests import (
    begin,
    forget_topics,
    requested,
    validated,
    write_connector,
)
from penstock.cluster.restarting import answered, has_turn, restart_due, restart_here
from penstock.cluster.state import (
    CONNECTOR,
    ClusterState,
    Pending,
    Status,
    Step,
)
from penstock.cluster.turn import Turn
from penstock.cluster.waiting import end, give_up, guarded, observe
from penstock.sdk.errors import ConnectError

CLOSING = "Worker is shutting down"


class Decision(msgspec.Struct, frozen=True):
    """What follows from an event."""

    state: ClusterState
    effects: tuple[Effect, ...]


def decide(state: ClusterState, event: Event, now: float) -> Decision:
    """What happens next; `now` is seconds since 1970."""
    turn = Turn(state, now)
    match event:
        case Request():
            _request(turn, event)
        case Result():
            _result(turn, event)
        case Reported(report):
            reported(turn, report)
        case ConfigChanged():
            _config_changed(turn, event)
        case ConfigRead(offset):
            read_until(turn, offset)
        case StatusChanged():
            _status_changed(turn, event)
        case TopicChanged(name, topic, used):
            topic_used(turn, name, topic, used)
        case Rebalanced() | Rejoining() | Detached() | RebalanceDue():
            regroup(turn, event)
        case Synced() | SyncDue() | Claimed() | ClaimDue():
            regroup(turn, event)
        case KeyDue():
            check_key(turn)
        case KeyWritten(error):
            if isinstance(error, LostPrivilege):
                claim_anew(turn)
            key_written(turn, error)
        case Retry():
            retried(turn, event)
        case HealingDue():
            heal(turn, event)
        case SecretsExpire():
            expire(turn, event)
        case ReloadDue():
            reload(turn, event)
        case SecretsChanged():
            renew(turn, event)
        case RestartDue():
            restart_due(turn, event)
        case Abandoned(request):
            _abandoned(turn, request)
        case Started():
            turn.change(ready=True)
        case ShutDown():
            _shut_down(turn)
    _advance(turn)
    count_rebalance(turn, state.membership.joining)
    return Decision(turn.state, tuple(turn.effects))


# Requests ---------------------------------------------------------------------------------------


def _request(turn: Turn, request: Request) -> None:
    if turn.state.closing:
        turn.reply(request.id, error=ConnectError(CLOSING))
    else:
        guarded(turn, request, lambda: requested(turn, request))


def _abandoned(turn: Turn, request: int) -> None:
    """What is being written already is waited for, as the next request has to see it."""
    pending = turn.state.requests.get(request)
    if pending is not None and pending.step not in (Step.WRITING, Step.ALTERING):
        end(turn, request, None, None)


def _advance(turn: Turn) -> None:
    """Begin every request that is now at the head of its queue, once the group has agreed."""
    for pending in list(turn.state.requests.values()):
        if isinstance(pending.request, FenceZombies | FencingRound | ConfirmTask):
            _advance_alone(turn, pending)
    begun = not turn.state.membership.joining
    while begun:
        begun = False
        for queue in list(turn.state.queues.values()):
            pending = turn.state.requests.get(queue[0])
            if pending is None or pending.step is not Step.QUEUED:
                continue
            request = pending.request
            if has_turn(turn, request):
                guarded(turn, request, lambda request=request: begin(turn, request))
                begun = not turn.state.membership.joining


def _advance_alone(turn: Turn, pending: Pending) -> None:
    """These wait for the group, and stand in no queue."""
    request = pending.request
    if isinstance(request, ConfirmTask):
        refuse_superseded(turn, pending)
    waits = request.id in turn.state.requests and pending.step is Step.QUEUED
    if not waits or turn.state.membership.joining:
        return
    if isinstance(request, FencingRound):
        attempt(turn, request, lambda: record(turn, request))
    else:
        attempt(turn, request, lambda: begin(turn, request))


def _result(turn: Turn, result: Result) -> None:
    """An effect of a request is done; go on with its next step."""
    pending = turn.state.requests.get(result.request)
    if pending is None:
        return
    if result.error is not None:
        if isinstance(result.error, LostPrivilege):
            claim_anew(turn)
        _failed(turn, pending, result.error)
    elif _fences(pending):
        attempt(turn, pending.request, lambda: proceed(turn, pending))
    else:
        guarded(turn, pending.request, lambda: _continue(turn, pending, result.value))


def _fences(pending: Pending) -> bool:
    """Whether a step is one of fencing; offsets are altered only after it."""
    request = pending.request
    reads = pending.step is Step.READING and not isinstance(request, ConfirmTask)
    fences = pending.step is Step.FENCING
    return reads or fences or isinstance(request, FenceZombies | FencingRound)


def _failed(turn: Turn, pending: Pending, error: Exception) -> None:
    request = pending.request
    if isinstance(request, ConfirmTask):
        unread(turn, request, error)
        return
    if _fences(pending):
        failed(turn, pending, error)
        return
    end(turn, request.id, None, error)
    if isinstance(request, PutTaskConfigs) and request.incarnation is not None:
        instance = turn.state.instance(request.connector, CONNECTOR)
        if instance is not None and instance.incarnation == request.incarnation:
            failure = retry_later(turn, request.connector, str(error))
            give_up(turn, request.connector, failure)


def _continue(turn: Turn, pending: Pending, value: Any) -> None:
    request = pending.request
    match pending.step:
        case Step.VALIDATING:
            assert isinstance(request, PutConnector)
            validated(turn, request, value)
        case Step.READING:
            assert isinstance(request, ConfirmTask)
            confirm(turn, request)
        case Step.PREPARING:
            prepared(turn, pending, value)
        case Step.ALTERING if isinstance(request, PutConnector):
            write_connector(turn, request)
        case Step.ALTERING:
            end(turn, request.id, done(pending), None)
        case Step.WRITING:
            _written(turn, pending)
        case _:
            pass


def _written(turn: Turn, pending: Pending) -> None:
    request = pending.request
    if isinstance(request, RestartAll):
        answered(turn, request.connector)
    if isinstance(request, PutTaskConfigs) and request.incarnation is not None:
        settle(turn, request.connector, request.incarnation)
    if isinstance(request, PutConnector) and turn.state.settings.waits_for_start:
        stage = f"starting the connector {request.connector}"
        turn.pend(request, Step.STARTING, stage, pending.memo)
        leave(turn, request.connector, request.id)
    else:
        end(turn, request.id, pending.memo, None)
    observe(turn, request.connector)


# Logs and group ---------------------------------------------------------------------------------


def _config_changed(turn: Turn, event: ConfigChanged) -> None:
    change = event.change
    match change:
        case LevelChanged(namespace, level):
            turn.emit(ChangeLevel(namespace, level))
        case RestartRequested():
            restart_here(turn, change)
        case SessionKeyChanged(key):
            key_changed(turn, key)
        case _:
            _connector_changed(turn, change, event.offset)
    read_until(turn, event.offset)


def _connector_changed(turn: Turn, change: ConnectorChange, offset: int) -> None:
    name = change.connector
    before = turn.state.snapshot
    turn.change(snapshot=before.apply(change))
    known = name in before.connectors
    match change:
        case ConnectorConfigured() if not known:
            disagree(turn, offset)
        case ConnectorRemoved() if known:
            _forget(turn, name)
            disagree(turn, offset)
        case TasksConfigured() if known:
            _forget_tasks(turn, name)
            disagree(turn, offset)
            insist(turn, name)
        case _:
            pass
    reconcile(turn, name)
    if isinstance(change, TasksConfigured):
        supersede(turn, name)  # what has waited is about to stop by now, and does not fail
    observe(turn, name)


def _forget(turn: Turn, name: str) -> None:
    """A connector was deleted; its statuses go with it."""
    for number in sorted(turn.state.statuses.get(name, {}), reverse=True):
        _forget_status(turn, name, number)
    forget_topics(turn, name)


def _forget_tasks(turn: Turn, name: str) -> None:
    """Statuses of tasks that are no more and do not run here either."""
    for number in sorted(turn.state.statuses.get(name, {})):
        if not is_configured(turn, name, number) and turn.state.instance(name, number) is None:
            _forget_status(turn, name, number)


def _forget_status(turn: Turn, name: str, number: int) -> None:
    """The leader sees to it for all, and everybody for what they have said themselves."""
    said = turn.state.statuses[name][number]
    mine = said.worker_id == turn.state.settings.worker_id
    if turn.state.membership.leader or (mine and turn.state.instance(name, number) is None):
        turn.set_status(name, number, None)


def _may_run(turn: Turn, name: str, number: int) -> bool:
    return is_configured(turn, name, number) or turn.state.instance(name, number) is not None


def _status_changed(turn: Turn, event: StatusChanged) -> None:
    if event.state is None:
        turn.show_status(event.connector, event.number, None)
        return
    name, number, me = event.connector, event.number, turn.state.settings.worker_id
    known = turn.state.statuses.get(name, {}).get(number)
    if event.worker_id != me:
        if known is not None and known.worker_id == me and event.generation < known.generation:
            _say_again(turn, name, number, known)
            return
    elif turn.state.ready and not _may_run(turn, name, number):
        turn.set_status(name, number, None)  # written just before this worker heard of the end
        return
    texts = (event.worker_id, event.generation, event.trace, event.version)
    turn.show_status(name, number, Status(event.state, *texts))


def _say_again(turn: Turn, name: str, number: int, known: Status) -> None:
    """A worker that was cut off for a while says late what was true before: ours stays true."""
    instance = turn.state.instance(name, number)
    if instance is not None and not instance.stopping and instance.state is known.state:
        turn.set_status(name, number, known.state, known.trace, known.version)


def _shut_down(turn: Turn) -> None:
    turn.change(closing=True)
    for request in list(turn.state.requests):
        end(turn, request, None, ConnectError(CLOSING))
    reconcile_all(turn)
