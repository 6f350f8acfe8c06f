"""REST entities, request bodies, resources and the whole server, over a herder of fixed answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from penstock.cluster import errors as herder_errors
from penstock.cluster import views
from penstock.cluster.messages import TaskId
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.views import ConnectorInfo, ConnectorOffset, ConnectorOffsets, LoggerLevel
from penstock.rest.answers import Answer, plain, to_json
from penstock.rest.app import rest_app
from penstock.rest.bodies import (
    CreateRequest,
    parse,
    read_config,
    read_create,
    read_error,
    read_offsets,
    read_task_configs,
)
from penstock.rest.connectors import Connectors, offsets_view
from penstock.rest.errors import answer_for
from penstock.rest.requests import Requests
from penstock.rest.resources import Loggers, PluginResources, Server, health_answer
from penstock.rest.settings import rest_settings
from penstock.sdk.errors import ConnectError, java_class
from penstock.sdk.numbers import Int32
from tests.conformance.runner import same
from tests.conformance.values import value_in, value_out

Case = dict[str, Any]

HANG_SECONDS = 0.05
JAVA_WORDED = ("[Source: REDACTED",)
VARYING = ("date", "server", "content-length", "connection", "transfer-encoding")
PLUGINS = [
    views.plugin_info(f"org.apache.kafka.connect.file.FileStream{kind}Connector", kind, "4.3.0")
    for kind in ("Sink", "Source")
]


def run(case: Case) -> Any:
    return OPERATIONS[case["op"]](case)


def equal(case: Case, found: Any, wanted: Any) -> bool:
    if not isinstance(found, dict) or not isinstance(wanted, dict):
        return same(found, wanted)
    found, wanted = dict(found), dict(wanted)
    if wanted.pop("html", False):
        return same({**found, "body": None}, {**wanted, "body": None})
    path = case.get("path", "").partition("?")[0].rstrip("/")
    if path == "/connector-plugins" and case.get("verb") == "GET":
        found["body"] = wanted["body"]  # lists of plugins need not match
    for side in (found, wanted):
        if isinstance(side.get("body"), str):
            side["body"] = _comparable(wanted.get("body"), side["body"])
    return same(found, wanted)


def _comparable(wanted: Any, body: str) -> Any:
    """Messages that Java's runtime or JSON parser worded do not count."""
    if isinstance(wanted, dict):
        wanted = json.dumps(wanted)
    try:
        parsed = json.loads(body) if body else None
    except ValueError:
        return body
    if isinstance(parsed, dict) and "error_code" in parsed:
        text = json.loads(wanted)["message"] if wanted and wanted.startswith("{") else None
        if text is not None and any(mark in text for mark in JAVA_WORDED):
            return {"error_code": parsed["error_code"]}
    return body


# Entities ---------------------------------------------------------------------------------------


def write(case: Case) -> Any:
    entity = ENTITIES[case["entity"]](*case["args"])
    return {"text": (entity if isinstance(entity, bytes) else to_json(entity)).decode()}


def _kind(kind: str | None) -> str | None:
    return None if kind is None else kind.lower()


def _connector_state(state: str, worker: str, trace: str | None, version: str | None) -> Any:
    return views.ConnectorState(state, worker, version, views.shown_trace(trace))


def _task_state(
    task: int, state: str, worker: str, trace: str | None, version: str | None
) -> views.TaskState:
    return views.TaskState(task, state, worker, version, views.shown_trace(trace))


def _connector_info(name: str, config: Any, tasks: Any, kind: str | None) -> ConnectorInfo:
    return ConnectorInfo(name, config, [TaskId(*task) for task in tasks], _kind(kind))


def _state_info(name: str, connector: Any, tasks: Any, kind: str | None) -> Any:
    shown = [_task_state(*task) for task in tasks]
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
    "ConnectorStateInfo": _state_info,
    "ConnectorState": _connector_state,
    "TaskState": _task_state,
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
    return READERS[case["entity"]](parse(case["text"].encode()))


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
    pairs = [None if o is None else [_tagged(o.partition), _tagged(o.offset)] for o in offsets]
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


