"""Carries out restarts that the config log asks for.

In a group one is held back for a moment. Clients are answered before anything changes, as a Java
worker does that restarts only when it has answered; what is asked for the same connector meanwhile
is one restart with it; and a later request finds it under way, not before it.
"""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.changes import RestartRequested
from penstock.cluster.config_state import RestartRequest
from penstock.cluster.effects import Wake
from penstock.cluster.events import Request, RestartAll, RestartDue
from penstock.cluster.reconcile import mark_restarting, reconcile
from penstock.cluster.restarts import impact, to_restart
from penstock.cluster.state import CONNECTOR, HeldRestart, Step
from penstock.cluster.turn import Turn

HOLD_SECONDS = 0.1
COMING_UP_SECONDS_MAX = 1.0


def restart_here(turn: Turn, change: RestartRequested) -> None:
    """The config log asks every worker to restart what it runs."""
    name = change.connector
    wish = RestartRequest(name, change.only_failed, change.include_tasks)
    if not turn.state.settings.distributed:
        _restart(turn, wish)
        return
    held = turn.state.restarts.get(name)
    if held is not None and held.wish is not None:
        _hold(turn, name, replace(held, wish=max(held.wish, wish, key=impact)))
    else:
        _hold_for(turn, name, HOLD_SECONDS, wish)


def answered(turn: Turn, name: str) -> None:
    """A client is being told that this connector will restart."""
    held = turn.state.restarts.get(name)
    if held is not None and held.wish is not None:
        _hold_for(turn, name, HOLD_SECONDS, held.wish)


def restart_due(turn: Turn, event: RestartDue) -> None:
    """Time to carry out what is held, or to wait for it no longer."""
    name = event.connector
    held = turn.state.restarts.get(name)
    if held is None or held.until != event.at:
        return
    if held.wish is None:
        _hold(turn, name, None)
    elif _unanswered(turn, name):
        _hold_for(turn, name, HOLD_SECONDS, held.wish)
    else:
        carry_out(turn, name)


def carry_out(turn: Turn, name: str) -> None:
    """Begin the restart that is held for this connector, if there is one."""
    held = turn.state.restarts.get(name)
    if held is None or held.wish is None:
        return
    _hold(turn, name, None)
    _restart(turn, held.wish)
    if _coming_up(turn, name):
        _hold_for(turn, name, COMING_UP_SECONDS_MAX, None)


def has_turn(turn: Turn, request: Request) -> bool:
    """Whether a request can begin, as far as restarts before it are concerned.

    Another restart has to know how the connector fared, so as not to repeat what is under way.
    """
    name = request.connector
    carry_out(turn, name)
    restarts = name in turn.state.restarts and _coming_up(turn, name)
    return not (restarts and isinstance(request, RestartAll))


def _restart(turn: Turn, wish: RestartRequest) -> None:
    name = wish.connector
    mark_restarting(turn, name, to_restart(wish, turn.state.statuses.get(name, {})))
    reconcile(turn, name)


def _coming_up(turn: Turn, name: str) -> bool:
    instance = turn.state.instance(name, CONNECTOR)
    return instance is not None and (instance.restarting or instance.state is None)


def _unanswered(turn: Turn, name: str) -> bool:
    """Whether a client still has to be told of the restart."""
    pending = (p for p in turn.state.requests.values() if p.request.connector == name)
    return any(isinstance(p.request, RestartAll) and p.step is Step.WRITING for p in pending)


def _hold_for(turn: Turn, name: str, seconds: float, wish: RestartRequest | None) -> None:
    until = turn.now + seconds
    _hold(turn, name, HeldRestart(wish, until))
    turn.emit(Wake(seconds, RestartDue(name, until)))


def _hold(turn: Turn, name: str, held: HeldRestart | None) -> None:
    others = {n: h for n, h in turn.state.restarts.items() if n != name}
    turn.change(restarts=others if held is None else {**others, name: held})
