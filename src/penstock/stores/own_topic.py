"""The offsets topic a connector has of its own: read when it is first used, let go when idle."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from penstock.sdk.errors import ConnectError
from penstock.stores.offset_table import OffsetTable
from penstock.stores.offsets import LogOffsets
from penstock.stores.ports import Entry, Log


class OwnTopic:
    """An `OffsetBacking` that opens its log itself, anew after it was closed. Any thread."""

    def __init__(
        self, open_log: Callable[[], Log], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._open_log = open_log
        self._now = now
        self._used = now()
        self._opening = threading.Lock()
        self._log: Log | None = None
        self._offsets: LogOffsets | None = None
        self._stopped = False

    @property
    def table(self) -> OffsetTable:
        return self._opened().table

    def start(self) -> None:
        self._opened()

    def refresh(self, timeout_ms: int) -> None:
        self._opened().refresh(timeout_ms)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self._opened().write(entries, timeout_ms)

    def stop(self) -> None:
        """For good; also ends an opening that still waits."""
        self._stopped = True
        self._close()

    def idle(self, seconds: float) -> bool:
        return self._log is not None and self._now() - self._used > seconds

    def close(self) -> None:
        """Until it is used again."""
        with self._opening:
            self._close()

    def _opened(self) -> LogOffsets:
        self._used = self._now()
        with self._opening:
            if self._stopped:
                raise ConnectError("The worker is stopping")
            if self._offsets is None:
                log = self._log = self._open_log()
                offsets = LogOffsets(log)
                try:
                    offsets.start()
                except BaseException:
                    self._close()
                    raise
                self._offsets = offsets
            self._used = self._now()
            return self._offsets

    def _close(self) -> None:
        log, self._log, self._offsets = self._log, None, None
        if log is not None:
            log.stop()