def _tagged(value: Any) -> Any:
    """As the reference's JSON parser types numbers: 32 bits where they fit."""
    if isinstance(value, dict):
        return {"map": [[_tagged(k), _tagged(v)] for k, v in value.items()]}
    if isinstance(value, list):
        return {"list": [_tagged(item) for item in value]}
    if isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31:
        return value_out(Int32(value))
    return value_out(value)


# Exceptions -------------------------------------------------------------------------------------


def exception(case: Case) -> Any:
    answer = answer_for(_error(case))
    return {"status": answer.status, "body": (answer.body or b"").decode()}


def _error(shown: Mapping[str, Any]) -> Exception:
    name, message = shown["class"], shown.get("message")
    if "status" in shown:
        return herder_errors.RequestError(shown["status"], message, shown.get("errorCode"))
    known = _classes(ConnectError) | _classes(herder_errors.RequestError)
    kind = known.get(name, ConnectError)
    if issubclass(kind, herder_errors.Elsewhere):
        return kind(message, shown.get("url"))
    return kind(message)


def _classes(base: type[ConnectError]) -> dict[str, type[ConnectError]]:
    found = {base.java_class: base}
    for kind in base.__subclasses__():
        found |= {k: v for k, v in _classes(kind).items() if k not in found}
    return found


# Resources --------------------------------------------------------------------------------------

INFO = ConnectorInfo("c", {"name": "c"}, [TaskId("c", 0)], "source")
STATUS = _state_info(
    "c", ["RUNNING", "w:1", None, "1"], [[0, "FAILED", "w:1", "trace", "1"]], "source"
)


class FixedHerder:
    """Answers each call with a fixed answer, with a failure, or never."""

    kafka_cluster = "cluster"

    def __init__(self, case: Case) -> None:
        self.case = case
        self.calls: list[Any] = []

    async def _answer(self, call: list[Any], answer: Any = None) -> Any:
        self.calls.append(call)
        if self.case.get("hang"):
            await asyncio.Event().wait()
        if "failure" in self.case:
            raise _error(self.case["failure"])
        return answer

    @property
    def kafka_cluster_id(self) -> str | None:
        self.calls.append(["kafkaClusterId"])
        return self.kafka_cluster

    @property
    def ready(self) -> bool:
        self.calls.append(["isReady"])
        return self.case.get("ready", True)

    def stage(self, connector: str | None = None) -> None:
        return None

    def health_check(self) -> Any:
        return self._answer(["healthCheck"])

    def connectors(self) -> Any:
        return self._answer(["connectors"], ["c", "b"])

    def connector_info(self, name: str) -> Any:
        return self._answer(["connectorInfo", name], INFO)

    def connector_config(self, name: str) -> Any:
        return self._answer(["connectorConfig", name], {"name": "c"})

    def connector_status(self, name: str) -> Any:
        return self._answer(["connectorStatus", name], STATUS)

    def put_connector_config(
        self, name: str, config: Any, *, replace: bool, initial: Any = None, offsets: Any = None
    ) -> Any:
        call = ["putConnectorConfig", name, config]
        call += [True] if replace else [None if initial is None else initial.value, False]
        return self._answer(call, (self.case.get("created", True), INFO))

    def patch_connector_config(self, name: str, patch: Any) -> Any:
        return self._answer(["patchConnectorConfig", name, patch], INFO)

    def delete_connector(self, name: str) -> Any:
        return self._answer(["deleteConnectorConfig", name])

    def pause_connector(self, name: str) -> Any:
        return self._answer(["pauseConnector", name])

    def resume_connector(self, name: str) -> Any:
        return self._answer(["resumeConnector", name])

    def stop_connector(self, name: str) -> Any:
        return self._answer(["stopConnector", name])

    def restart_connector(self, name: str) -> Any:
        return self._answer(["restartConnector", name])

    def restart_connector_and_tasks(
        self, name: str, *, only_failed: bool, include_tasks: bool
    ) -> Any:
        call = ["restartConnectorAndTasks", [name, only_failed, include_tasks]]
        return self._answer(call, STATUS)

    def restart_task(self, task: TaskId) -> Any:
        return self._answer(["restartTask", str(task)])

    def task_configs(self, name: str) -> Any:
        return self._answer(["taskConfigs", name], [])

    def task_status(self, task: TaskId) -> Any:
        answer = _task_state(0, "RUNNING", "w:1", None, "1")
        return self._answer(["taskStatus", str(task)], answer)

    def active_topics(self, name: str) -> Any:
        return self._answer(["connectorActiveTopics", name], ["t"])

    def reset_active_topics(self, name: str) -> Any:
        return self._answer(["resetConnectorActiveTopics", name])

    def connector_offsets(self, name: str) -> Any:
        return self._answer(["connectorOffsets", name], ConnectorOffsets([]))

    def alter_offsets(self, name: str, offsets: Any) -> Any:
        last = {json.dumps(p, sort_keys=True): (p, o) for p, o in offsets}
        pairs = [[_tagged(p), _tagged(o)] for p, o in last.values()]
        call = ["alterConnectorOffsets", name, {"map": pairs}]
        return self._answer(call, views.Message("done"))

    def reset_offsets(self, name: str) -> Any:
        return self._answer(["resetConnectorOffsets", name], views.Message("done"))

    def validate(self, config: Any) -> Any:
        infos = {"name": "the.Class", "error_count": 0, "groups": ["G"], "configs": []}
        return self._answer(["validateConnectorConfig", config, False], infos)

    def set_cluster_logger_level(self, logger: str, level: str) -> Any:
        return self._answer(["setClusterLoggerLevel", logger, level])

    def put_task_configs(self, name: str, configs: Any, signature: Any) -> Any:
        call = ["putTaskConfigs", name, _java_text(configs), signature and "signature"]
        return self._answer(call)

    def fence_zombies(self, name: str, signature: Any) -> Any:
        return self._answer(["fenceZombieSourceTasks", name, signature and "signature"])


