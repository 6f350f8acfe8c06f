"""The config topic as the control plane writes and hears it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    LevelChanged,
    RestartRequested,
    TargetChanged,
    TasksConfigured,
)
from penstock.cluster.config_changes import changes_between
from penstock.cluster.config_state import ConfigState, RestartRequest, SessionKey
from penstock.cluster.events import ConfigChanged, Event
from penstock.cluster.messages import TargetState, TaskId
from penstock.cluster.threads import on_thread
from penstock.stores.config import WRITE_TIMEOUT_MS, ConfigStore
from penstock.stores.ports import Log, Writer

Tell = Callable[[Event], None]  # called from any thread, must not block


class ConfigTopic:
    """A `ConfigLog` over a compacted topic.

    `tell` hears every change as a `ConfigChanged`, on the log's thread: first, in `start`, what the
    topic says already, then what this worker and others write. A write returns after its changes
    were told. `claim` is given where exactly-once support wants leaders to fence each other.
    """

    def __init__(
        self,
        log: Log,
        tell: Tell,
        *,
        on_session_key: Callable[[SessionKey], None] = lambda key: None,
        claim: Callable[[], Writer] | None = None,
        timeout_ms: int = WRITE_TIMEOUT_MS,
    ) -> None:
        self._store = ConfigStore(log, _Teller(self), claim, timeout_ms)
        self._tell = tell
        self._on_session_key = on_session_key
        self._timeout_ms = timeout_ms
        self._following = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Read what there is and tell it. Blocks; raises ConnectError when Kafka is out of reach.

        A session key that is there already stands in `snapshot()`; `on_session_key` hears of later
        ones only.
        """
        self._store.start()
        with self._lock:
            for change in changes_between(ConfigState(), self._store.snapshot()):
                self._tell(ConfigChanged(change))
            self._following = True

    def stop(self) -> None:
        self._store.stop()

    def snapshot(self) -> ConfigState:
        """What was read so far, with the offset that membership speaks of."""
        return self._store.snapshot()

    def refresh(self, timeout_ms: int) -> None:
        """Read to the end. Blocks. Raises TimeoutError."""
        self._store.refresh(timeout_ms)

    async def write(self, changes: Sequence[Change]) -> None:
        await on_thread("config-topic", self._write, changes)

    async def claim(self) -> None:
        """A worker that has become the leader keeps former leaders from writing."""
        await on_thread("config-topic", self._store.claim_write_privilege)

    async def put_session_key(self, key: SessionKey) -> None:
        await on_thread("config-topic", self._store.put_session_key, key)

    async def put_task_count_record(self, connector: str, count: int) -> None:
        await on_thread("config-topic", self._store.put_task_count_record, connector, count)

    def _write(self, changes: Sequence[Change]) -> None:
        raise NotImplementedError
