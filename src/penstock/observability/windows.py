"""Rates, means and maxima of the last minute, from totals that are looked at now and then."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

WINDOW_SECONDS = 60.0
SAMPLES_MAX = 1000

Counts = Mapping[str, int]


class Window:
    """Totals at moments in order; maxima are of the time since the moment before."""

    def __init__(self, began: float) -> None:
        self._samples: deque[tuple[float, Counts]] = deque([(began, {})], SAMPLES_MAX)
        self.seen = began  # up to here nothing is missing

    @property
    def last(self) -> Counts:
        return self._samples[-1][1]

    def add(self, at: float, counts: Counts) -> None:
        if any(counts.get(name, 0) < self.last.get(name, 0) for name in ("batches", "commits")):
            self._samples.clear()  # the task began anew, in another host
            self._samples.append((self.seen, {}))
        self._samples.append((at, counts))
        self.seen = at
        while len(self._samples) > 1 and self._samples[1][0] <= at - WINDOW_SECONDS:
            self._samples.popleft()

    def _base(self) -> tuple[float, Counts]:
        """The last look before the window, or the first there was."""
        since = self.seen - WINDOW_SECONDS
        return next((s for s in reversed(self._samples) if s[0] <= since), self._samples[0])

    def gained(self, name: str) -> int:
        return self.last.get(name, 0) - self._base()[1].get(name, 0)

    def rate(self, name: str) -> float:
        """Per second."""
        seconds = min(WINDOW_SECONDS, self.seen - self._base()[0])
        return self.gained(name) / seconds if seconds > 0 else 0.0

    def mean(self, total: str, number: str) -> float | None:
        gained = self.gained(number)
        return self.gained(total) / gained if gained else None

    def share(self, name: str, other: str) -> float | None:
        """Of both together."""
        together = self.gained(name) + self.gained(other)
        return self.gained(name) / together if together else None

    def highest(self, name: str) -> int | None:
        """None if there was nothing."""
        since = self._base()[0]
        found = [counts.get(name, 0) for at, counts in self._samples if at > since]
        return max(found, default=0) or None
