"""The config topic as the control plane writes and hears it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    LevelChanged,
    RestartRequested,
    SessionKeyChanged,
    TargetChanged,
    TaskCountRecorded,
    TasksConfigured,
)
from penstock.cluster.config_changes import changes_between, task_configs
from penstock.cluster.config_state import ConfigState, RestartRequest, SessionKey
from penstock.cluster.events import ConfigChanged, ConfigRead, Event
from penstock.cluster.messages import TaskId
from penstock.cluster.threads import on_thread
from penstock.stores.config import WRITE_TIMEOUT_MS, ConfigStore
from penstock.stores.ports import Log, Writer

Tell = Callable[[Event], None]  # called from any thread, must not block


class ConfigTopic:
    """A `ConfigLog` over a compacted topic.

    `tell` hears every change as a `ConfigChanged`: first, in `start`, what the topic says already,
    then, on the log's thread, what this worker and others write. `claim` is given where
    exactly-once support wants leaders to fence each other.
    """

    def __init__(
        self,
        log: Log,
        tell: Tell,
        *,
        claim: Callable[[], Writer] | None = None,
        timeout_ms: int = WRITE_TIMEOUT_MS,
    ) -> None:
        self._tell = tell
        self._listener = _Listener(self.snapshot, tell)
        self._store = ConfigStore(log, self._listener, claim, timeout_ms)
        self._timeout_ms = timeout_ms

    def start(self) -> None:
        """Read what there is and tell it. Blocks; raises ConnectError when it cannot be had."""
        self._store.start()
        self._listener.follow()
        self._tell_read()

    def stop(self) -> None:
        self._store.stop()

    def snapshot(self) -> ConfigState:
        """What was read so far, with the offset that members of a group tell each other."""
        return self._store.snapshot()

    def refreshed(self, timeout_ms: int) -> ConfigState:
        """What stands there now. Blocks. Raises TimeoutError."""
        self._store.refresh(timeout_ms)
        return self._store.snapshot()

    async def refresh(self, timeout_seconds: float) -> None:
        await on_thread("config-topic", self._store.refresh, int(timeout_seconds * 1000))
        self._tell_read()

    async def write(self, changes: Sequence[Change]) -> None:
        """Write as Java's workers do: a target state or a level is acknowledged, not read back."""
        await on_thread("config-topic", self._write, changes)
        self._tell_read()

    async def claim(self) -> None:
        """For a worker that has become the leader: keep former leaders from writing."""
        await on_thread("config-topic", self._store.claim_write_privilege)

    def _tell_read(self) -> None:
        self._tell(ConfigRead(self._store.told_offset))

    def _write(self, changes: Sequence[Change]) -> None:
        match changes:
            case [TargetChanged(name, target), ConnectorConfigured(connector, config)] if (
                name == connector
            ):
                self._store.put_connector(name, config, target)
            case _:
                for change in changes:
                    self._write_one(change)
                if len(changes) > 1 and isinstance(changes[-1], TargetChanged):
                    self._store.refresh(self._timeout_ms)

    def _write_one(self, change: Change) -> None:
        store = self._store
        match change:
            case ConnectorConfigured(name, config):
                store.put_connector(name, config)
            case ConnectorRemoved(name):
                store.remove_connector(name)
            case TasksConfigured(name, configs):
                store.put_tasks(name, configs or ())
            case TaskCountRecorded(name, count):
                store.put_task_count_record(name, count)
            case TargetChanged(name, target):
                store.put_target_state(name, target)
            case RestartRequested(name, only_failed, include_tasks):
                store.put_restart_request(RestartRequest(name, only_failed, include_tasks))
            case LevelChanged(namespace, level):
                store.put_logger_level(namespace, level)
            case SessionKeyChanged(key):
                store.put_session_key(key)


class _Listener:
    """Turns what the store says was touched into changes, once everything old has been told.

    The lock sees to it that a record read meanwhile is told with what is old, or after it.
    """

    def __init__(self, snapshot: Callable[[], ConfigState], tell: Tell) -> None:
        self._snapshot = snapshot
        self._tell = tell
        self._lock = threading.Lock()
        self._known: set[str] | None = None  # connectors that were told

    def follow(self) -> None:
        with self._lock:
            state = self._snapshot()
            self._known = set(state.configs)
            self._tell_all(changes_between(ConfigState(), state), state)

    def connector_updated(self, connector: str) -> None:
        def changes(state: ConfigState, known: set[str]) -> Iterator[Change]:
            if connector not in known:  # its target state may have been there before
                known.add(connector)
                yield TargetChanged(connector, state.target_state(connector))
            yield ConnectorConfigured(connector, state.configs[connector])

        self._changed(changes)

    def connector_removed(self, connector: str) -> None:
        def changes(state: ConfigState, known: set[str]) -> Iterator[Change]:
            if connector in known:
                known.remove(connector)
                yield ConnectorRemoved(connector)

        self._changed(changes)

    def tasks_updated(self, connector: str, tasks: list[TaskId]) -> None:
        self._changed(lambda state, _: [TasksConfigured(connector, task_configs(connector, state))])

    def task_count_recorded(self, connector: str, count: int) -> None:
        self._changed(lambda _state, _known: [TaskCountRecorded(connector, count)])

    def target_state_changed(self, connector: str) -> None:
        self._changed(lambda state, _: [TargetChanged(connector, state.target_state(connector))])

    def session_key_updated(self, key: SessionKey) -> None:
        self._changed(lambda _state, _known: [SessionKeyChanged(key)])

    def restart_requested(self, request: RestartRequest) -> None:
        flags = {"only_failed": request.only_failed, "include_tasks": request.include_tasks}
        self._changed(lambda _state, _known: [RestartRequested(request.connector, **flags)])

    def logging_level_updated(self, namespace: str, level: str) -> None:
        self._changed(lambda _state, _known: [LevelChanged(namespace, level)])

    def _changed(self, changes: Callable[[ConfigState, set[str]], Iterable[Change]]) -> None:
        with self._lock:
            if self._known is not None:
                state = self._snapshot()
                self._tell_all(changes(state, self._known), state)

    def _tell_all(self, changes: Iterable[Change], state: ConfigState) -> None:
        for change in changes:
            self._tell(ConfigChanged(change, state.offset))
