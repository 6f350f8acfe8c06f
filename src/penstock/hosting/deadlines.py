"""Does things later: one thread for all, asleep until something is due."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Deadlines:
    """Calls functions when their time has come. They must not block for long."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def call_in(self, seconds: float, action: Callable[[], None]) -> None:
        with self._changed:
            at = time.monotonic() + seconds
            heapq.heappush(self._due, (at, next(self._numbers), action))
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="task-deadlines", daemon=True
                )
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            action = self._next()
            try:
                action()
            except Exception:
                log.exception("What was due could not be done.")

    def _next(self) -> Callable[[], None]:
        with self._changed:
            while not self._due or self._due[0][0] > time.monotonic():
                wait = self._due[0][0] - time.monotonic() if self._due else None
                self._changed.wait(wait)
            return heapq.heappop(self._due)[2]
