"""Whether the control plane, which decides what runs here, still moves."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

STEP_SECONDS_MAX = 1.0  # with more between two steps, not only the control plane slept


class Pulse:
    """Looked at in every step of the group's member.

    While the whole process is frozen no step is made, so that this does not count.
    """

    def __init__(
        self,
        beats: Callable[[], int],
        seconds_max: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`beats` changes about every second, as long as there is life."""
        self._beats = beats
        self._seconds_max = seconds_max
        self._now = now
        self._last: int = beats()
        self._looked_at = now()
        self._still = 0.0
        self.told = False  # that it stopped

    def stopped(self) -> bool:
        now, beats = self._now(), self._beats()
        self._still += min(now - self._looked_at, STEP_SECONDS_MAX)
        self._looked_at = now
        if beats != self._last:
            self._last, self._still = beats, 0.0
            if self.told:
                self.told = False
                log.warning("The control plane of this worker moves again")
        return self._still > self._seconds_max
