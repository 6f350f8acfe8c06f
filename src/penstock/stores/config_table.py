"""What the config topic says so far: one record after another changes it and is told of.

Pure: it knows neither threads nor logs. Task configs take effect together, when the commit record
after them arrives and all of them are there; compaction may have left others beside them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from penstock.cluster.config_state import ConfigListener, ConfigState, SessionKey
from penstock.cluster.messages import TargetState, TaskId
from penstock.sdk.errors import DataError
from penstock.sdk.java_utf8 import decode_utf8
from penstock.stores import config_records as records
from penstock.stores import json_codec
from penstock.stores.keys import MissingKey, task_id
from penstock.stores.ports import LogRecord

_log = logging.getLogger(__name__)

Tell = Callable[[ConfigListener], None]


class ConfigTable:
    """Apply records; take snapshots."""

    def __init__(self) -> None:
        self.offset = -1
        self._session_key: SessionKey | None = None
        self._configs: dict[str, Mapping[str, Any]] = {}
        self._targets: dict[str, TargetState] = {}
        self._counts: dict[str, int] = {}
        self._tasks: dict[TaskId, Mapping[str, Any]] = {}
        self._deferred: dict[str, dict[int, Mapping[str, Any]]] = {}
        self._count_records: dict[str, int] = {}
        self._generations: dict[str, int] = {}
        self._pending_fencing: set[str] = set()
        self._inconsistent: set[str] = set()
        self._applied: dict[str, Mapping[str, Any]] = {}

    def snapshot(self) -> ConfigState:
        return ConfigState(
            offset=self.offset,
            session_key=self._session_key,
            configs=dict(self._configs),
            target_states=dict(self._targets),
            task_counts=dict(self._counts),
            tasks=dict(self._tasks),
            task_count_records=dict(self._count_records),
            task_generations=dict(self._generations),
            pending_fencing=frozenset(self._pending_fencing),
            inconsistent=frozenset(self._inconsistent),
            applied=dict(self._applied),
        )

    def apply(self, record: LogRecord) -> Tell | None:
        """Take in a record; what to tell a listener, if anything.

        Raises ConnectError or ValueError for a record that no worker can have written.
        """
        try:
            value = json_codec.loads(record.value)
        except DataError:
            _log.error("Ignoring record %d of the config topic: it is no JSON", record.offset)
            return None
        self.offset = record.offset + 1
        if record.key is None:
            raise MissingKey("A record of the config topic has no key")
        key = decode_utf8(record.key)
        for prefix, handler in _HANDLERS:
            if key.startswith(prefix):
                return handler(self, key[len(prefix) :], value)
        if key == records.SESSION_KEY:
            return self._session(value)
        if key.startswith(records.LOGGER):
            return self._logger(key[len(records.LOGGER) :], value)
        _log.error("Ignoring record %d of the config topic: unknown key %s", record.offset, key)
        return None

    def _target_state(self, name: str, value: Any) -> Tell | None:
        if value is None:
            self._targets.pop(name, None)
            if name in self._configs:
                self._targets[name] = TargetState.STARTED
            return None
        state = records.read_target_state(value)
        if state is None:
            return _ignored(records.TARGET_STATE + name)
        changed = self._targets.get(name) is not state
        self._targets[name] = state
        if not changed or name not in self._configs:
            return None
        return lambda listener: listener.target_state_changed(name)

    def _connector(self, name: str, value: Any) -> Tell | None:
        if value is None:
            self._remove(name)
            return lambda listener: listener.connector_removed(name)
        config = records.read_properties(value)
        if config is None:
            return _ignored(records.CONNECTOR + name)
        self._configs[name] = config
        self._targets.setdefault(name, TargetState.STARTED)
        return lambda listener: listener.connector_updated(name)

    def _task(self, rest: str, value: Any) -> Tell | None:
        task = task_id(records.TASK + rest, words_before=1)
        config = records.read_properties(value)
        if task is None or config is None:
            return _ignored(records.TASK + rest)
        self._deferred.setdefault(task.connector, {})[task.task] = config
        return None

    def _commit(self, name: str, value: Any) -> Tell | None:
        if name not in self._configs:
            self._remove(name)
            return None
        if not records.is_map(value):
            return _ignored(records.COMMIT + name)
        count = records.read_count(value, "tasks")
        deferred = self._deferred.get(name)
        updated: list[TaskId] = []
        if all(task in (deferred or ()) for task in range(count)):
            updated = self._apply_deferred(name, deferred)
        else:
            self._inconsistent.add(name)
        if deferred is not None:
            deferred.clear()
        self._counts[name] = count
        self._pending_fencing.add(name)
        return lambda listener: listener.tasks_updated(name, updated)

    def _apply_deferred(
        self, name: str, deferred: dict[int, Mapping[str, Any]] | None
    ) -> list[TaskId]:
        self._inconsistent.discard(name)
        self._applied[name] = self._configs[name]
        if deferred is None:
            return []
        updated = {TaskId(name, task): config for task, config in sorted(deferred.items())}
        self._tasks |= updated
        self._generations[name] = self._generations.get(name, -1) + 1
        return list(updated)

    def _restart(self, name: str, value: Any) -> Tell | None:
        request = records.read_restart(name, value)
        if request is None:
            return _ignored(records.RESTART + name)
        return lambda listener: listener.restart_requested(request)

    def _fencing(self, name: str, value: Any) -> Tell | None:
        if not records.is_map(value):
            return _ignored(records.FENCING + name)
        count = self._count_records[name] = records.read_count(value, "task-count")
        self._pending_fencing.discard(name)
        return lambda listener: listener.task_count_recorded(name, count)

    def _session(self, value: Any) -> Tell | None:
        key = records.read_session_key(value)
        if key is None:
            return _ignored(records.SESSION_KEY)
        self._session_key = key
        return lambda listener: listener.session_key_updated(key)

    def _logger(self, namespace: str, value: Any) -> Tell | None:
        level = records.read_level(value)
        if level is None:
            return _ignored(records.LOGGER + namespace)
        return lambda listener: listener.logging_level_updated(namespace, level)

    def _remove(self, name: str) -> None:
        """What stays (target state, fencing, generation) goes by records of its own, or never."""
        self._configs.pop(name, None)
        self._counts.pop(name, None)
        self._deferred.pop(name, None)
        self._applied.pop(name, None)
        for task in [task for task in self._tasks if task.connector == name]:
            del self._tasks[task]


def _ignored(key: str) -> None:
    _log.error("Ignoring a record of the config topic: its value for %s is of no use", key)


_HANDLERS: tuple[tuple[str, Callable[[ConfigTable, str, Any], Tell | None]], ...] = (
    (records.TARGET_STATE, ConfigTable._target_state),  # pyright: ignore[reportPrivateUsage]
    (records.CONNECTOR, ConfigTable._connector),  # pyright: ignore[reportPrivateUsage]
    (records.TASK, ConfigTable._task),  # pyright: ignore[reportPrivateUsage]
    (records.COMMIT, ConfigTable._commit),  # pyright: ignore[reportPrivateUsage]
    (records.RESTART, ConfigTable._restart),  # pyright: ignore[reportPrivateUsage]
    (records.FENCING, ConfigTable._fencing),  # pyright: ignore[reportPrivateUsage]
)
