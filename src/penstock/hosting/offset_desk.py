"""The worker's side of offsets: a few threads read and write for tasks in other processes."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from penstock.cluster.messages import StartTask
from penstock.hosting.messages import (
    CopyOffsets,
    MakeOffsetRecords,
    OffsetRecordsMade,
    OffsetsFound,
    OffsetsRefused,
    OffsetsStored,
    ReadOffsets,
    StoreOffsets,
)
from penstock.hosting.ports import OffsetStores
from penstock.runtime.ports import OffsetStore

log = logging.getLogger(__name__)

THREADS_MAX = 16
WAITING_MAX = 10_000
IDLE_SECONDS = 10.0

Question = ReadOffsets | StoreOffsets | MakeOffsetRecords | CopyOffsets
Answer = OffsetsFound | OffsetsStored | OffsetRecordsMade | OffsetsRefused
Reply = Callable[[Answer], None]


class OffsetDesk:
    """Answers questions in no particular order; a task asks one at a time."""

    def __init__(self, stores: OffsetStores) -> None:
        self._stores = stores
        self._waiting: queue.Queue[Callable[[], None]] = queue.Queue(WAITING_MAX)
        self._lock = threading.Lock()
        self._threads = 0
        self._idle = 0

    def ask(
        self, question: Question, start: StartTask, allowed: Callable[[], bool], reply: Reply
    ) -> None:
        """`allowed` is asked right before offsets are written: is the task still the one?"""

        def work() -> None:
            reply(self._answer(question, start, allowed))

        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            text = f"{WAITING_MAX} requests about offsets are waiting already."
            reply(OffsetsRefused(question.request, text))
            return
        with self._lock:
            if self._idle < self._waiting.qsize() and self._threads < THREADS_MAX:
                self._threads += 1
                threading.Thread(target=self._serve, name="offset-desk", daemon=True).start()

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            try:
                work = self._waiting.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    self._idle -= 1
                    if self._waiting.empty():
                        self._threads -= 1
                        return
                continue
            with self._lock:
                self._idle -= 1
            work()

    def _answer(self, question: Question, start: StartTask, allowed: Callable[[], bool]) -> Answer:
        try:
            store = self._store(start)
            if isinstance(question, ReadOffsets):
                found = store.read(question.partitions)
                offsets = [None if each is None else dict(each) for each in found]
                return OffsetsFound(question.request, offsets)
            if not allowed():
                return OffsetsRefused(question.request, f"Task {start.id} was given up on.")
            if isinstance(question, MakeOffsetRecords):
                made = store.as_records(question.offsets, question.timeout_ms)
                entries = list(made.entries)
                return OffsetRecordsMade(question.request, made.topic, entries, made.copied)
            if isinstance(question, CopyOffsets):
                store.follow(question.offsets)
            else:
                store.write(question.offsets, question.timeout_ms)
        except Exception as error:
            log.warning("Offsets of %s could not be had: %s", start.id, error)
            text = str(error) or type(error).__name__
            return OffsetsRefused(question.request, text)
        return OffsetsStored(question.request)

    def _store(self, start: StartTask) -> OffsetStore:
        return self._stores.of(start.id.connector, start.connector_properties)
