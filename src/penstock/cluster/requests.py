"""What clients ask for, step by step. An error raised here is the answer to the request."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    LevelChanged,
    RestartRequested,
    TargetChanged,
    TasksConfigured,
)
from penstock.cluster.config_state import RestartRequest
from penstock.cluster.confirming import begin_confirming
from penstock.cluster.effects import AskLeader, Validate, WriteConfig, WriteTopic
from penstock.cluster.errors import BadRequest, NotLeader
from penstock.cluster.events import (
    AlterOffsets,
    CheckHealth,
    ConfirmTask,
    DeleteConnector,
    FenceZombies,
    PatchConnector,
    PutConnector,
    PutTaskConfigs,
    Request,
    ResetTopics,
    RestartAll,
    RestartConnector,
    RestartTask,
    SetLevel,
    SetTarget,
)
from penstock.cluster.fencing import begin_fencing, fence_namesake
from penstock.cluster.messages import State, TargetState, TaskId
from penstock.cluster.offset_steps import begin_offsets, ensure_stopped
from penstock.cluster.queues import enqueue, leave
from penstock.cluster.reconcile import mark_restarting, must_write, reconcile, settle
from penstock.cluster.restarts import to_restart
from penstock.cluster.state import CONNECTOR, Status, Step
from penstock.cluster.turn import Turn
from penstock.cluster.views import ConfigInfos
from penstock.cluster.waiting import end, ensure_restartable, observe
from penstock.sdk.errors import AlreadyExistsError, NotFoundError

UNKNOWN = "Unknown connector {}"
UNKNOWN_COLON = "Unknown connector: {}"


def requested(turn: Turn, request: Request) -> None:
    """A client asks."""
    name = request.connector
    match request:
        case PutConnector():
            stage = "performing multi-property validation for the connector"
            turn.pend(request, Step.VALIDATING, f"{stage} {name}")
            turn.emit(Validate(request.id, request.config))
        case ResetTopics():
            _reset_topics(turn, request)
        case SetLevel():
            turn.pend(request, Step.WRITING, "writing a logger level to the config topic")
            turn.emit(WriteConfig(request.id, (LevelChanged(request.logger, request.level),)))
        case FenceZombies() | ConfirmTask():
            turn.pend(request, Step.QUEUED, _stage(request))  # nothing that queues is behind it
        case _:
            enqueue(turn, request, _stage(request))


def _stage(request: Request) -> str:
    name = request.connector
    match request:
        case DeleteConnector():
            return f"removing the config for connector {name} from the config topic"
        case SetTarget(target=target):
            return f"writing the {target.value} target state for connector {name}"
        case RestartAll() | RestartConnector() | RestartTask():
            return f"handling restart request for connector {name}"
        case AlterOffsets():
            return f"modifying offsets for connector {name}"
        case CheckHealth() | ConfirmTask():
            return "ensuring membership in the cluster"
        case FenceZombies():
            return f"fencing off earlier producers of connector {name}"
        case _:
            return f"writing a config for connector {name} to the config topic"


def begin(turn: Turn, request: Request) -> None:
    """A request is at the head of its connector's queue."""
    match request:
        case PutConnector():
            _put(turn, request)
        case PatchConnector():
            _patch(turn, request)
        case DeleteConnector(connector=name):
            _lead(turn)
            turn.existing(name)
            write(turn, request, ConnectorRemoved(name))
        case SetTarget():
            _set_target(turn, request)
        case RestartConnector():
            _restart_connector(turn, request)
        case RestartAll():
            _restart_all(turn, request)
        case RestartTask():
            _restart_task(turn, request)
        case AlterOffsets():
            _lead(turn)
            ensure_stopped(turn, request)
            if turn.state.settings.group.exactly_once and request.kind == "source":
                begin_fencing(turn, request)
            else:
                begin_offsets(turn, request)
        case PutTaskConfigs():
            _put_tasks(turn, request)
        case FenceZombies():
            begin_fencing(turn, request)
        case ConfirmTask():
            begin_confirming(turn, request)
        case CheckHealth():
            end(turn, request.id, None, None)
        case _:
            raise TypeError(f"{type(request).__name__} is not a request that queues")


def _lead(turn: Turn, name: str = "", unknown: str = "") -> None:
    """Raise unless this worker leads; what it does not know itself, the leader still may."""
    membership = turn.state.membership
    if not membership.leader:
        known = not unknown or turn.state.configured(name) is not None
        instead = None if known else NotFoundError(unknown.format(name))
        raise NotLeader("Only the leader can do this.", membership.leader_url, instead)


def write(turn: Turn, request: Request, *changes: Change, memo: Any = None) -> None:
    turn.pend(request, Step.WRITING, _stage(request), memo)
    turn.emit(WriteConfig(request.id, changes))


def validated(turn: Turn, request: PutConnector, infos: ConfigInfos | None) -> None:
    """The configuration was checked; raises `BadRequest` unless it is good."""
    if infos is not None and infos.error_count > 0:
        raise BadRequest(invalid_text(infos))
    enqueue(turn, request, _stage(request))