def _java_text(configs: Any) -> str:
    if configs is None:
        return "null"
    shown = [
        "null" if c is None else "{" + ", ".join(f"{k}={v}" for k, v in c.items()) + "}"
        for c in configs
    ]
    return "[" + ", ".join(shown) + "]"


class FixedLevels:
    def __init__(self, herder: FixedHerder) -> None:
        self.herder = herder

    def all(self) -> Any:
        self.herder.calls.append(["allLoggerLevels"])
        return {"root": LoggerLevel("WARN", 7), "a": LoggerLevel("INFO", None)}

    def one(self, logger: str) -> Any:
        self.herder.calls.append(["loggerLevel", logger])
        return None if self.herder.case.get("noLogger") else LoggerLevel("INFO", 5)

    def set(self, logger: str, level: str) -> Any:
        self.herder.calls.append(["setWorkerLoggerLevel", logger, level])
        return ["x", "y"]


class FixedPlugins:
    async def listed(self, *, connectors_only: bool) -> Any:
        return PLUGINS

    async def described(self, plugin: str, version: str | None) -> Any:
        return []


class RecordingPeers:
    def __init__(self) -> None:
        self.forwarded: list[Any] = []

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        self.forwarded.append([method, url, None if body is None else body.decode()])
        return PeerAnswer(201)


def resource(case: Case) -> Any:
    return asyncio.run(_resource(case))


async def _resource(case: Case) -> Any:
    herder, peers = FixedHerder(case), RecordingPeers()
    requests = Requests(herder, peers, HANG_SECONDS if case.get("hang") else 30)
    expect: dict[str, Any] = {}
    try:
        answer = await _call(case, requests, herder)
    except Exception as error:
        expect["exception"] = java_class(error)
        answer = answer_for(error)
    expect |= {"herderCalls": herder.calls, "status": answer.status}
    if answer.location is not None:
        expect["location"] = answer.location
    expect["body"] = None if answer.body is None else answer.body.decode()
    if peers.forwarded:
        expect["forwarded"] = peers.forwarded
    return expect


