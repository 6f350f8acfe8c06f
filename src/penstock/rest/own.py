"""Resources that Kafka Connect does not have; everything else of ours stays out of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from penstock.cluster.host_views import HostsView, MetricsView
from penstock.rest.answers import Answer, json_answer
from penstock.rest.endpoint import Call, Handler, Methods

HOSTS, TASKS = "/penstock/v1/hosts", "/penstock/v1/tasks"
METRICS = "/penstock/v1/metrics"


def own_routes(views: HostsView | None, measures: MetricsView | None = None) -> dict[str, Methods]:
    """What there is something to show of."""
    routes: dict[str, Methods] = {}
    if views is not None:
        routes |= {HOSTS: {"GET": _shown(views.hosts)}, TASKS: {"GET": _shown(views.tasks)}}
    if measures is not None:
        routes[METRICS] = {"GET": _shown(measures.metrics)}
    return routes


def _shown(look: Callable[[], Any]) -> Handler:
    async def answer(call: Call) -> Answer:
        return json_answer(200, await asyncio.to_thread(look))

    return answer