def invalid_text(infos: ConfigInfos) -> str:
    """All errors of a configuration, one per line."""
    errors = [e for info in infos.configs if info.value is not None for e in info.value.errors]
    head = "Connector configuration is invalid and contains the following"
    tail = "You can also find the above list of errors at the endpoint"
    return "\n".join(
        (
            f"{head} {infos.error_count} error(s):",
            *errors,
            f"{tail} `/connector-plugins/{{connectorType}}/config/validate`",
        )
    )


def _put(turn: Turn, request: PutConnector) -> None:
    _lead(turn)
    exists = turn.state.configured(request.connector) is not None
    if exists and not request.replace:
        raise AlreadyExistsError(f"Connector {request.connector} already exists")
    if request.offsets is not None:
        fence_namesake(turn, request)
    else:
        write_connector(turn, request)


def write_connector(turn: Turn, request: PutConnector) -> None:
    """The last step of creating or replacing a connector."""
    name, changes = request.connector, list[Change]()
    if request.initial is not None:
        changes.append(TargetChanged(name, request.initial))
    changes.append(ConnectorConfigured(name, request.config))
    created = turn.state.configured(name) is None
    write(turn, request, *changes, memo=created)


def _patch(turn: Turn, request: PatchConnector) -> None:
    _lead(turn)
    merged = {**turn.existing(request.connector).config, **request.patch}
    config = {key: value for key, value in merged.items() if value is not None}
    leave(turn, request.connector, request.id)
    requested(turn, PutConnector(request.id, request.connector, config))


def _set_target(turn: Turn, request: SetTarget) -> None:
    name, target = request.connector, request.target
    if target is not TargetState.STOPPED:
        turn.existing(name, UNKNOWN)
        write(turn, request, TargetChanged(name, target))
        return
    _lead(turn, name, UNKNOWN)
    turn.existing(name, UNKNOWN)
    write(turn, request, TasksConfigured(name, ()), TargetChanged(name, target))


def _put_tasks(turn: Turn, request: PutTaskConfigs) -> None:
    name, membership = request.connector, turn.state.membership
    if request.incarnation is None:
        _lead(turn)
        configured = turn.existing(name)
        if configured.target is TargetState.STOPPED and request.configs:
            text = "Cannot submit non-empty set of task configs for stopped connector"
            raise BadRequest(f"{text} {name}")
        write(turn, request, TasksConfigured(name, request.configs))
        return
    configured = turn.state.configured(name)
    instance = turn.state.instance(name, CONNECTOR)
    if configured is None or configured.target is TargetState.STOPPED:
        raise NotFoundError(f"Connector {name} is not to run any more")
    if instance is None or instance.incarnation != request.incarnation:
        raise NotFoundError(f"Connector {name} was restarted meanwhile")
    if not must_write(turn, name, request.configs, request.incarnation):
        settle(turn, name, request.incarnation)
        end(turn, request.id, None, None)
        observe(turn, name)
    elif membership.leader:
        write(turn, request, TasksConfigured(name, request.configs))
    else:
        turn.pend(request, Step.WRITING, _stage(request))
        turn.emit(AskLeader(request.id, membership.leader_url, name, request.configs))


# Restarts ---------------------------------------------------------------------------------------


def _restart_connector(turn: Turn, request: RestartConnector) -> None:
    ensure_restartable(turn, request.connector, CONNECTOR)
    _restart(turn, request, CONNECTOR)


def _restart_task(turn: Turn, request: RestartTask) -> None:
    if request.task < 0:
        turn.existing(request.connector, UNKNOWN_COLON)
        raise NotFoundError(f"Unknown task: {TaskId(request.connector, request.task)}")
    ensure_restartable(turn, request.connector, request.task)
    _restart(turn, request, request.task)


def _restart(turn: Turn, request: Request, number: int) -> None:
    """Stop it; it comes back under a new incarnation, which is what the request waits for."""
    name = request.connector
    before = turn.state.next_incarnation
    turn.pend(request, Step.RESTARTING, _stage(request), (number, before))
    leave(turn, name, request.id)
    mark_restarting(turn, name, frozenset((number,)))
    reconcile(turn, name)


def _restart_all(turn: Turn, request: RestartAll) -> None:
    name = request.connector
    _lead(turn, name, UNKNOWN_COLON)
    turn.existing(name, UNKNOWN_COLON)
    statuses = turn.state.statuses.get(name, {})
    if CONNECTOR not in statuses:
        raise NotFoundError(f"Status for connector {name} not found")
    wish = RestartRequest(name, request.only_failed, request.include_tasks)
    numbers = to_restart(wish, statuses)
    shown = {n: _restarting(s) if n in numbers else s for n, s in statuses.items()}
    change = RestartRequested(name, wish.only_failed, wish.include_tasks)
    write(turn, request, change, memo=shown)


def _restarting(status: Status) -> Status:
    return replace(status, state=State.RESTARTING)


def _reset_topics(turn: Turn, request: ResetTopics) -> None:
    forget_topics(turn, request.connector)
    turn.reply(request.id)


def forget_topics(turn: Turn, name: str) -> None:
    used = turn.state.topics.get(name, frozenset())
    for topic in sorted(used):
        turn.emit(WriteTopic(name, topic, None, used=False))
    turn.change(topics={k: v for k, v in turn.state.topics.items() if k != name})
