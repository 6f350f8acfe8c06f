"""Makes what runs here what should run here: commands that lead from the one to the other.

Nothing is started while the group has not agreed, and nothing twice: what must change is stopped
first and starts again when its end has been reported.
"""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.effects import Rejoin, Send, Wake
from penstock.cluster.events import FenceZombies, PutTaskConfigs, Retry
from penstock.cluster.messages import (
    Command,
    Configs,
    MakeTaskConfigs,
    SetConnectorTarget,
    SetTaskTarget,
    StartConnector,
    StartTask,
    State,
    StopConnector,
    StopTask,
    TargetState,
    TaskConfigsMade,
    TaskId,
)
from penstock.cluster.queues import enqueue
from penstock.cluster.snapshot import Configured
from penstock.cluster.state import CONNECTOR, ClusterState, Instance, Step
from penstock.cluster.turn import Turn
from penstock.sdk.errors import ConnectError

RETRY_SECONDS = 0.25
RETRY_SECONDS_MAX = 60.0


def reconcile(turn: Turn, name: str) -> None:
    """Give the commands that this connector's instances need now."""
    configured = turn.state.configured(name)
    wanted = _wanted(turn, name, configured)
    for number, instance in sorted(turn.local(name).instances.items()):
        if not instance.stopping:
            _adjust(turn, name, number, instance, configured if number in wanted else None)
    if configured is None or turn.state.membership.joining:
        return
    for number in sorted(wanted - turn.local(name).instances.keys()):
        _start(turn, name, number, configured)


def reconcile_all(turn: Turn) -> None:
    """With many connectors nearly all are as they should be, at each of many rounds."""
    for name in sorted({*turn.state.local, *turn.state.membership.assignment}):
        if not _is_settled(turn.state, name):
            reconcile(turn, name)


def _is_settled(state: ClusterState, name: str) -> bool:
    """Whether certainly nothing is to be done; a shorter way to what `reconcile` would find."""
    configured, local = state.snapshot.connectors.get(name), state.local.get(name)
    if configured is None or local is None or state.closing:
        return False
    assigned, target = state.membership.assignment.get(name, frozenset()), configured.target
    if target is TargetState.STOPPED or len(assigned) != len(local.instances):
        return False
    for number, it in local.instances.items():
        if it.stopping or it.restarting or it.target is not target or number not in assigned:
            return False
        if it.revision != _revision(configured, number):
            return False
    return True


def _wanted(turn: Turn, name: str, configured: Configured | None) -> frozenset[int]:
    if configured is None or turn.state.closing:
        return frozenset()
    possible = {CONNECTOR}
    if configured.target is not TargetState.STOPPED:
        possible |= set(range(len(configured.tasks)))
    return turn.state.assigned(name) & possible


def _revision(configured: Configured, number: int) -> int:
    return configured.revision if number == CONNECTOR else configured.tasks_revision


def _adjust(
    turn: Turn, name: str, number: int, instance: Instance, configured: Configured | None
) -> None:
    stale = configured is None or instance.revision != _revision(configured, number)
    if stale or instance.restarting:
        turn.emit(Send(_stop(turn, name, number, instance)))
        turn.set_instance(name, number, replace(instance, stopping=True))
    elif configured is not None and instance.target is not configured.target:
        if not instance.waiting:
            turn.emit(Send(_set_target(name, number, instance, configured.target)))
        turn.set_instance(name, number, replace(instance, target=configured.target))


def _stop(turn: Turn, name: str, number: int, instance: Instance) -> Command:
    if number == CONNECTOR:
        return StopConnector(name, instance.incarnation)
    timeout_ms = turn.state.settings.task_stop_timeout_ms
    return StopTask(TaskId(name, number), instance.incarnation, timeout_ms)


def _set_target(name: str, number: int, instance: Instance, target: TargetState) -> Command:
    if number == CONNECTOR:
        return SetConnectorTarget(name, instance.incarnation, target)
    return SetTaskTarget(TaskId(name, number), instance.incarnation, target)


