"""A log in memory: for standalone mode and for tests."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from penstock.stores.ports import Entry, LogRecord, OnSent

_log = logging.getLogger(__name__)


class MemoryLog:
    """Hands every record to its reader in the call that writes it.

    Only what a reader has yet to see is kept, so memory does not grow with time.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._unread = list(entries)
        self._end = 0
        self._on_record: Callable[[LogRecord], None] | None = None
        self._lock = threading.RLock()

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        with self._lock:
            self._on_record = on_record
            unread, self._unread = self._unread, []
            for key, value in unread:
                on_record(self._next(key, value))

    def stop(self) -> None:
        with self._lock:
            self._on_record = None

    def read_to_end(self, timeout_ms: int) -> None:
        """Nothing is ever outstanding."""

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self.write([(key, value)], 0)
        if on_sent is not None:
            on_sent(None)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        with self._lock:
            for key, value in entries:
                self._append(key, value)

    def _append(self, key: bytes, value: bytes | None) -> None:
        if self._on_record is None:
            self._unread.append((key, value))
            return
        record = self._next(key, value)
        try:
            self._on_record(record)
        except Exception:
            _log.exception("Record %d is of no use and skipped", record.offset)

    def _next(self, key: bytes, value: bytes | None) -> LogRecord:
        record = LogRecord(self._end, key, value)
        self._end += 1
        return record
