"""Restarts connectors whose secrets expire, and their tasks if the secrets have changed.

As in Java, there is one appointment for each connector and path; whoever looks the path up again,
moves it. A restarted connector looks its secrets up; if they are others than before, its task
configurations are written anew, and tasks start again wherever they run.
"""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.effects import Announce, Wake
from penstock.cluster.events import ReloadDue, SecretsChanged, SecretsExpire
from penstock.cluster.reconcile import mark_restarting, reconcile
from penstock.cluster.state import CONNECTOR
from penstock.cluster.turn import Turn

SETTING = "config.action.reload"
PATHS_MAX = 1000  # of one connector


def expire(turn: Turn, event: SecretsExpire) -> None:
    """Values of a path are good for so long."""
    name, path = event.connector, event.path
    if not _reloads(turn, name):
        return
    known = turn.state.reloads.get(name, {})
    if path not in known and len(known) >= PATHS_MAX:
        return
    due = turn.now + event.after_seconds
    _set(turn, name, {**known, path: due})
    turn.emit(Wake(event.after_seconds, ReloadDue(name, path, due)))


def reload(turn: Turn, event: ReloadDue) -> None:
    """The time is over, unless the path was looked up again meanwhile."""
    name = event.connector
    known = turn.state.reloads.get(name, {})
    if known.get(event.path) != event.at:
        return
    _set(turn, name, {path: at for path, at in known.items() if path != event.path})
    instance = turn.state.instance(name, CONNECTOR)
    if instance is None or instance.stopping or instance.restarting:
        return
    if turn.state.closing or not _reloads(turn, name):
        return
    text = f"Connector {name} is restarted, as what it refers to expires ({SETTING})."
    turn.emit(Announce(text, expected=True))
    mark_restarting(turn, name, frozenset((CONNECTOR,)))
    reconcile(turn, name)


def renew(turn: Turn, event: SecretsChanged) -> None:
    """The connector that starts is given other values than the one before it."""
    name = event.connector
    instance = turn.state.instance(name, CONNECTOR)
    if instance is not None and instance.incarnation == event.incarnation:
        turn.set_local(name, replace(turn.local(name), renewed=event.incarnation))


def _reloads(turn: Turn, name: str) -> bool:
    configured = turn.state.configured(name)
    if configured is None:
        return False
    return (configured.config.get(SETTING) or "restart").strip().lower() == "restart"


def _set(turn: Turn, name: str, appointments: dict[str, float]) -> None:
    """And forget connectors that are no more."""
    there = turn.state.snapshot.connectors
    kept = {n: known for n, known in turn.state.reloads.items() if n in there and n != name}
    turn.change(reloads={**kept, name: appointments} if appointments else kept)