def _start(turn: Turn, name: str, number: int, configured: Configured) -> None:
    incarnation = turn.state.next_incarnation
    turn.change(next_incarnation=incarnation + 1)
    target = configured.target
    instance = Instance(incarnation, _revision(configured, number), target)
    if number == CONNECTOR:
        local = turn.local(name)
        turn.set_local(name, replace(local, asking=False, ask_again=False, attempts=0, made=None))
        turn.emit(Send(StartConnector(name, incarnation, present(configured), target)))
    elif _exactly_once(turn, configured):
        instance = replace(instance, waiting=True)
        _wish_for_fencing(turn, name, instance.revision)
    else:
        turn.emit(Send(_start_task(name, number, instance, configured)))
    turn.set_instance(name, number, instance)


def _start_task(
    name: str,
    number: int,
    instance: Instance,
    configured: Configured,
    *,
    exactly_once: bool = False,
) -> Command:
    return StartTask(
        TaskId(name, number),
        instance.incarnation,
        present(configured),
        dict(configured.tasks[number]),
        instance.target,
        exactly_once=exactly_once,
    )


def _exactly_once(turn: Turn, configured: Configured) -> bool:
    """A connector of which nothing is known could be a source."""
    return turn.state.settings.group.exactly_once and configured.kind != "sink"


def _wish_for_fencing(turn: Turn, name: str, revision: int) -> None:
    """One wish is enough for all tasks that wait; it is begun once the group has agreed."""
    wishes = [p.request for p in turn.state.requests.values() if p.request.connector == name]
    if any(isinstance(w, FenceZombies) and w.revision == revision for w in wishes):
        return
    request = FenceZombies(turn.state.next_internal, name, revision)
    turn.change(next_internal=turn.state.next_internal - 1)
    turn.pend(request, Step.QUEUED, f"fencing off earlier producers of connector {name}")


def start_waiting(turn: Turn, name: str, revision: int) -> None:
    """Earlier producers are fenced off: start the tasks of this revision that waited for it."""
    configured = turn.state.configured(name)
    for number, instance in waiting_tasks(turn, name, revision).items():
        assert configured is not None  # or these would be stopping
        turn.emit(Send(_start_task(name, number, instance, configured, exactly_once=True)))
        turn.set_instance(name, number, replace(instance, waiting=False))


def waiting_tasks(turn: Turn, name: str, revision: int) -> dict[int, Instance]:
    return {
        number: instance
        for number, instance in sorted(turn.local(name).instances.items())
        if instance.waiting
        and not instance.stopping
        and instance.state is None
        and instance.revision == revision
    }


def present(configured: Configured) -> dict[str, str]:
    """The settings that have a value."""
    return {k: v for k, v in configured.config.items() if v is not None}


def mark_restarting(turn: Turn, name: str, numbers: frozenset[int]) -> None:
    """What runs here of these is to be stopped and started again."""
    for number in numbers & turn.local(name).instances.keys():
        instance = turn.state.instance(name, number)
        assert instance is not None
        turn.set_instance(name, number, replace(instance, restarting=True))
        turn.set_status(name, number, State.RESTARTING)


def rejoin(turn: Turn) -> None:
    """What is configured has changed; let the group agree on it."""
    membership = replace(turn.state.membership, joining=True)
    turn.change(membership=membership)
    configured = turn.state.snapshot.connectors
    turn.emit(Rejoin({name: len(it.tasks) for name, it in configured.items()}))


# Task configurations ----------------------------------------------------------------------------


def ask_for_tasks(turn: Turn, name: str) -> None:
    """Ask the connector here for its task configurations, if it is running."""
    configured, instance = turn.state.configured(name), turn.state.instance(name, CONNECTOR)
    if configured is None or instance is None or instance.stopping:
        return
    if configured.target is not TargetState.STARTED or instance.state is not State.RUNNING:
        return
    local = turn.local(name)
    if local.asking:
        turn.set_local(name, replace(local, ask_again=True))
        return
    turn.set_local(name, replace(local, asking=True))
    turn.emit(Send(MakeTaskConfigs(name, instance.incarnation, configured.tasks_max)))


