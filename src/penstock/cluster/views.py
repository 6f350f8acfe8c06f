"""What clients are shown of connectors, tasks, plugins and settings, in the order of their JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from penstock.cluster.errors import MissingError
from penstock.cluster.messages import TaskId

UNDEFINED_VERSION = "undefined"


class View(msgspec.Struct, frozen=True):
    """A piece of a REST answer."""


class ConnectorInfo(View, frozen=True):
    name: str
    config: dict[str, str | None]
    tasks: list[TaskId]
    type: str | None  # source, sink or unknown


class ConnectorState(View, frozen=True):
    state: str
    worker_id: str
    version: str | msgspec.UnsetType | None = None
    trace: str | msgspec.UnsetType | None = msgspec.UNSET


class TaskState(View, frozen=True):
    id: int
    state: str
    worker_id: str
    version: str | msgspec.UnsetType | None = None
    trace: str | msgspec.UnsetType | None = msgspec.UNSET


class ConnectorStateInfo(View, frozen=True):
    name: str
    connector: ConnectorState
    tasks: list[TaskState]
    type: str | None


class TaskInfo(View, frozen=True):
    id: TaskId
    config: dict[str, str]


class ConnectorOffset(View, frozen=True):
    partition: dict[str, Any] | None
    offset: dict[str, Any] | None


class ConnectorOffsets(View, frozen=True):
    offsets: list[ConnectorOffset]


class Message(View, frozen=True):
    message: str


class ErrorMessage(View, frozen=True):
    error_code: int
    message: str | None


class ServerInfo(View, frozen=True):
    version: str
    commit: str
    kafka_cluster_id: str | None


class LoggerLevel(View, frozen=True):
    level: str
    last_modified: int | None

    def __post_init__(self) -> None:
        if self.level is None:  # pyright: ignore[reportUnnecessaryComparison]
            raise MissingError("level may not be null")


class PluginInfo(View, frozen=True):
    class_name: str = msgspec.field(name="class")
    type: str
    version: str | msgspec.UnsetType | None


def shown_trace(trace: str | None) -> str | msgspec.UnsetType:
    """A trace is left out when there is none."""
    return trace or msgspec.UNSET


def shown_version(version: str | None) -> str | msgspec.UnsetType | None:
    """A version that nobody knows is left out."""
    return msgspec.UNSET if version == UNDEFINED_VERSION else version


def plugin_info(class_name: str, kind: str, version: str | None) -> PluginInfo:
    return PluginInfo(class_name, kind.lower(), shown_version(version))


class ConfigKeyInfo(View, frozen=True):
    name: str
    type: str
    required: bool
    default_value: str | None
    importance: str
    documentation: str | None
    group: str | None
    order_in_group: int
    width: str
    display_name: str
    dependents: Sequence[str]


class ConfigValueInfo(View, frozen=True):
    name: str
    value: str | None
    recommended_values: Sequence[str]
    errors: Sequence[str]
    visible: bool


class ConfigInfo(View, frozen=True):
    definition: ConfigKeyInfo | None
    value: ConfigValueInfo | None


class ConfigInfos(View, frozen=True):
    """What validating a connector's configuration answers."""

    name: str | None
    error_count: int
    groups: Sequence[str]
    configs: Sequence[ConfigInfo]
