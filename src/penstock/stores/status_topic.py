"""The status topic as the control plane writes and hears it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from penstock.cluster.effects import WriteStatus, WriteTopic
from penstock.cluster.events import Event, StatusChanged, TopicChanged
from penstock.cluster.messages import State, TaskId
from penstock.cluster.state import CONNECTOR
from penstock.stores import status_records as records
from penstock.stores.keys import task_id
from penstock.stores.own_writes import OwnWrites
from penstock.stores.ports import Log, LogRecord
from penstock.stores.retries import Retries
from penstock.stores.status import StatusStore
from penstock.stores.status_records import Status, TopicStatus

Tell = Callable[[Event], None]  # called from any thread, must not block

_SAFE = frozenset((State.FAILED, State.UNASSIGNED))  # may be out of date by the time they are said


class StatusTopic:
    """A `StatusLog` over a compacted topic.

    `tell` hears, as `StatusChanged` and `TopicChanged`: in `start` everything the topic says, then
    what has the last word there. That is all other workers write, unless something this worker has
    written stands behind it, or is about to; what this worker writes it knows, and hears of only
    where the topic says otherwise in the end.
    """

    def __init__(
        self, log: Log, worker_id: str, tell: Tell, now: Callable[[], float] = time.time
    ) -> None:
        self._log = log
        self._worker_id = worker_id
        self._tell = tell
        self._now = now
        self._own = OwnWrites(log, self._lost)
        self._retries = Retries()
        self._store = StatusStore(self._own, self._retries.later, ignore_late=True)
        self._lock = threading.Lock()
        self._following = False
        self._disputed: set[tuple[str, int]] = set()  # where another worker's word was told last

    def start(self) -> None:
        """Read what there is and tell it. Blocks; raises ConnectError when it cannot be had."""
        self._log.start(self._read)
        with self._lock:
            for name in self._store.connectors():
                self._tell_status(name, CONNECTOR)
            for name in self._store.task_connectors():
                for task in self._store.tasks(name):
                    self._tell_status(name, task.task)
            for status in self._store.all_topics():
                self._tell(TopicChanged(status.connector, status.topic))
            self._following = True

    def stop(self) -> None:
        self._retries.stop()
        self._log.stop()

    def write(self, status: WriteStatus) -> None:
        """On any thread; never blocks."""
        state = status.state or State.DESTROYED
        given = Status(state, self._worker_id, status.generation, status.trace, status.version)
        name, number, safely = status.connector, status.number, state in _SAFE
        if number == CONNECTOR:
            written = self._store.put_connector(name, given, safely=safely)
        else:
            written = self._store.put_task(TaskId(name, number), given, safely=safely)
        if not written:  # another worker knows better, and the writer shall know, too
            self._tell_status(name, number)

    def write_topic(self, topic: WriteTopic) -> None:
        """On any thread; never blocks."""
        if topic.used:
            now_ms = int(self._now() * 1000)
            found = TopicStatus(topic.topic, topic.connector, topic.task or 0, now_ms)
            self._store.put_topic(found)
        else:
            self._store.delete_topic(topic.connector, topic.topic)

    # Reading ------------------------------------------------------------------------------------

    def _read(self, record: LogRecord) -> None:
        key = (record.key or b"").decode("utf-8", "replace")
        touched = self._touched(key, gone=record.value is None)
        self._store.read(record)
        mine = self._own.read(record)
        with self._lock:
            if not self._following:
                return
            if mine and self._agrees(touched, record.value):
                touched = touched[1:]  # tasks that went along with their connector
            self._tell_last_words(touched, mine=mine)
            if not mine and touched and record.value is not None:
                self._tell_late(*touched[0], records.read_status(record.value))
            if (names := _topic(key)) is not None and not mine:
                self._tell_topic(*names)

    def _lost(self, key: bytes) -> None:
        """A record that is never written: what the topic says is told instead."""
        with self._lock:
            self._tell_last_words(self._touched(key.decode(), gone=True), mine=False)

    def _touched(self, key: str, *, gone: bool) -> list[tuple[str, int]]:
        """What a record of this key may change: a connector that goes takes its tasks along."""
        if key.startswith(records.CONNECTOR):
            name = key[len(records.CONNECTOR) :]
            tasks = self._store.tasks(name) if gone else ()
            return [(name, CONNECTOR), *((name, task.task) for task in tasks)]
        if key.startswith(records.TASK):
            task = task_id(key, words_before=2)
            return [] if task is None else [(task.connector, task.task)]
        return []

    def _agrees(self, touched: Sequence[tuple[str, int]], value: bytes | None) -> bool:
        """Whether what this worker has written is what it was told last, and what counts."""
        said = None if value is None else records.read_status(value)
        return self._disputed.isdisjoint(touched) and (
            not touched or self._known(*touched[0]) == said
        )

    def _tell_last_words(self, touched: Iterable[tuple[str, int]], *, mine: bool) -> None:
        for name, number in touched:
            if not self._own.outstanding(_key(name, number).encode()):
                (self._disputed.discard if mine else self._disputed.add)((name, number))
                self._tell_status(name, number)

    def _tell_late(self, name: str, number: int, said: Status | None) -> None:
        """What does not count, as more is known: whoever it is about may want to say so again."""
        known = self._known(name, number)
        if said is None or known is None or known.worker_id != self._worker_id:
            return
        if said.generation < known.generation and said.worker_id != self._worker_id:
            texts = (said.worker_id or "", said.generation, said.trace, said.version)
            self._tell(StatusChanged(name, number, said.state, *texts))

    def _tell_topic(self, topic: str, connector: str) -> None:
        if not self._own.outstanding(records.topic_key(topic, connector).encode()):
            used = self._store.topic(connector, topic) is not None
            self._tell(TopicChanged(connector, topic, used))

    def _tell_status(self, name: str, number: int) -> None:
        known = self._known(name, number)
        if known is None:
            self._tell(StatusChanged(name, number, None))
            return
        told = (known.worker_id or "", known.generation, known.trace, known.version)
        self._tell(StatusChanged(name, number, known.state, *told))

    def _known(self, name: str, number: int) -> Status | None:
        if number == CONNECTOR:
            return self._store.connector(name)
        return self._store.task(TaskId(name, number))


def _key(name: str, number: int) -> str:
    if number == CONNECTOR:
        return records.connector_key(name)
    return records.task_key(TaskId(name, number))


def _topic(key: str) -> tuple[str, str] | None:
    return records.read_topic_key(key) if key.startswith(records.TOPIC) else None
