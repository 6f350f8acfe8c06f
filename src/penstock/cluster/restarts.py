"""Restart requests: which of two matters more, and what one means for a connector's tasks."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.cluster.config_state import RestartRequest
from penstock.cluster.messages import State
from penstock.cluster.state import CONNECTOR, Status


class RestartPlan(msgspec.Struct, frozen=True):
    """What will be restarted, and the states clients are shown meanwhile."""

    connector_state: State
    task_states: dict[int, State]

    @property
    def restarts_connector(self) -> bool:
        return self.connector_state is State.RESTARTING

    @property
    def tasks(self) -> list[int]:
        return [task for task, state in self.task_states.items() if state is State.RESTARTING]


def plan(
    request: RestartRequest, connector: State | None, tasks: Mapping[int, State]
) -> RestartPlan | None:
    """None when nobody knows a status of the connector."""
    if connector is None or connector is State.DESTROYED:
        return None
    known = {task: state for task, state in sorted(tasks.items()) if state is not State.DESTROYED}
    planned = {
        task: State.RESTARTING if request.include_tasks and _wanted(request, state) else state
        for task, state in known.items()
    }
    return RestartPlan(State.RESTARTING if _wanted(request, connector) else connector, planned)


def to_restart(request: RestartRequest, statuses: Mapping[int, Status]) -> frozenset[int]:
    """The numbers of what will be restarted, as the statuses stand."""
    return frozenset(
        number
        for number, status in statuses.items()
        if (number == CONNECTOR or request.include_tasks) and _wanted(request, status.state)
    )


def restarts_connector_only(request: RestartRequest) -> bool:
    """The oldest form of a restart: the connector, whatever its state, and no task."""
    return not request.only_failed and not request.include_tasks


def impact(request: RestartRequest) -> int:
    """Of several requests for one connector the one with the highest impact is carried out."""
    return 2 * (not request.only_failed) + request.include_tasks


def compare(one: RestartRequest, other: RestartRequest) -> int:
    """Negative, zero or positive; by name first."""
    left, right = (one.connector, impact(one)), (other.connector, impact(other))
    return (left > right) - (left < right)


def _wanted(request: RestartRequest, state: State) -> bool:
    return not request.only_failed or state is State.FAILED
