"""The status store: what every worker of the cluster last said of connectors, tasks and topics.

What is written counts once it is read back. "Safe" writes, of states that may be out of date by
now, give way to what another worker said in a newer generation.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from penstock.cluster.messages import State, TaskId
from penstock.sdk.errors import RetriableError
from penstock.sdk.java_utf8 import decode_utf8, encode_utf8
from penstock.stores import status_records as records
from penstock.stores.keys import MissingKey, task_id
from penstock.stores.ports import Log, LogRecord
from penstock.stores.status_records import Status, TopicStatus

_log = logging.getLogger(__name__)

Later = Callable[[Callable[[], None]], None]


@dataclass(slots=True)
class _Entry:
    """What is known of one connector or task."""

    status: Status | None = None
    writes: int = 0
    deleted: bool = False

    def may_write(self, status: Status, sequence: int | None = None) -> bool:
        known = self.status
        if sequence is not None and sequence != self.writes:
            return False
        return (
            known is None
            or known.worker_id == status.worker_id
            or known.generation <= status.generation
        )


class StatusStore:
    """Calls come from any thread. `later` runs another attempt of a failed write, with a pause.

    Like Java's it takes in whatever is said of a connector. With `ignore_late`, a worker that lets
    go of a connector in an earlier generation than others run it in is not believed.
    """

    def __init__(self, log: Log, later: Later | None = None, *, ignore_late: bool = False) -> None:
        self._log = log
        self._ignore_late = ignore_late
        self._later: Later = later or (lambda attempt: None)
        self._lock = threading.RLock()
        self._connectors: dict[str, _Entry] = {}
        self._tasks: dict[str, dict[int, _Entry]] = {}
        self._topics: dict[str, dict[str, TopicStatus]] = {}
        self._generation = -1

    def start(self) -> None:
        self._log.start(self.read)

    def stop(self) -> None:
        self._log.stop()

    # Asking -------------------------------------------------------------------------------------

    def connectors(self) -> list[str]:
        with self._lock:
            return list(self._connectors)

    def connector(self, name: str) -> Status | None:
        with self._lock:
            entry = self._connectors.get(name)
            return entry.status if entry is not None else None

    def task(self, task: TaskId) -> Status | None:
        with self._lock:
            entry = self._tasks.get(task.connector, {}).get(task.task)
            return entry.status if entry is not None else None

    def tasks(self, connector: str) -> dict[TaskId, Status]:
        """In order of their numbers."""
        with self._lock:
            entries = sorted(self._tasks.get(connector, {}).items())
            return {
                TaskId(connector, task): entry.status
                for task, entry in entries
                if entry.status is not None
            }

    def task_connectors(self) -> list[str]:
        """Connectors of which tasks were heard, also if nothing was of themselves."""
        with self._lock:
            return list(self._tasks)

    def all_topics(self) -> list[TopicStatus]:
        with self._lock:
            return [status for known in self._topics.values() for status in known.values()]

    def topics(self, connector: str) -> list[TopicStatus]:
        with self._lock:
            return list(self._topics.get(connector, {}).values())

    def topic(self, connector: str, topic: str) -> TopicStatus | None:
        with self._lock:
            return self._topics.get(connector, {}).get(topic)

    # Telling ------------------------------------------------------------------------------------

    def put_connector(self, name: str, status: Status, *, safely: bool = False) -> bool:
        """Whether it is written; a safe write may have come too late."""
        with self._lock:
            entry = self._connectors.setdefault(name, _Entry())
        return self._put(records.connector_key(name), status, entry, safely)

    def put_task(self, task: TaskId, status: Status, *, safely: bool = False) -> bool:
        with self._lock:
            entry = self._task_entry(task)
        return self._put(records.task_key(task), status, entry, safely)

    def put_topic(self, status: TopicStatus) -> None:
        key = records.topic_key(status.topic, status.connector)
        self._send(key, records.topic_value(status), lambda: True)

    def delete_topic(self, connector: str, topic: str) -> None:
        self._send(records.topic_key(topic, connector), None, lambda: True)

    def _put(self, key: str, status: Status, entry: _Entry, safely: bool) -> bool:
        with self._lock:
            self._generation = status.generation
            if safely and not entry.may_write(status):
                return False
            entry.writes += 1
            sequence = entry.writes

        def wanted() -> bool:
            with self._lock:
                if entry.deleted or status.generation != self._generation:
                    return False
                return not safely or entry.may_write(status, sequence)

        self._send(key, records.status_value(status), wanted)
        return True

    def _send(self, key: str, value: bytes | None, wanted: Callable[[], bool]) -> None:
        def sent(error: Exception | None) -> None:
            if isinstance(error, RetriableError):
                if wanted():
                    self._later(send)
            elif error is not None:
                _log.error("The status %s could not be written", key, exc_info=error)

        def send() -> None:
            self._log.send(encode_utf8(key), value, sent)

        send()

    # Reading ------------------------------------------------------------------------------------

    def read(self, record: LogRecord) -> None:
        """Take in a record of the log."""
        if record.key is None:
            raise MissingKey("A record of the status topic has no key")
        key = decode_utf8(record.key)
        with self._lock:
            if key.startswith(records.CONNECTOR):
                self._read_connector(key[len(records.CONNECTOR) :], record.value)
            elif key.startswith(records.TASK):
                self._read_task(task_id(key, words_before=2), record.value)
            elif key.startswith(records.TOPIC):
                self._read_topic(records.read_topic_key(key), record.value)
            else:
                _log.warning("Ignoring a record of the status topic with the key %s", key)

    def _read_connector(self, name: str, value: bytes | None) -> None:
        if not name:
            return
        if value is None:
            _delete(self._connectors.pop(name, None))
            for entry in self._tasks.pop(name, {}).values():
                _delete(entry)
            return
        status = records.read_status(value)
        if status is None or (self._ignore_late and _late(status, self.connector(name))):
            return
        self._connectors.setdefault(name, _Entry()).status = status

    def _read_task(self, task: TaskId | None, value: bytes | None) -> None:
        if task is None:
            return
        if value is None:
            _delete(self._tasks.get(task.connector, {}).pop(task.task, None))
            return
        status = records.read_status(value)
        if status is None:
            return
        entry = self._task_entry(task)
        known = entry.status
        outdated = (
            status.state is State.UNASSIGNED
            and known is not None
            and known.state is State.RUNNING
            and known.generation >= status.generation
        )
        if not outdated:
            entry.status = status

    def _read_topic(self, names: tuple[str, str] | None, value: bytes | None) -> None:
        if names is None:
            return
        topic, connector = names
        known = self._topics.get(connector, {})
        if value is None:
            known.pop(topic, None)
            if not known:
                self._topics.pop(connector, None)
            return
        status = records.read_topic(value)
        if status is not None:
            self._topics.setdefault(connector, {})[topic] = status

    def _task_entry(self, task: TaskId) -> _Entry:
        return self._tasks.setdefault(task.connector, {}).setdefault(task.task, _Entry())


def _late(status: Status, known: Status | None) -> bool:
    """Whether a worker lets go of what others run by now."""
    return (
        known is not None
        and status.state is State.UNASSIGNED
        and status.worker_id != known.worker_id
        and known.state is not State.UNASSIGNED
        and known.generation > status.generation
    )


def _delete(entry: _Entry | None) -> None:
    if entry is not None:
        entry.deleted = True
