"""What the config topic says, as of one offset: connectors, their tasks, and who may sign."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from penstock.cluster.messages import TargetState, TaskId

ConnectorConfig = Mapping[str, Any]  # texts; other JSON scalars if somebody wrote them


class SessionKey(msgspec.Struct, frozen=True):
    """The secret that workers sign their internal requests with."""

    key: bytes
    algorithm: str
    created_ms: int

    def __repr__(self) -> str:
        return f"SessionKey(key=[hidden], algorithm={self.algorithm!r})"


class RestartRequest(msgspec.Struct, frozen=True):
    """An operator's wish to restart a connector and, perhaps, its tasks."""

    connector: str
    only_failed: bool = False
    include_tasks: bool = False


class ConfigState(msgspec.Struct, frozen=True):
    """A snapshot; nothing in it is ever changed."""

    offset: int = 0  # of the next record
    session_key: SessionKey | None = None
    configs: Mapping[str, ConnectorConfig] = {}
    target_states: Mapping[str, TargetState] = {}
    task_counts: Mapping[str, int] = {}
    tasks: Mapping[TaskId, ConnectorConfig] = {}
    task_count_records: Mapping[str, int] = {}
    task_generations: Mapping[str, int] = {}
    pending_fencing: frozenset[str] = frozenset()
    inconsistent: frozenset[str] = frozenset()
    applied: Mapping[str, ConnectorConfig] = {}  # the configs that the task configs were made from

    def __contains__(self, connector: str) -> bool:
        return connector in self.configs

    def connectors(self) -> list[str]:
        return list(self.configs)

    def config(self, connector: str) -> ConnectorConfig | None:
        return self.configs.get(connector)

    def target_state(self, connector: str) -> TargetState | None:
        return self.target_states.get(connector)

    def task_count(self, connector: str) -> int:
        return self.task_counts.get(connector, 0)

    def task_ids(self, connector: str) -> list[TaskId]:
        """In order; none while some of the task configs are missing."""
        if connector in self.inconsistent:
            return []
        return [TaskId(connector, task) for task in range(self.task_count(connector))]

    def task_config(self, task: TaskId) -> ConnectorConfig | None:
        return self.tasks.get(task)

    def task_count_record(self, connector: str) -> int | None:
        """How many tasks' producers may still be around, for exactly-once sources."""
        return self.task_count_records.get(connector)

    def task_generation(self, connector: str) -> int | None:
        """How often task configs were replaced."""
        return self.task_generations.get(connector)

    def is_pending_fencing(self, connector: str) -> bool:
        return connector in self.pending_fencing

    def applied_config(self, connector: str) -> ConnectorConfig | None:
        """The connector config that the running task configs were made from."""
        return self.applied.get(connector)


class ConfigListener(Protocol):
    """Hears of changes in the config topic after start-up, on the log's thread."""

    def connector_updated(self, connector: str) -> None: ...
    def connector_removed(self, connector: str) -> None: ...
    def tasks_updated(self, connector: str, tasks: list[TaskId]) -> None: ...
    def task_count_recorded(self, connector: str, count: int) -> None: ...
    def target_state_changed(self, connector: str) -> None: ...
    def session_key_updated(self, key: SessionKey) -> None: ...
    def restart_requested(self, request: RestartRequest) -> None: ...
    def logging_level_updated(self, namespace: str, level: str) -> None: ...
