"""What is shown of a state: pure functions from state to views."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.cluster.messages import TaskId
from penstock.cluster.snapshot import Configured
from penstock.cluster.state import CONNECTOR, ClusterState, Status
from penstock.cluster.views import (
    ConnectorInfo,
    ConnectorState,
    ConnectorStateInfo,
    TaskInfo,
    TaskState,
    shown_trace,
    shown_version,
)
from penstock.sdk.errors import NotFoundError


def connector_info(name: str, configured: Configured, kind: str) -> ConnectorInfo:
    tasks = [TaskId(name, number) for number in range(len(configured.tasks))]
    return ConnectorInfo(name, dict(configured.config), tasks, kind)


def task_infos(name: str, configured: Configured) -> list[TaskInfo]:
    return [TaskInfo(TaskId(name, i), dict(config)) for i, config in enumerate(configured.tasks)]


def connector_status(state: ClusterState, name: str, kind: str) -> ConnectorStateInfo:
    """Raises NotFoundError when nothing was ever said of the connector."""
    statuses = state.statuses.get(name, {})
    if CONNECTOR not in statuses:
        raise NotFoundError(f"No status found for connector {name}")
    return state_info(name, statuses, kind)


def state_info(name: str, statuses: Mapping[int, Status], kind: str) -> ConnectorStateInfo:
    own = statuses[CONNECTOR]
    shown = ConnectorState(
        own.state.value, own.worker_id, shown_version(own.version), shown_trace(own.trace)
    )
    tasks = [task_state(number, statuses[number]) for number in sorted(statuses) if number >= 0]
    return ConnectorStateInfo(name, shown, tasks, kind)


def task_state(number: int, status: Status) -> TaskState:
    trace = shown_trace(status.trace)
    return TaskState(
        number, status.state.value, status.worker_id, shown_version(status.version), trace
    )
