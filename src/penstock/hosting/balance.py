"""Which host gets the next task: pure decisions about loads and places."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

BUSY = 0.2  # of a core: a host with less has room for another task
UNPROVEN = 0.25  # of a core: what a task counts until its host's load could be measured with it


class Place(msgspec.Struct, frozen=True):
    """A host as the balance sees it."""

    number: int
    load: float  # cores in use, measured
    tasks: int = 0
    unproven: int = 0  # placed after the load was measured

    @property
    def expected(self) -> float:
        return self.load + UNPROVEN * self.unproven


def choose(places: Sequence[Place], hosts_max: int) -> int | None:
    """The host for one more task; None: start a new one.

    Idle tasks share a host; tasks that work get hosts of their own up to `hosts_max`, then
    share evenly.
    """
    if not places:
        return None
    best = min(places, key=lambda place: (place.expected, place.tasks, place.number))
    if best.expected >= BUSY and len(places) < hosts_max:
        return None
    return best.number
