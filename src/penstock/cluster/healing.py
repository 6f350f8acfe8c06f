"""Restarts what has failed where that may help: after a pause that grows, and not for ever."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.cluster.effects import Announce, Wake
from penstock.cluster.events import HealingDue
from penstock.cluster.messages import Failure, State
from penstock.cluster.reconcile import mark_restarting, reconcile
from penstock.cluster.restart_policy import Healing, RestartPolicy, mendless, pause, wanted
from penstock.cluster.state import CONNECTOR
from penstock.cluster.turn import Turn
from penstock.sdk.errors import ConfigError


def plan_restart(
    turn: Turn, name: str, number: int, failure: Failure | None, trace: str | None
) -> str | None:
    """Something failed: perhaps restart it later. The trace, with a word about that."""
    instance, configured = turn.state.instance(name, number), turn.state.configured(name)
    if instance is None or configured is None or failure is None or turn.state.closing:
        return trace
    try:
        policy = _policy(turn, configured.config)
    except ConfigError as error:
        return f"{trace or ''}\nIt is not restarted: {error}"
    what = f"Connector {name}" if number == CONNECTOR else f"Task {name}-{number}"
    recent, most = _recent(turn, name, number, policy), policy.errors_restart_max
    if not wanted(policy, failure):
        lasting = mendless(failure) if policy.errors_restart_policy == "all" else None
        if lasting is None:
            return trace  # as a Java worker would have it
        text = f"{what} is not restarted: {lasting} does not pass by itself."
    elif len(recent) >= most:
        text = (
            f"{what} was restarted {len(recent)} times within "
            f"{policy.errors_restart_window_ms / 60_000:g} minutes (errors.restart.max); "
            "it stays as it is."
        )
    else:
        return _told(turn, trace, _restart_later(turn, name, number, policy, recent, what))
    _remember(turn, name, number, Healing(recent, instance.incarnation, None, most, text))
    return _told(turn, trace, text)


def _told(turn: Turn, trace: str | None, text: str) -> str:
    turn.emit(Announce(text))
    return f"{trace or ''}\n{text}"


def _restart_later(
    turn: Turn, name: str, number: int, policy: RestartPolicy, recent: tuple[float, ...], what: str
) -> str:
    instance = turn.state.instance(name, number)
    assert instance is not None
    seconds = pause(policy, len(recent), f"{name}-{number}")
    due, most = turn.now + seconds, policy.errors_restart_max
    _remember(turn, name, number, Healing(recent, instance.incarnation, due, most))
    turn.emit(Wake(seconds, HealingDue(name, number, instance.incarnation)))
    return f"{what} is restarted in {seconds:.1f} s (restart {len(recent) + 1} of {most})."


def heal(turn: Turn, event: HealingDue) -> None:
    """The pause is over; what still is as it was then is restarted."""
    name, number = event.connector, event.number
    instance = turn.state.instance(name, number)
    if instance is None or instance.incarnation != event.incarnation or turn.state.closing:
        return
    if instance.stopping or instance.restarting or instance.state is not State.FAILED:
        return
    known = turn.state.healing.get(name, {}).get(number, Healing())
    _remember(turn, name, number, Healing((*known.restarts, turn.now), most=known.most))
    mark_restarting(turn, name, frozenset((number,)))
    reconcile(turn, name)


def _policy(turn: Turn, config: Mapping[str, str | None]) -> RestartPolicy:
    names = RestartPolicy.definition().keys
    given = {**turn.state.settings.restarts, **config}
    return RestartPolicy.parse({name: given[name] for name in names if name in given})


def _recent(turn: Turn, name: str, number: int, policy: RestartPolicy) -> tuple[float, ...]:
    since = turn.now - policy.errors_restart_window_ms / 1000
    known = turn.state.healing.get(name, {}).get(number, Healing())
    return tuple(at for at in known.restarts if at >= since)


def _remember(turn: Turn, name: str, number: int, healing: Healing) -> None:
    """And forget connectors that are no more."""
    kept = {n: h for n, h in turn.state.healing.items() if n in turn.state.snapshot.connectors}
    kept[name] = {**kept.get(name, {}), number: healing}
    turn.change(healing=kept)
