"""How long tasks may run without a word that this worker is still a member of its group.

A host process is ended by the kernel when its lease is over: that needs no thread of it and no
worker, both of which may be stuck or frozen, and nothing of it is left that could still write.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable

AT_ONCE_SECONDS = 1e-6  # an alarm in no time at all would be none
ENDED = "it had no word in time that the worker is still a member of its group."


def end_at(until: float) -> None:
    """This process ends then, unless this is called again. On its main thread only."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGALRM,))
    left = until - time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, max(left, AT_ONCE_SECONDS))


def ended_by_lease(status: int | None) -> bool:
    """Whether that is how a process ended; the status is that of `waitpid`."""
    return status is not None and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGALRM


class Watch:
    """The same for tasks in this process: calls `over` when the lease is."""

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        self._changed = threading.Condition()
        self._until: float | None = None
        self._thread: threading.Thread | None = None

    def renew(self, until: float) -> None:
        with self._changed:
            self._until = until
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lease", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                until = self._until
                left = None if until is None else until - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                self._until = None
            self._over()
