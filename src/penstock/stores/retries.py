"""Tries once more, after a pause, what has failed; its thread exists while it is needed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.25
WAITING_MAX = 100_000

Attempt = Callable[[], None]


class Retries:
    """Calls come from any thread. Attempts keep their order."""

    def __init__(
        self, pause_seconds: float = PAUSE_SECONDS, waiting_max: int = WAITING_MAX
    ) -> None:
        self._pause_seconds = pause_seconds
        self._waiting: deque[Attempt] = deque()
        self._waiting_max = waiting_max
        self._lock = threading.Lock()
        self._running = False
        self._stopped = threading.Event()

    def later(self, attempt: Attempt) -> None:
        """An attempt beyond the limit is given up."""
        with self._lock:
            if self._stopped.is_set():
                return
            if len(self._waiting) >= self._waiting_max:
                _log.error("More than %d writes wait for another attempt", self._waiting_max)
                return
            self._waiting.append(attempt)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="retries", daemon=True).start()

    def stop(self) -> None:
        """Whatever waits is given up."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._pause_seconds):
            with self._lock:
                attempts, self._waiting = list(self._waiting), deque()
                if not attempts:
                    self._running = False
                    return
            for attempt in attempts:
                try:
                    attempt()
                except Exception:
                    _log.exception("A write could not be tried again")
