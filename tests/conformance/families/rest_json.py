"""REST entities, request bodies, resources and the whole server, over a herder of fixed answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from penstock.rest.answers import Answer
from penstock.rest.app import rest_app
from penstock.rest.connectors import Connectors
from penstock.rest.errors import answer_for
from penstock.rest.requests import Requests
from penstock.rest.resources import Loggers, PluginResources, Server
from penstock.rest.settings import rest_settings
from penstock.sdk.errors import java_class
from tests.conformance.families.rest_entities import read_entity, write
from tests.conformance.families.rest_fixed import (
    FixedHerder,
    FixedLevels,
    FixedPlugins,
    RecordingPeers,
    failure_of,
)
from tests.conformance.runner import same

Case = dict[str, Any]

HANG_SECONDS = 0.05
JAVA_WORDED = ("[Source: REDACTED",)
VARYING = ("date", "server", "content-length", "connection", "transfer-encoding")


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
        text = json.loads(wanted).get("message") if (wanted or "").startswith("{") else None
        if text is not None and any(mark in text for mark in JAVA_WORDED):
            return {"error_code": parsed["error_code"]}
    return body


# Exceptions -------------------------------------------------------------------------------------


def exception(case: Case) -> Any:
    answer = answer_for(failure_of(case))
    return {"status": answer.status, "body": (answer.body or b"").decode()}


# Resources --------------------------------------------------------------------------------------


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
    plugins = PluginResources(requests, FixedPlugins(herder))
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
    app = rest_app(settings, herder, peers, FixedPlugins(herder), FixedLevels(herder))
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