async def _call(case: Case, requests: Requests, herder: FixedHerder) -> Answer:
    method, name, forward = case["method"], case.get("connector", "c"), case.get("forward")
    body = case.get("body", "").encode()
    settings = rest_settings(case.get("worker", {}))
    connectors = Connectors(
        requests,
        topic_tracking=settings.topic_tracking,
        topic_tracking_reset=settings.topic_tracking_reset,
    )
    plugins = PluginResources(requests, FixedPlugins())
    loggers = Loggers(requests, FixedLevels(herder))
    timeout = HANG_SECONDS if case.get("hang") else 10
    server = Server(requests, "4.3.0", "a9ce3221537b8653", timeout)
    headers: dict[str, str] = {}
    call = {
        "listConnectors": lambda: connectors.all(case.get("expand")),
        "createConnector": lambda: connectors.create(body, forward, headers),
        "getConnector": lambda: connectors.one(name),
        "getConnectorConfig": lambda: connectors.config(name),
        "getConnectorStatus": lambda: connectors.status(name),
        "getTaskConfigs": lambda: connectors.tasks(name),
        "getTaskStatus": lambda: connectors.task_status(name, case.get("task", 0)),
        "putConnectorConfig": lambda: connectors.put_config(name, body, forward, headers),
        "patchConnectorConfig": lambda: connectors.patch_config(name, body, forward, headers),
        "destroyConnector": lambda: connectors.delete(name, forward, headers),
        "restartConnector": lambda: connectors.restart(
            name,
            case.get("includeTasks", False),
            case.get("onlyFailed", False),
            forward,
            headers,
        ),
        "restartTask": lambda: connectors.restart_task(name, case.get("task", 0), forward, headers),
        "pauseConnector": lambda: connectors.pause(name),
        "resumeConnector": lambda: connectors.resume(name),
        "stopConnector": lambda: connectors.stop(name, forward, headers),
        "getConnectorActiveTopics": lambda: connectors.topics(name),
        "resetConnectorActiveTopics": lambda: connectors.reset_topics(name),
        "getOffsets": lambda: connectors.offsets(name),
        "alterConnectorOffsets": lambda: connectors.alter_offsets(name, body, forward, headers),
        "resetConnectorOffsets": lambda: connectors.reset_offsets(name, forward, headers),
        "validateConfigs": lambda: plugins.validate(case["plugin"], body),
        "getConnectorPlugins": lambda: plugins.all(case.get("connectorsOnly", True)),
        "listLoggers": loggers.all,
        "getLogger": lambda: loggers.one(case["logger"]),
        "setLevel": lambda: loggers.set(case["logger"], case.get("scope"), body),
        "healthCheck": server.health,
        "serverInfo": server.info,
    }[method]
    return await call()


# The whole server -------------------------------------------------------------------------------


def http(case: Case) -> Any:
    return asyncio.run(_http(case))


async def _http(case: Case) -> Any:
    herder, peers = FixedHerder(case), RecordingPeers()
    settings = msgspec.structs.replace(
        rest_settings(case.get("worker", {})), commit="a9ce3221537b8653"
    )
    if case.get("hang"):
        settings = msgspec.structs.replace(
            settings,
            request_timeout_seconds=HANG_SECONDS,
            health_timeout_seconds=HANG_SECONDS,
        )
    app = rest_app(settings, herder, peers, FixedPlugins(), FixedLevels(herder))
    response = await _send(app, case)
    headers = {
        name: _shown_header(name, value)
        for name, value in response.headers.items()
        if name not in VARYING
    }
    text = response.content.decode()
    if case["verb"] == "OPTIONS":
        text = ",".join(sorted(text.split(",")))
    expect = {
        "status": response.status_code,
        "headers": headers,
        "body": text,
        "herderCalls": herder.calls,
    }
    return expect | ({"forwarded": peers.forwarded} if peers.forwarded else {})


def _shown_header(name: str, value: str) -> str:
    sortable = name in ("allow", "access-control-allow-methods")
    return ",".join(sorted(value.split(","))) if sortable else value


async def _send(app: Starlette, case: Case) -> httpx.Response:
    path, _, query = case["path"].partition("?")
    host = case["headers"].get("Host", "worker:8083")
    headers = {"Host": host, **case["headers"]}
    sent = {"type": "http.request", "body": case.get("body", "").encode(), "more_body": False}
    scope = {
        "type": "http",
        "method": case["verb"],
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
    }
    messages: list[Any] = []

    async def receive() -> Any:
        return sent

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    pairs = [(k.decode(), v.decode()) for k, v in messages[0]["headers"]]
    return httpx.Response(messages[0]["status"], headers=pairs, content=messages[1]["body"])


OPERATIONS: dict[str, Any] = {
    "write": write,
    "read": read_entity,
    "exception": exception,
    "resource": resource,
    "http": http,
}
