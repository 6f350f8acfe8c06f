"""All metrics of a worker: of its tasks, of itself, and of its place in the group."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from penstock.cluster.host_views import HealingView, HostsView, HostView, MetricGroup, TaskView
from penstock.cluster.messages import State
from penstock.cluster.protocol import Protocol
from penstock.cluster.state import ClusterState
from penstock.observability.board import MetricsBoard
from penstock.observability.task_metrics import Values

_COUNTED = (
    State.RUNNING,
    State.PAUSED,
    State.FAILED,
    State.UNASSIGNED,
    State.DESTROYED,
    State.RESTARTING,
)
OURS = "penstock-task-metrics"


class WorkerViews:
    """A `MetricsView`, and a `HostsView` with what the herder knows of the tasks."""

    def __init__(
        self,
        board: MetricsBoard,
        state: Callable[[], ClusterState],
        views: HostsView | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._board = board
        self._state = state
        self._views = views
        self._now = now

    def hosts(self) -> list[HostView]:
        return [] if self._views is None else self._views.hosts()

    def tasks(self) -> list[TaskView]:
        shown = [] if self._views is None else self._views.tasks()
        state = self._state()
        return [replace(task, healing=_healing(state, task.id)) for task in shown]

    def metrics(self) -> list[MetricGroup]:
        state = self._state()
        groups = [self._of_worker(), *self._task_counts(), *self._board.metrics()]
        if state.settings.distributed:
            groups.insert(1, _rebalances(state, self._now()))
        return groups + [_ours(task) for task in self.tasks()]

    def _of_worker(self) -> MetricGroup:
        connectors, tasks = self._board.counts()
        values: Values = {
            "connector-count": connectors,
            "task-count": tasks,
            **self._board.connector_startups.metrics("connector"),
            **self._board.task_startups.metrics("task"),
        }
        return MetricGroup("connect-worker-metrics", {}, values)

    def _task_counts(self) -> list[MetricGroup]:
        return [
            MetricGroup(
                "connect-worker-metrics",
                {"connector": connector},
                {
                    "connector-total-task-count": len(states),
                    **{
                        f"connector-{state.value.lower()}-task-count": states.count(state)
                        for state in _COUNTED
                    },
                },
            )
            for connector, states in sorted(self._board.states().items())
        ]


def _rebalances(state: ClusterState, now: float) -> MetricGroup:
    membership, known = state.membership, state.rebalances
    values: dict[str, Any] = {
        "connect-protocol": Protocol.of_version(membership.version).name,
        "leader-name": membership.leader_url,
        "epoch": membership.generation,
        "completed-rebalances-total": known.completed,
        "rebalancing": int(membership.joining),
        "rebalance-max-time-ms": round(known.seconds_max * 1000),
        "rebalance-avg-time-ms": (
            round(known.seconds_total / known.completed * 1000, 1) if known.completed else None
        ),
        "time-since-last-rebalance-ms": (
            None if known.ended is None else round((now - known.ended) * 1000)
        ),
    }
    return MetricGroup("connect-worker-rebalance-metrics", {}, values)


def _healing(state: ClusterState, task: str) -> HealingView | None:
    connector, _, number = task.rpartition("-")
    found = state.healing.get(connector, {}).get(int(number))
    if found is None:
        return None
    instance = state.instance(connector, int(number))
    if instance is None or instance.incarnation != found.incarnation:  # that is over
        return HealingView(len(found.restarts), found.most, None, None)
    return HealingView(len(found.restarts), found.most, found.due, found.gave_up)


def _ours(task: TaskView) -> MetricGroup:
    """What Kafka Connect has no metric for: calls that do not return, crashes, restarts."""
    connector, _, number = task.id.rpartition("-")
    healing, call = task.healing, task.call
    values: Values = {
        "stuck": int(call is not None and call.stuck),
        "plugin-call-seconds": None if call is None else call.seconds,
        "restarts-total": task.restarts,
        "failures-total": task.errors,
        "healing-restarts": 0 if healing is None else healing.restarts,
        "healing-restarts-max": None if healing is None else healing.restarts_max,
        "healing-next-restart-timestamp": (
            None if healing is None or healing.next_at is None else round(healing.next_at * 1000)
        ),
        "healing-gave-up": int(healing is not None and healing.gave_up is not None),
    }
    return MetricGroup(OURS, {"connector": connector, "task": number}, values)
