"""Records of the config topic: what they look like, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from penstock.cluster import base64
from penstock.cluster.config_state import RestartRequest, SessionKey
from penstock.cluster.messages import TargetState, TaskId
from penstock.sdk.errors import ConnectError
from penstock.sdk.java_utf8 import encode_utf8
from penstock.stores import json_codec
from penstock.stores.ports import Entry

TARGET_STATE = "target-state-"
CONNECTOR = "connector-"
TASK = "task-"
COMMIT = "commit-"
RESTART = "restart-connector-"
FENCING = "tasks-fencing-"
SESSION_KEY = "session-key"
LOGGER = "logger-cluster-"


class InvalidKey(ValueError):
    """A session key that is no key."""


def entry(key: str, value: Mapping[str, Any] | None) -> Entry:
    return encode_utf8(key), None if value is None else json_codec.dumps(value)


def connector(name: str, config: Mapping[str, Any] | None) -> Entry:
    """None removes the connector."""
    return entry(CONNECTOR + name, None if config is None else {"properties": config})


def task(task: TaskId, config: Mapping[str, Any]) -> Entry:
    return entry(f"{TASK}{task}", {"properties": config})


def commit(name: str, tasks: int) -> Entry:
    """Makes the task configs before it count."""
    return entry(COMMIT + name, {"tasks": tasks})


def tasks(name: str, configs: Sequence[Mapping[str, Any]]) -> list[Entry]:
    return [task(TaskId(name, i), config) for i, config in enumerate(configs)]


def target_state(name: str, state: TargetState | None) -> Entry:
    """Older workers know no STOPPED: they are told PAUSED."""
    if state is None:
        return entry(TARGET_STATE + name, None)
    older = TargetState.PAUSED if state is TargetState.STOPPED else state
    return entry(TARGET_STATE + name, {"state": older.value, "state.v2": state.value})


def fencing(name: str, count: int) -> Entry:
    return entry(FENCING + name, {"task-count": count})


def session_key(key: SessionKey) -> Entry:
    shown = {
        "key": base64.encode(key.key),
        "algorithm": key.algorithm,
        "creation-timestamp": key.created_ms,
    }
    return entry(SESSION_KEY, shown)


def restart(request: RestartRequest) -> Entry:
    shown = {"include-tasks": request.include_tasks, "only-failed": request.only_failed}
    return entry(RESTART + request.connector, shown)


def logger(namespace: str, level: str) -> Entry:
    return entry(LOGGER + namespace, {"level": level})


# Reading: None for what cannot be used ----------------------------------------------------------


def is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def read_properties(value: Any) -> dict[str, Any] | None:
    properties = value.get("properties") if is_map(value) else None
    return properties if is_map(properties) else None


def read_count(value: dict[str, Any], name: str) -> int:
    count = value.get(name)
    if isinstance(count, bool) or not isinstance(count, int):
        raise ConnectError("Expected integer value to be either Integer or Long")
    return (count + 2**31) % 2**32 - 2**31


def read_target_state(value: Any) -> TargetState | None:
    if not is_map(value):
        return None
    state = value.get("state.v2")
    if not isinstance(state, str):
        state = value.get("state")
    return TargetState.__members__.get(state) if isinstance(state, str) else None


def read_session_key(value: Any) -> SessionKey | None:
    if not is_map(value):
        return None
    text, algorithm = value.get("key"), value.get("algorithm")
    created = value.get("creation-timestamp")
    if not isinstance(text, str):
        return None
    key = base64.decode(text)
    if not isinstance(algorithm, str) or isinstance(created, bool) or not isinstance(created, int):
        return None
    if not key:
        raise InvalidKey("Empty key")
    return SessionKey(key, algorithm, created)


def read_restart(name: str, value: Any) -> RestartRequest | None:
    if not is_map(value):
        return None
    return RestartRequest(
        name, value.get("only-failed") is True, value.get("include-tasks") is True
    )


def read_level(value: Any) -> str | None:
    level = value.get("level") if is_map(value) else None
    return level if isinstance(level, str) else None
