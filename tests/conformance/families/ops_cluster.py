"""Operations about restarts, task ids and offsets of sinks."""

from __future__ import annotations

from typing import Any

from penstock.cluster import restarts, sink_offsets
from penstock.cluster.config_state import RestartRequest
from penstock.cluster.messages import State, TaskId
from penstock.sdk.grouping import group_partitions as grouped
from penstock.sdk.record import TopicPartition
from penstock.stores import json_codec
from tests.conformance.values import value_in


def restart_plan(case: dict[str, Any]) -> Any:
    request = RestartRequest("conn", case["onlyFailed"], case["includeTasks"])
    connector = None if case["connector"] is None else State(case["connector"])
    tasks = {i: State(s) for i, s in enumerate(case["tasks"]) if s is not None}
    plan = restarts.plan(request, connector, tasks)
    only = {"forceRestartConnectorOnly": restarts.restarts_connector_only(request)}
    if plan is None:
        return only | {"present": False}
    return only | {
        "present": True,
        "restartConnector": plan.restarts_connector,
        "restartTasks": bool(plan.tasks),
        "tasks": plan.tasks,
        "restartTaskCount": len(plan.tasks),
        "totalTaskCount": len(plan.task_states),
        "connectorState": plan.connector_state.value,
        "taskStates": [[task, state.value] for task, state in plan.task_states.items()],
    }


def restart_compare(case: dict[str, Any]) -> Any:
    return {"compare": restarts.compare(RestartRequest(*case["a"]), RestartRequest(*case["b"]))}


def sink_offsets_parse(case: dict[str, Any]) -> Any:
    pairs = [(value_in(partition), value_in(offset)) for partition, offset in case["offsets"]]
    parsed = sink_offsets.parse(pairs)
    return {"offsets": [[tp.topic, tp.partition, offset] for tp, offset in parsed.items()]}


def sink_offsets_format(case: dict[str, Any]) -> Any:
    offsets = {TopicPartition(t, p): offset for t, p, offset in case["offsets"]}
    shown = [{"partition": p, "offset": o} for p, o in sink_offsets.shown(offsets)]
    return {"text": json_codec.dumps({"offsets": shown}).decode()}


def group_partitions(case: dict[str, Any]) -> Any:
    return {"groups": grouped(range(case["elements"]), case["groups"])}


def task_id(case: dict[str, Any]) -> Any:
    return {"text": str(TaskId(case["connector"], case["task"]))}
