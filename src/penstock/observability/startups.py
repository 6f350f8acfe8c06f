"""How many starts were attempted, and what became of them."""

from __future__ import annotations

from collections.abc import Hashable

from penstock.cluster.messages import State
from penstock.observability.task_metrics import Values

_UP = (State.RUNNING, State.PAUSED, State.STOPPED)


class Startups:
    """Of connectors, or of tasks; a start is known by who and which."""

    def __init__(self) -> None:
        self.attempts = self.successes = self.failures = 0
        self._open: set[Hashable] = set()

    def attempt(self, start: Hashable) -> None:
        self.attempts += 1
        self._open.add(start)

    def became(self, start: Hashable, state: State) -> None:
        """The first word decides."""
        if start not in self._open:
            return
        if state in _UP:
            self.successes += 1
        elif state is State.FAILED:
            self.failures += 1
        else:
            return
        self._open.discard(start)

    def ended(self, start: Hashable) -> None:
        """It was stopped before it could tell."""
        self._open.discard(start)

    def metrics(self, what: str) -> Values:
        done = self.successes + self.failures
        return {
            f"{what}-startup-attempts-total": self.attempts,
            f"{what}-startup-success-total": self.successes,
            f"{what}-startup-success-percentage": self.successes / done if done else 0.0,
            f"{what}-startup-failure-total": self.failures,
            f"{what}-startup-failure-percentage": self.failures / done if done else 0.0,
        }
