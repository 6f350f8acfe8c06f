"""Resources of ours, beside those of Kafka Connect."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from penstock.cluster.host_views import CallView, HostView, LastError, MetricGroup, TaskView
from penstock.rest.own import HOSTS, METRICS, TASKS, own_routes

HOST = HostView(1, 77, "shared", True, False, True, 6.5, 0.02, 9, 3.2, ["c-0"], ["c"])
TASK = TaskView(
    "c-0", "RUNNING", 1, CallView("acme.Task.poll", 4.0, False), 2, 1, LastError("gone", 12.5)
)


class Views:
    def hosts(self) -> list[HostView]:
        return [HOST]

    def tasks(self) -> list[TaskView]:
        return [TASK]


class Measures:
    def metrics(self) -> list[MetricGroup]:
        tags = {"connector": "c", "task": "0"}
        return [MetricGroup("source-task-metrics", tags, {"source-record-poll-total": 5}, 1.5)]


def shown(path: str) -> Any:
    nobody_asks: Any = None
    answer = asyncio.run(_awaited(own_routes(Views(), Measures())[path]["GET"](nobody_asks)))
    assert answer.status == 200
    return json.loads(answer.body or b"")


async def _awaited(work: Any) -> Any:
    return await work


def test_hosts_are_shown_with_what_runs_in_them() -> None:
    (host,) = shown(HOSTS)
    assert (host["pid"], host["tasks"], host["connectors"]) == (77, ["c-0"], ["c"])


def test_tasks_are_shown_with_their_call_and_their_last_error() -> None:
    (task,) = shown(TASKS)
    assert task["call"] == {"what": "acme.Task.poll", "seconds": 4.0, "stuck": False}
    assert task["last_error"] == {"message": "gone", "at": 12.5}
    assert (task["restarts"], task["errors"]) == (2, 1)


def test_without_views_there_is_nothing_to_show() -> None:
    assert own_routes(None) == {}
    assert list(own_routes(None, Measures())) == [METRICS]


def test_metrics_are_shown_with_their_group_tags_and_age() -> None:
    (group,) = shown(METRICS)
    assert group == {
        "group": "source-task-metrics",
        "tags": {"connector": "c", "task": "0"},
        "metrics": {"source-record-poll-total": 5},
        "age_seconds": 1.5,
    }
