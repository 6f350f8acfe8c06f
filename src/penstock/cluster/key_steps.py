"""When the leader makes a new key for signing requests between workers."""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.config_state import SessionKey
from penstock.cluster.effects import RotateKey, Wake
from penstock.cluster.errors import LostPrivilege
from penstock.cluster.events import KeyDue
from penstock.cluster.sessions import expiration_ms, must_rotate
from penstock.cluster.turn import Turn

SIGNING_VERSION = 2
RETRY_SECONDS = 1.0


def check_key(turn: Turn) -> None:
    """Make a new key, if this worker leads a group that signs and the key is no good any more."""
    state, settings = turn.state, turn.state.settings.group
    membership, keys = state.membership, state.keys
    leads = membership.leader and not membership.joining
    if not leads or membership.version < SIGNING_VERSION or keys.writing or state.closing:
        return
    algorithm, size = settings.key_algorithm, settings.key_size_bits
    if must_rotate(keys.key, keys.expires_ms, int(turn.now * 1000), algorithm, size):
        turn.change(keys=replace(keys, writing=True))
        turn.emit(RotateKey(algorithm, size))


def key_changed(turn: Turn, key: SessionKey) -> None:
    """The config log has a new key."""
    ttl_ms = turn.state.settings.group.key_ttl_ms
    expires_ms = expiration_ms(key, ttl_ms, at_startup=not turn.state.ready)
    turn.change(keys=replace(turn.state.keys, key=key, expires_ms=expires_ms))
    if expires_ms is not None:
        turn.emit(Wake(max(expires_ms / 1000 - turn.now, 0.0), KeyDue()))


def key_written(turn: Turn, error: Exception | None) -> None:
    turn.change(keys=replace(turn.state.keys, writing=False))
    if isinstance(error, LostPrivilege):
        return  # checked again when the log has been claimed
    if error is not None:
        turn.emit(Wake(RETRY_SECONDS, KeyDue()))
