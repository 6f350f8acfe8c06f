"""What the REST interface asks, with fixed answers, and a note of every call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from penstock.cluster import errors as herder_errors
from penstock.cluster import views
from penstock.cluster.messages import TaskId
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.views import ConnectorInfo, ConnectorOffsets, LoggerLevel
from penstock.sdk.errors import ConnectError
from tests.conformance.families.rest_entities import state_info, tagged, task_state

Case = dict[str, Any]

PLUGINS = [
    views.plugin_info(f"org.apache.kafka.connect.file.FileStream{kind}Connector", kind, "4.3.0")
    for kind in ("Sink", "Source")
]
INFO = ConnectorInfo("c", {"name": "c"}, [TaskId("c", 0)], "source")
STATUS = state_info(
    "c", ["RUNNING", "w:1", None, "1"], [[0, "FAILED", "w:1", "trace", "1"]], "source"
)


JAKARTA_STATUSES = {
    "jakarta.ws.rs.NotFoundException": 404,
    "jakarta.ws.rs.ForbiddenException": 403,
    "jakarta.ws.rs.NotAuthorizedException": 401,
    "jakarta.ws.rs.InternalServerErrorException": 500,
    "jakarta.ws.rs.ServiceUnavailableException": 503,
}


class FixedHerder:
    """Answers each call with a fixed answer, with a failure, or never."""

    kafka_cluster = "cluster"

    def __init__(self, case: Case) -> None:
        self.case = case
        self.calls: list[Any] = []

    async def _answer(self, call: list[Any], answer: Any = None) -> Any:
        if self.case.get("hang") and "failure" not in self.case:
            self.calls.append(call)
            await asyncio.Event().wait()
        self.noted(call)
        return answer

    def noted(self, call: list[Any]) -> None:
        self.calls.append(call)
        if "failure" in self.case:
            raise failure_of(self.case["failure"])

    def described(self, plugin: str, version: str | None) -> Any:
        return self._answer(["connectorPluginConfig", plugin, version], [])

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
        answer = task_state(0, "RUNNING", "w:1", None, "1")
        return self._answer(["taskStatus", str(task)], answer)

    def active_topics(self, name: str) -> Any:
        return self._answer(["connectorActiveTopics", name], ["t"])

    def reset_active_topics(self, name: str) -> Any:
        return self._answer(["resetConnectorActiveTopics", name])

    def connector_offsets(self, name: str) -> Any:
        return self._answer(["connectorOffsets", name], ConnectorOffsets([]))

    def alter_offsets(self, name: str, offsets: Any) -> Any:
        last = {json.dumps(p, sort_keys=True): (p, o) for p, o in offsets}
        pairs = [[tagged(p), tagged(o)] for p, o in last.values()]
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
        self.herder.noted(["allLoggerLevels"])
        return {"root": LoggerLevel("WARN", 7), "a": LoggerLevel("INFO", None)}

    def one(self, logger: str) -> Any:
        self.herder.noted(["loggerLevel", logger])
        return None if self.herder.case.get("noLogger") else LoggerLevel("INFO", 5)

    def set(self, logger: str, level: str) -> Any:
        self.herder.noted(["setWorkerLoggerLevel", logger, level])
        return ["x", "y"]


class FixedPlugins:
    def __init__(self, herder: FixedHerder) -> None:
        self.herder = herder

    async def listed(self, *, connectors_only: bool) -> Any:
        return PLUGINS

    async def described(self, plugin: str, version: str | None) -> Any:
        return await self.herder.described(plugin, version)


class RecordingPeers:
    def __init__(self) -> None:
        self.forwarded: list[Any] = []

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        self.forwarded.append([method, url, None if body is None else body.decode()])
        return PeerAnswer(201)


def failure_of(shown: Mapping[str, Any]) -> Exception:
    name, message = shown["class"], shown.get("message")
    if "status" in shown:
        return herder_errors.RequestError(shown["status"], message, shown.get("errorCode"))
    if name in JAKARTA_STATUSES:
        return herder_errors.RequestError(JAKARTA_STATUSES[name], message)
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
