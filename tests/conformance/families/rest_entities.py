"""REST entities, written and read as the worker writes and reads them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from penstock.cluster import views
from penstock.cluster.messages import TaskId
from penstock.cluster.views import ConnectorInfo, ConnectorOffset, ConnectorOffsets, LoggerLevel
from penstock.rest.answers import plain, to_json
from penstock.rest.bodies import (
    CreateRequest,
    parse,
    read_config,
    read_create,
    read_error,
    read_offsets,
    read_task_configs,
)
from penstock.rest.connectors import offsets_view
from penstock.rest.resources import health_answer
from penstock.sdk.numbers import Int32
from tests.conformance.values import value_in, value_out

Case = dict[str, Any]


def write(case: Case) -> Any:
    entity = ENTITIES[case["entity"]](*case["args"])
    return {"text": (entity if isinstance(entity, bytes) else to_json(entity)).decode()}


def _kind(kind: str | None) -> str | None:
    return None if kind is None else kind.lower()


def _connector_state(state: str, worker: str, trace: str | None, version: str | None) -> Any:
    shown = views.shown_version(version), views.shown_trace(trace)
    return views.ConnectorState(state, worker, *shown)


def task_state(
    task: int, state: str, worker: str, trace: str | None, version: str | None
) -> views.TaskState:
    shown = views.shown_version(version), views.shown_trace(trace)
    return views.TaskState(task, state, worker, *shown)


def _connector_info(name: str, config: Any, tasks: Any, kind: str | None) -> ConnectorInfo:
    return ConnectorInfo(name, config, [TaskId(*task) for task in tasks], _kind(kind))


def state_info(name: str, connector: Any, tasks: Any, kind: str | None) -> Any:
    shown = [task_state(*task) for task in tasks]
    return views.ConnectorStateInfo(name, _connector_state(*connector), shown, _kind(kind))


def _offsets(*pairs: Any) -> Any:
    read_pairs = [ConnectorOffset(value_in(p), value_in(o)) for p, o in pairs]
    return offsets_view(ConnectorOffsets(read_pairs))


def _worker_status(status: str, detail: str | None) -> bytes:
    return health_answer(status, detail).body or b""


def _config_key(*args: Any) -> Any:
    return views.ConfigKeyInfo(*args)


def _config_value(*args: Any) -> Any:
    return views.ConfigValueInfo(*args)


def _config_info(key: Any, value: Any) -> Any:
    return views.ConfigInfo(
        None if key is None else _config_key(*key), None if value is None else _config_value(*value)
    )


def _config_infos(name: str, count: int, groups: Any, configs: Any) -> Any:
    return views.ConfigInfos(name, count, groups, [_config_info(*pair) for pair in configs])


def _create_request(name: str, config: Any, state: str | None) -> Any:
    return msgspec.to_builtins(CreateRequest(name, config, state))


ENTITIES: dict[str, Any] = {
    "ConnectorInfo": _connector_info,
    "ConnectorStateInfo": state_info,
    "ConnectorState": _connector_state,
    "TaskState": task_state,
    "TaskInfo": lambda task, config: views.TaskInfo(TaskId(*task), config),
    "TaskInfos": lambda *infos: [views.TaskInfo(TaskId(*task), config) for task, config in infos],
    "ConnectorTaskId": lambda *args: TaskId(*args),
    "ErrorMessage": views.ErrorMessage,
    "Message": views.Message,
    "ServerInfo": views.ServerInfo,
    "ActiveTopicsInfo": lambda name, topics: {name: {"topics": topics}},
    "WorkerStatus": _worker_status,
    "LoggerLevel": LoggerLevel,
    "PluginInfo": views.plugin_info,
    "CreateConnectorRequest": _create_request,
    "ConnectorOffset": lambda p, o: {"partition": plain(value_in(p)), "offset": plain(value_in(o))},
    "ConnectorOffsets": _offsets,
    "ConfigKeyInfo": _config_key,
    "ConfigValueInfo": _config_value,
    "ConfigInfo": _config_info,
    "ConfigInfos": _config_infos,
}


def read_entity(case: Case) -> Any:
    return READERS[case["entity"]](parse(case["text"].encode(), whole=False))


def _read_create(value: Any) -> Any:
    request = read_create(value)
    if request is None:
        return None
    target = request.initial_target
    return {
        "name": request.name,
        "config": request.config,
        "initialState": request.initial_state,
        "initialTargetState": None if target is None else target.value,
    }


def _read_offsets(value: Any) -> Any:
    offsets = None if value is None else read_offsets(value)
    if offsets is None:
        return {"offsets": None}
    pairs = [None if o is None else [tagged(o.partition), tagged(o.offset)] for o in offsets]
    distinct = {json.dumps(pair[0], sort_keys=True) for pair in pairs if pair is not None}
    return {"offsets": pairs, "distinct": len(distinct)}


def _read_error(value: Any) -> Any:
    found = read_error(value)
    return None if found is None else msgspec.to_builtins(found)


READERS: dict[str, Any] = {
    "CreateConnectorRequest": _read_create,
    "ConnectorOffsets": _read_offsets,
    "Config": lambda value: {"config": read_config(value)},
    "LoggerBody": lambda value: {"map": read_config(value)},
    "TaskConfigs": lambda value: {"configs": read_task_configs(value)},
    "ErrorMessage": _read_error,
}


def tagged(value: Any) -> Any:
    """As the reference's JSON parser types numbers: 32 bits where they fit."""
    if isinstance(value, dict):
        return {"map": [[tagged(k), tagged(v)] for k, v in value.items()]}
    if isinstance(value, list):
        return {"list": [tagged(item) for item in value]}
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return value_out(Int32(value))
    return value_out(value)
