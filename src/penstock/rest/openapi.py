"""`/openapi.json`: what the resources take and answer, for people and programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Annotated, Any, Literal

import msgspec

from penstock import __version__
from penstock.cluster.host_views import HostView, MetricGroup, TaskView
from penstock.cluster.views import (
    ConfigInfos,
    ConfigKeyInfo,
    ConnectorInfo,
    ConnectorOffsets,
    ConnectorStateInfo,
    ErrorMessage,
    LoggerLevel,
    Message,
    PluginInfo,
    ServerInfo,
    TaskInfo,
    TaskState,
)
from penstock.rest.answers import Answer, json_answer
from penstock.rest.own import HOSTS, METRICS, TASKS

REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_SUBJECTS = {"connectors": "connector", "connector-plugins": "plugin", "admin": "logger"}

Scalar = str | int | float | bool
Settings = dict[str, Scalar | None]  # what is not text becomes text
State = Literal["RUNNING", "PAUSED", "STOPPED"]


class NewOffset(msgspec.Struct):
    """Where to go on in a partition; without an offset it starts anew."""

    partition: dict[str, Any]
    offset: dict[str, Any] | None = None


class NewOffsets(msgspec.Struct):
    offsets: Annotated[list[NewOffset], msgspec.Meta(min_length=1)]


class NewConnector(msgspec.Struct):
    name: str
    config: Settings
    initial_state: State | None = None
    initial_offsets: Annotated[list[NewOffset], msgspec.Meta(min_length=1)] | None = None


class NewLevel(msgspec.Struct):
    level: Literal["OFF", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE", "ALL"]


class Health(msgspec.Struct):
    status: Literal["healthy", "starting", "unhealthy"]
    message: str


class Expanded(msgspec.Struct):
    """Of one connector, what `expand` asked for."""

    status: ConnectorStateInfo | msgspec.UnsetType = msgspec.UNSET
    info: ConnectorInfo | msgspec.UnsetType = msgspec.UNSET


class Topics(msgspec.Struct):
    topics: list[str]


class Operation(msgspec.Struct, frozen=True):
    """One method of one path. An answer without a type has no body."""

    summary: str
    answers: Mapping[int, Any]
    body: Any = None
    query: Mapping[str, Any] = {}
    errors: tuple[int, ...] = ()
    internal: bool = False


CHANGED = (404, 409, 500)
CREATED = {200: ConnectorInfo, 201: ConnectorInfo}
FORWARD = {"forward": bool}

_ONE = "/connectors/{name}"
OPERATIONS: Mapping[tuple[str, str], Operation] = {
    ("GET", "/"): Operation("The worker's version and cluster", {200: ServerInfo}),
    ("GET", "/health"): Operation(
        "Whether the worker has started and answers", {200: Health, 500: Health, 503: Health}
    ),
    ("GET", "/openapi.json"): Operation("This description", {200: dict[str, Any]}),
    ("GET", "/connectors"): Operation(
        "All connectors",
        {200: list[str] | dict[str, Expanded]},
        query={"expand": list[Literal["status", "info"]]},
    ),
    ("POST", "/connectors"): Operation(
        "Create a connector", {201: ConnectorInfo}, NewConnector, FORWARD, (400, 409, 500)
    ),
    ("GET", _ONE): Operation("A connector", {200: ConnectorInfo}, errors=CHANGED),
    ("DELETE", _ONE): Operation("Delete a connector", {204: None}, None, FORWARD, CHANGED),
    ("GET", f"{_ONE}/config"): Operation(
        "A connector's configuration", {200: dict[str, str | None]}, errors=CHANGED
    ),
    ("PUT", f"{_ONE}/config"): Operation(
        "Create a connector or replace its configuration",
        CREATED,
        Settings,
        FORWARD,
        (400, 409, 500),
    ),
    ("PATCH", f"{_ONE}/config"): Operation(
        "Change a configuration; a null removes a setting",
        {200: ConnectorInfo},
        Settings,
        FORWARD,
        (400, *CHANGED),
    ),
    ("GET", f"{_ONE}/status"): Operation(
        "The states of a connector and its tasks", {200: ConnectorStateInfo}, errors=(404,)
    ),
    ("POST", f"{_ONE}/restart"): Operation(
        "Restart a connector, and its tasks if asked",
        {202: ConnectorStateInfo, 204: None},
        query={"includeTasks": bool, "onlyFailed": bool, **FORWARD},
        errors=CHANGED,
    ),
    ("PUT", f"{_ONE}/pause"): Operation("Pause a connector", {202: None}, errors=(404, 500)),
    ("PUT", f"{_ONE}/resume"): Operation("Resume a connector", {202: None}, errors=(404, 500)),
    ("PUT", f"{_ONE}/stop"): Operation(
        "Stop a connector and end its tasks", {204: None}, None, FORWARD, CHANGED
    ),
    ("GET", f"{_ONE}/tasks"): Operation(
        "The configurations of tasks", {200: list[TaskInfo]}, errors=CHANGED
    ),
    ("POST", f"{_ONE}/tasks"): Operation(
        "New task configurations, from a worker to its leader",
        {204: None},
        list[Settings],
        FORWARD,
        (400, 403, *CHANGED, 503),
        internal=True,
    ),
    ("GET", f"{_ONE}/tasks/{{task}}/status"): Operation(
        "The state of a task", {200: TaskState}, errors=(404,)
    ),
    ("POST", f"{_ONE}/tasks/{{task}}/restart"): Operation(
        "Restart a task", {204: None}, None, FORWARD, CHANGED
    ),
    ("GET", f"{_ONE}/topics"): Operation(
        "The topics a connector has used", {200: dict[str, Topics]}, errors=(403,)
    ),
    ("PUT", f"{_ONE}/topics/reset"): Operation(
        "Forget the topics a connector has used", {202: None}, errors=(403, 404)
    ),
    ("GET", f"{_ONE}/offsets"): Operation(
        "The offsets of a connector", {200: ConnectorOffsets}, errors=(404, 500)
    ),
    ("PATCH", f"{_ONE}/offsets"): Operation(
        "Change offsets of a stopped connector",
        {200: Message},
        NewOffsets,
        FORWARD,
        (400, *CHANGED),
    ),
    ("DELETE", f"{_ONE}/offsets"): Operation(
        "Forget all offsets of a stopped connector", {200: Message}, None, FORWARD, (400, *CHANGED)
    ),
    ("PUT", f"{_ONE}/fence"): Operation(
        "Fence off earlier tasks, from a worker to its leader",
        {204: None},
        None,
        FORWARD,
        (400, 403, *CHANGED, 503),
        internal=True,
    ),
    ("GET", "/connector-plugins"): Operation(
        "The plugins there are", {200: list[PluginInfo]}, query={"connectorsOnly": bool}
    ),
    ("GET", "/connector-plugins/{name}/config"): Operation(
        "The settings of a plugin",
        {200: list[ConfigKeyInfo]},
        query={"version": str},
        errors=(400, 404, 500),
    ),
    ("PUT", "/connector-plugins/{name}/config/validate"): Operation(
        "What is wrong with a configuration", {200: ConfigInfos}, Settings, errors=(400, 500)
    ),
    ("GET", HOSTS): Operation("The processes in which tasks run", {200: list[HostView]}),
    ("GET", TASKS): Operation("What tasks do in these processes", {200: list[TaskView]}),
    ("GET", METRICS): Operation(
        "Metrics of the worker, its connectors and tasks, named as Kafka Connect names them",
        {200: list[MetricGroup]},
    ),
    ("GET", "/admin/loggers"): Operation("The levels of loggers", {200: dict[str, LoggerLevel]}),
    ("GET", "/admin/loggers/{name}"): Operation(
        "The level of a logger", {200: LoggerLevel}, errors=(404,)
    ),
    ("PUT", "/admin/loggers/{name}"): Operation(
        "Set the level of a logger and of those below it",
        {200: list[str], 204: None},
        NewLevel,
        {"scope": Literal["worker", "cluster"]},
        (400, 404, 500),
    ),
}


def description(served: Iterable[tuple[str, str]]) -> Answer:
    """The document for those methods and paths that are served."""
    return json_answer(200, document(frozenset(served)))


@cache
def document(served: frozenset[tuple[str, str]]) -> dict[str, Any]:
    """OpenAPI 3.1, in the order of the paths above."""
    told = {key: it for key, it in OPERATIONS.items() if key in served}
    types = [kind for operation in told.values() for kind in _types(operation)]
    schemas, components = msgspec.json.schema_components([*types, ErrorMessage], ref_template=REF)
    remaining = iter(schemas)
    paths: dict[str, Any] = {}
    for (method, path), operation in told.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, operation, remaining)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Penstock",
            "version": __version__,
            "description": "The REST interface of Kafka Connect.",
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _types(operation: Operation) -> Iterable[Any]:
    """Every type it needs a schema of, in the order in which `_operation` takes them."""
    yield from operation.query.values()
    if operation.body is not None:
        yield operation.body
    yield from (kind for kind in operation.answers.values() if kind is not None)


def _operation(path: str, method: str, operation: Operation, schemas: Any) -> dict[str, Any]:
    parameters = [_in_path(path, name) for name in _PARAMETER.findall(path)]
    parameters += [{"name": n, "in": "query", "schema": next(schemas)} for n in operation.query]
    told: dict[str, Any] = {"summary": operation.summary, "tags": [_tag(path, operation)]}
    if parameters:
        told["parameters"] = parameters
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": _json(next(schemas))}
    answers = {
        str(status): _answer(status, None if kind is None else next(schemas))
        for status, kind in operation.answers.items()
    }
    error = {"$ref": REF.format(name=ErrorMessage.__name__)}
    errors = {str(s): _answer(s, error) for s in operation.errors if s not in operation.answers}
    default = {"description": "Any other error", "content": _json(error)}
    return told | {"responses": {**answers, **errors, "default": default}}


def _in_path(path: str, name: str) -> dict[str, Any]:
    if name == "task":
        schema: dict[str, Any] = {"type": "integer", "format": "int32", "minimum": 0}
        what = "The number of the task"
    else:
        schema = {"type": "string", "minLength": 1}
        what = f"The name of the {_SUBJECTS[path.split('/')[1]]}"
    described = {"name": name, "in": "path", "required": True, "schema": schema}
    return described | {"description": what}


def _tag(path: str, operation: Operation) -> str:
    return "internal" if operation.internal else path.split("/")[1] or "worker"


def _answer(status: int, schema: Any) -> dict[str, Any]:
    from http import HTTPStatus

    told: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    return told if schema is None else told | {"content": _json(schema)}


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
