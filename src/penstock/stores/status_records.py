"""Records of the status topic: what they look like, and what they say."""

from __future__ import annotations

from typing import Any

import msgspec

from penstock.cluster.messages import State, TaskId
from penstock.sdk.errors import DataError
from penstock.stores import json_codec
from penstock.stores.config_records import is_map

CONNECTOR = "status-connector-"
TASK = "status-task-"
TOPIC = "status-topic-"
_SEPARATOR = ":connector-"


class Status(msgspec.Struct, frozen=True):
    """What a worker last said of a connector or a task."""

    state: State
    worker_id: str | None
    generation: int
    trace: str | None = None
    version: str | None = None


class TopicStatus(msgspec.Struct, frozen=True):
    """A topic some task of a connector was first seen to use."""

    topic: str
    connector: str
    task: int
    discovered_ms: int


def connector_key(connector: str) -> str:
    return CONNECTOR + connector


def task_key(task: TaskId) -> str:
    return f"{TASK}{task}"


def topic_key(topic: str, connector: str) -> str:
    return f"{TOPIC}{topic}{_SEPARATOR}{connector}"


def status_value(status: Status) -> bytes | None:
    """A destroyed thing leaves no record."""
    if status.state is State.DESTROYED:
        return None
    if status.worker_id is None:
        raise DataError(
            'Invalid value: null used for required field: "worker_id", schema type: STRING'
        )
    return json_codec.dumps(
        {
            "state": status.state.value,
            "trace": status.trace,
            "worker_id": status.worker_id,
            "generation": status.generation,
            "version": status.version,
        }
    )


def topic_value(status: TopicStatus) -> bytes:
    shown = {
        "name": status.topic,
        "connector": status.connector,
        "task": status.task,
        "discoverTimestamp": status.discovered_ms,
    }
    return json_codec.dumps({"topic": shown})


# Reading: None for what cannot be used ----------------------------------------------------------


def read_topic_key(key: str) -> tuple[str, str] | None:
    """Topic and connector; the topic ends at the first colon."""
    topic, colon, _ = key.removeprefix(TOPIC).partition(":")
    connector = key[len(TOPIC) + len(topic) + len(_SEPARATOR) :]
    return (topic, connector) if colon and topic and connector else None


def read_status(data: bytes) -> Status | None:
    value = _value(data)
    if not is_map(value):
        return None
    state = value.get("state")
    texts = [value.get(name) for name in ("worker_id", "trace", "version")]
    generation = _int32(value.get("generation"))
    if not isinstance(state, str) or state not in State.__members__ or generation is None:
        return None
    if not all(text is None or isinstance(text, str) for text in texts):
        return None
    worker_id, trace, version = texts
    return Status(State[state], worker_id, generation, trace, version)


def read_topic(data: bytes) -> TopicStatus | None:
    value = _value(data)
    shown = value.get("topic") if is_map(value) else None
    if not is_map(shown):
        return None
    topic, connector = shown.get("name"), shown.get("connector")
    task, discovered = _int32(shown.get("task")), shown.get("discoverTimestamp")
    if not isinstance(topic, str) or not isinstance(connector, str) or task is None:
        return None
    if isinstance(discovered, bool) or not isinstance(discovered, int):
        return None
    return TopicStatus(topic, connector, task, discovered)


def _value(data: bytes) -> Any:
    try:
        return json_codec.loads(data)
    except DataError:
        return None


def _int32(number: Any) -> int | None:
    """As Java narrows a long."""
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    return (number + 2**31) % 2**32 - 2**31