def tasks_made(turn: Turn, report: TaskConfigsMade) -> Exception | None:
    """A connector answered; store what is new. The error, if there is one to tell who waits."""
    name = report.connector
    instance = turn.state.instance(name, CONNECTOR)
    if instance is None or instance.incarnation != report.incarnation or instance.stopping:
        return None
    local = turn.local(name)
    turn.set_local(name, replace(local, asking=False, ask_again=False))
    if report.configs is None:
        failure = report.failure
        return retry_later(turn, name, failure.message if failure is not None else None)
    if local.ask_again:
        ask_for_tasks(turn, name)
        return None
    configured = turn.existing(name)
    if configured.tasks_max_enforced and len(report.configs) > configured.tasks_max:
        return _too_many(turn, name, len(report.configs), configured.tasks_max)
    configs = tuple(report.configs)
    turn.set_local(name, replace(turn.local(name), made=configs))
    if not must_write(turn, name, configs, report.incarnation):
        settle(turn, name, report.incarnation)
        return None
    request = PutTaskConfigs(turn.state.next_internal, name, configs, report.incarnation)
    turn.change(next_internal=turn.state.next_internal - 1)
    enqueue(turn, request, f"writing {len(configs)} task configs for connector {name}")
    return None


def insist(turn: Turn, name: str) -> None:
    """Task configurations were stored; if they are older than the connector's last, ask again."""
    configured, made = turn.state.configured(name), turn.local(name).made
    if configured is None or made is None or configured.tasks == made:
        return
    instance = turn.state.instance(name, CONNECTOR)
    pending = [p.request for p in turn.state.requests.values() if p.request.connector == name]
    writing = [r.incarnation for r in pending if isinstance(r, PutTaskConfigs)]
    if instance is not None and instance.incarnation not in writing:
        ask_for_tasks(turn, name)


def settle(turn: Turn, name: str, incarnation: int) -> None:
    """The stored task configurations are those this incarnation wants."""
    local = turn.local(name)
    turn.set_local(name, replace(local, settled=incarnation, renewed=-1, attempts=0))


def must_write(turn: Turn, name: str, configs: Configs, incarnation: int) -> bool:
    """Whether tasks are to be configured anew: differently, or with other secrets."""
    configured = turn.existing(name)
    renewed = turn.local(name).renewed == incarnation
    return renewed or configs != configured.tasks or configured.applied != configured.config


def retry_later(turn: Turn, name: str, message: str | None) -> Exception:
    """Ask again after a while, longer each time."""
    local = turn.local(name)
    seconds = min(RETRY_SECONDS * 2 ** min(local.attempts, 10), RETRY_SECONDS_MAX)
    turn.set_local(name, replace(local, asking=True, attempts=local.attempts + 1))
    instance = turn.state.instance(name, CONNECTOR)
    if instance is not None:
        turn.emit(Wake(seconds, Retry(name, instance.incarnation)))
    return ConnectError(message)


def retried(turn: Turn, event: Retry) -> None:
    instance = turn.state.instance(event.connector, CONNECTOR)
    if instance is None or instance.incarnation != event.incarnation:
        return
    local = turn.local(event.connector)
    turn.set_local(event.connector, replace(local, asking=False))
    ask_for_tasks(turn, event.connector)


def _too_many(turn: Turn, name: str, made: int, most: int) -> Exception:
    text = (
        f"The connector {name} has generated {made} tasks, which is greater than {most}, the "
        "maximum number of tasks it is configured to create (tasks.max)."
    )
    turn.set_status(name, CONNECTOR, State.FAILED, text)
    return ConnectError(text)
