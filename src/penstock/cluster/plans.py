"""Which instances a restart request concerns, as the statuses stand."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.cluster.messages import State
from penstock.cluster.state import CONNECTOR, Status


def to_restart(
    statuses: Mapping[int, Status], *, only_failed: bool, include_tasks: bool
) -> frozenset[int]:
    """The numbers of what will be restarted."""
    return frozenset(
        number
        for number, status in statuses.items()
        if (number == CONNECTOR or include_tasks)
        and (not only_failed or status.state is State.FAILED)
    )
