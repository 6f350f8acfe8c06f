"""After a crash nobody knows which task of the host was to blame: next time they are apart.

They are split into a few groups, each with a host of its own for a while; if it happens again, the
group is smaller, and before long the guilty one is alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

SUSPECT_SECONDS = 600.0
SUSPECTS_MAX = 10_000
GROUPS_MAX = 8  # at most so many new processes for one that crashed


class Suspects:
    """Connectors of which a task or instance was there at a crash, and their groups."""

    def __init__(self) -> None:
        self._groups: dict[str, tuple[int, float]] = {}  # and until when they stay apart
        self._numbers = itertools.count(1)

    def split(self, connectors: Iterable[str], now: float) -> None:
        names = sorted(connectors)
        self._forget(now)
        groups = [next(self._numbers) for _ in range(min(len(names), GROUPS_MAX))]
        for place, name in enumerate(names):
            if len(self._groups) < SUSPECTS_MAX or name in self._groups:
                self._groups[name] = groups[place % len(groups)], now + SUSPECT_SECONDS

    def cohort(self, connector: str, now: float) -> int | None:
        """The group it shares a host with; None for one that is above suspicion."""
        group, until = self._groups.get(connector, (None, 0.0))
        return group if now < until else None

    def _forget(self, now: float) -> None:
        self._groups = {name: it for name, it in self._groups.items() if now < it[1]}
