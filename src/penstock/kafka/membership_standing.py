"""Until when this worker is certainly a member of its group.

The coordinator counts a member in for the length of a session after it last heard of it. What the
worker knows is when it asked something that was then answered: the coordinator heard of it no
earlier than that. Where tasks run may therefore be told a moment after which nothing may run any
more, as somebody else may run it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

CAUTION = 1 / 3  # of a session: with less than this left, stop in order while there is time


class Lease(Protocol):
    """Whatever runs tasks and has to stop in time. Called from any thread; must not block."""

    def renew(self, until: float) -> None:
        """Tasks may run until then, in monotonic time; an earlier moment counts, too."""
        ...


class NoLease:
    """For those who run nothing."""

    def renew(self, until: float) -> None: ...


class Standing:
    """Called from any thread."""

    def __init__(
        self,
        session_seconds: float,
        lease: Lease,
        heartbeat_seconds: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`heartbeat_seconds` may pass between two signs of life without any danger."""
        self._session_seconds = session_seconds
        spare = session_seconds - heartbeat_seconds
        self._caution_seconds = min(CAUTION * session_seconds, spare / 2)
        self._lease = lease
        self._now = now
        self._lock = threading.Lock()
        self._until: float | None = None
        self._lost = False

    def proven(self, asked_at: float) -> None:
        """The coordinator has answered, as to a member, what it was asked then."""
        with self._lock:
            if self._is_lost():
                return  # what ran is over or about to be; it takes a new beginning
            until = asked_at + self._session_seconds
            if self._until is None or until > self._until:
                self._until = until
                self._lease.renew(until)

    def lost(self) -> bool:
        """Whether others may run by now what ran here. That lasts until `begin_anew`."""
        with self._lock:
            return self._is_lost()

    def good(self) -> bool:
        """Whether tasks may run now."""
        with self._lock:
            return self._until is not None and not self._is_lost()

    def seconds_left(self) -> float | None:
        """None as long as nothing was ever proven."""
        return None if self._until is None else self._until - self._now()

    def in_danger(self) -> bool:
        """There is little time left, or none."""
        left = self.seconds_left()
        return self.lost() or (left is not None and left < self._caution_seconds)

    def give_up(self) -> None:
        """Nothing may run any more, from now on."""
        with self._lock:
            now = self._now()
            if self._until is not None and now < self._until:
                self._until = now
                self._lease.renew(now)
            self._lost = True

    def begin_anew(self) -> None:
        """Nothing runs here now, so that the next proof is a beginning."""
        with self._lock:
            self._until, self._lost = None, False

    def _is_lost(self) -> bool:
        self._lost = self._lost or (self._until is not None and self._now() >= self._until)
        return self._lost
