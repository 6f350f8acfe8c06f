"""The config store: connector and task configurations, target states and session keys in a log.

Writes wait until they are acknowledged and read back, so that the next snapshot shows them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from penstock.cluster.config_state import (
    ConfigListener,
    ConfigState,
    RestartRequest,
    SessionKey,
)
from penstock.cluster.errors import LostPrivilege
from penstock.cluster.messages import TargetState
from penstock.sdk.errors import ConnectError
from penstock.stores import config_records as records
from penstock.stores.config_table import ConfigTable
from penstock.stores.ports import Entry, Log, LogRecord, Writer

_log = logging.getLogger(__name__)

WRITE_TIMEOUT_MS = 30_000
READ_AGAIN_SECONDS = 0.01
_FENCED = (
    "Failed to write to config topic; this may be due to a transient error and the request can be "
    "safely retried"
)


class PrivilegedWriteError(LostPrivilege):
    """The leader's own writer failed; the leader must claim its privilege anew."""

    java_class = "org.apache.kafka.connect.storage.KafkaConfigBackingStore$PrivilegedWriteException"


class ConfigStore:
    """Blocking calls from any thread.

    With `claim`, records only a leader may write go through the writer it returns, which keeps
    earlier leaders from writing; without, every worker writes to the log.
    """

    def __init__(
        self,
        log: Log,
        listener: ConfigListener,
        claim: Callable[[], Writer] | None = None,
        timeout_ms: int = WRITE_TIMEOUT_MS,
    ) -> None:
        self._log = log
        self._listener = listener
        self._claim = claim
        self._timeout_ms = timeout_ms
        self._table = ConfigTable()
        self._writer: Writer | None = None
        self._lock = threading.Lock()
        self._started = False
        self._told = 0

    def start(self) -> None:
        """Read what there is; the listener hears only of what comes later."""
        self._log.start(self._read)
        self._started = True

    def stop(self) -> None:
        self._log.stop()
        self._give_up_privilege()

    def snapshot(self) -> ConfigState:
        with self._lock:
            return self._table.snapshot()

    @property
    def told_offset(self) -> int:
        """The listener has heard of every record below this offset."""
        return self._told

    def refresh(self, timeout_ms: int) -> None:
        """Read to the end. Raises TimeoutError."""
        self._log.read_to_end(timeout_ms)

    def claim_write_privilege(self) -> None:
        """Called by a new leader before it writes."""
        if self._claim is not None:
            self._give_up_privilege()
            self._writer = self._claim()

    def __contains__(self, connector: str) -> bool:
        return connector in self.snapshot()

    # Records of a leader ------------------------------------------------------------------------

    def put_connector(
        self, name: str, config: Mapping[str, Any], target: TargetState | None = None
    ) -> None:
        """Create or replace; the target state, if given, is there first."""
        entries = [] if target is None else [records.target_state(name, target)]
        self._write([*entries, records.connector(name, config)], "connector configuration")

    def remove_connector(self, name: str) -> None:
        removal = [records.connector(name, None), records.target_state(name, None)]
        self._write(removal, "connector configuration")

    def put_tasks(self, name: str, configs: Sequence[Mapping[str, Any]]) -> None:
        """Replace all task configs; no tasks at all is an empty sequence."""
        self.refresh(self._timeout_ms)
        if configs:
            self._write(records.tasks(name, configs), "task configurations")
        self._write([records.commit(name, len(configs))], "task configurations")

    def remove_tasks(self, name: str) -> None:
        raise NotImplementedError("Removal of tasks is not currently supported")

    def put_task_count_record(self, name: str, count: int) -> None:
        self._write([records.fencing(name, count)], "task count record")

    def put_session_key(self, key: SessionKey) -> None:
        self._write([records.session_key(key)], "session key")

    def put_restart_request(self, request: RestartRequest) -> None:
        self._write([records.restart(request)], "restart request")

    # Records of any worker ----------------------------------------------------------------------

    def put_target_state(self, name: str, state: TargetState | None) -> None:
        with _blaming("target state"):
            self._log.write([records.target_state(name, state)], self._timeout_ms)

    def put_logger_level(self, namespace: str, level: str) -> None:
        with _blaming("logger level"):
            self._log.write([records.logger(namespace, level)], self._timeout_ms)

    def _read(self, record: LogRecord) -> None:
        with self._lock:
            tell = self._table.apply(record)
        if tell is not None and self._started:
            tell(self._listener)
        self._told = self._table.offset

    def _write(self, entries: Sequence[Entry], what: str) -> None:
        deadline = time.monotonic() + self._timeout_ms / 1000
        end: int | None = None
        if self._claim is None:
            with _blaming(what):
                self._log.write(entries, self._timeout_ms)
        else:
            end = self._write_privileged(entries)
        with _blaming(what):
            self._read_back(end, deadline)

    def _read_back(self, end: int | None, deadline: float) -> None:
        """A transaction is seen by readers only some time after it was committed."""
        while True:
            left_ms = int((deadline - time.monotonic()) * 1000)
            self.refresh(max(left_ms, 1))
            if end is None or self.told_offset >= end:
                return
            if left_ms <= 0:
                raise TimeoutError("What was written cannot be read yet")
            time.sleep(READ_AGAIN_SECONDS)

    def _write_privileged(self, entries: Sequence[Entry]) -> int | None:
        if self._writer is None:
            raise PrivilegedWriteError(_FENCED)
        try:
            return self._writer.write(entries, self._timeout_ms)
        except Exception as error:
            self._give_up_privilege()
            raise PrivilegedWriteError(_FENCED) from error

    def _give_up_privilege(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
        except Exception:
            _log.warning("The config topic's former writer did not close", exc_info=True)


class _blaming:  # noqa: N801 - reads as a statement
    """Turns what a log raises into an error that names what could not be written."""

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConnectError):
            raise ConnectError(f"Error writing {self._what} to Kafka") from error
