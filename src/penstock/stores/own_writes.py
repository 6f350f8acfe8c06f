"""Which records of a log this worker has written and not read back yet."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from penstock.sdk.errors import RetriableError
from penstock.stores.ports import Entry, Log, LogRecord, OnSent

KEPT_SECONDS = 300.0  # compaction may take away a record before it is read


class OwnWrites:
    """Writes to a log, and recognises in what is read from it what was written here.

    While a key has writes outstanding, whatever is read for it is older than the last of them.
    """

    def __init__(
        self,
        log: Log,
        on_lost: Callable[[bytes], None] = lambda key: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`on_lost` is called with the key of a record that could not be written at all."""
        self._log = log
        self._on_lost = on_lost
        self._now = now
        self._lock = threading.Lock()
        self._outstanding: dict[bytes, deque[_Write]] = {}

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        write = _Write(value, self._now() + KEPT_SECONDS)
        with self._lock:
            self._outstanding.setdefault(key, deque()).append(write)

        def sent(error: Exception | None) -> None:
            if error is not None:
                self._forget(key, write)
                if not isinstance(error, RetriableError):
                    self._on_lost(key)
            if on_sent is not None:
                on_sent(error)

        self._log.send(key, value, sent)

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        self._log.start(on_record)

    def stop(self) -> None:
        self._log.stop()

    def read_to_end(self, timeout_ms: int) -> None:
        self._log.read_to_end(timeout_ms)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        """What is waited for needs no recognition."""
        self._log.write(entries, timeout_ms)

    def read(self, record: LogRecord) -> bool:
        """Take note of a record; whether it was written here."""
        with self._lock:
            writes = self._outstanding.get(record.key or b"")
            if not writes:
                return False
            found = next((w for w in writes if w.value == record.value), None)
            if found is None:
                return False
            while writes.popleft() is not found:
                continue  # what came before it can only have been compacted away
            self._tidy(record.key or b"")
            return True

    def outstanding(self, key: bytes) -> bool:
        with self._lock:
            writes = self._outstanding.get(key)
            while writes and writes[0].until < self._now():
                writes.popleft()
            self._tidy(key)
            return key in self._outstanding

    def _forget(self, key: bytes, write: _Write) -> None:
        with self._lock:
            writes = self._outstanding.get(key)
            if writes and write in writes:
                writes.remove(write)
            self._tidy(key)

    def _tidy(self, key: bytes) -> None:
        if not self._outstanding.get(key, True):
            del self._outstanding[key]


class _Write:
    """Compared by identity: the same value may be written twice."""

    __slots__ = ("until", "value")

    def __init__(self, value: bytes | None, until: float) -> None:
        self.value = value
        self.until = until
