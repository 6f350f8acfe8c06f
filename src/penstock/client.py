"""A typed client of the REST API: for the command line, and for workers that ask each other."""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from penstock.cluster.messages import TargetState
from penstock.cluster.ports import PeerAnswer
from penstock.cluster.views import (
    ConfigInfos,
    ConnectorInfo,
    ConnectorOffsets,
    ConnectorStateInfo,
    ErrorMessage,
    LoggerLevel,
    Message,
    PluginInfo,
    ServerInfo,
    TaskInfo,
)

TIMEOUT_SECONDS = 95.0  # a little longer than a worker takes to give up
ANSWER_BYTES_MAX = 256 * 1024 * 1024
_VERBS = {
    TargetState.STARTED: "resume",
    TargetState.PAUSED: "pause",
    TargetState.STOPPED: "stop",
}


class ClientError(Exception):
    """A worker refused, in its own words; a status of 0 means that no worker answered."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def exchange(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    tls: ssl.SSLContext | None = None,
) -> PeerAnswer:
    """One request and its answer; redirects are not followed. Raises OSError without an answer."""
    parts = urlsplit(url)
    if not parts.hostname:
        raise OSError(f"{url} does not name a worker")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname, parts.port, timeout=timeout_seconds, context=tls
        )
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_seconds)
    target = parts.path or "/"
    try:
        connection.request(
            method, f"{target}?{parts.query}" if parts.query else target, body, dict(headers)
        )
        response = connection.getresponse()
        return PeerAnswer(response.status, response.read(ANSWER_BYTES_MAX))
    except http.client.HTTPException as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()


class HttpPeers:
    """Other workers of the group, asked on threads; a `PeerWorkers`."""

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        requests_max: int = 16,
    ) -> None:
        self._tls = tls
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(requests_max)

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        async with self._slots:
            return await asyncio.to_thread(
                exchange,
                method,
                url,
                headers,
                body,
                timeout_seconds=self._timeout_seconds,
                tls=self._tls,
            )


class ConnectClient:
    """Every method is one request. Raises `ClientError`."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Accept": "application/json", **(headers or {})}
        self._timeout_seconds = timeout_seconds
        self._tls = tls

    # The worker ---------------------------------------------------------------------------------

    def server(self) -> ServerInfo:
        return self._get("/", ServerInfo)

    def plugins(self, *, connectors_only: bool = True) -> list[PluginInfo]:
        query = {"connectorsOnly": str(connectors_only).lower()}
        return self._get("/connector-plugins", list[PluginInfo], query)

    def validate(self, plugin: str, config: Mapping[str, str]) -> ConfigInfos:
        path = f"/connector-plugins/{quote(plugin, safe='')}/config/validate"
        return self._read("PUT", path, ConfigInfos, body=config)

    def loggers(self) -> dict[str, LoggerLevel]:
        return self._get("/admin/loggers", dict[str, LoggerLevel])

    def set_level(self, logger: str, level: str, *, cluster: bool = False) -> list[str]:
        """Which loggers it concerned; nobody says for a whole cluster."""
        query = {"scope": "cluster"} if cluster else {}
        path = f"/admin/loggers/{quote(logger, safe='')}"
        answer = self._call("PUT", path, query, {"level": level})
        return _decoded(answer, list[str]) if answer else []

    # Connectors ---------------------------------------------------------------------------------

    def connectors(self) -> list[str]:
        return self._get("/connectors", list[str])

    def create(
        self, name: str, config: Mapping[str, str], initial: TargetState | None = None
    ) -> ConnectorInfo:
        body: dict[str, Any] = {"name": name, "config": config}
        if initial is not None:
            running = initial is TargetState.STARTED
            body["initial_state"] = "RUNNING" if running else initial.value
        return self._read("POST", "/connectors", ConnectorInfo, body=body)

    def info(self, name: str) -> ConnectorInfo:
        return self._get(_path(name), ConnectorInfo)

    def status(self, name: str) -> ConnectorStateInfo:
        return self._get(_path(name, "/status"), ConnectorStateInfo)

    def config(self, name: str) -> dict[str, str | None]:
        return self._get(_path(name, "/config"), dict[str, str | None])

    def put_config(self, name: str, config: Mapping[str, str]) -> ConnectorInfo:
        return self._read("PUT", _path(name, "/config"), ConnectorInfo, body=config)

    def patch_config(self, name: str, patch: Mapping[str, str | None]) -> ConnectorInfo:
        return self._read("PATCH", _path(name, "/config"), ConnectorInfo, body=patch)

    def delete(self, name: str) -> None:
        self._call("DELETE", _path(name))

    def aim(self, name: str, target: TargetState) -> None:
        """Resume, pause or stop."""
        self._call("PUT", _path(name, f"/{_VERBS[target]}"))

    def restart(
        self, name: str, *, include_tasks: bool = False, only_failed: bool = False
    ) -> ConnectorStateInfo | None:
        """What is going to be restarted; None if it was only the connector, and is done."""
        flags = {"includeTasks": include_tasks, "onlyFailed": only_failed}
        query = {key: str(value).lower() for key, value in flags.items()}
        answer = self._call("POST", _path(name, "/restart"), query)
        return _decoded(answer, ConnectorStateInfo) if answer else None

    def tasks(self, name: str) -> list[TaskInfo]:
        return self._get(_path(name, "/tasks"), list[TaskInfo])

    def restart_task(self, name: str, task: int) -> None:
        self._call("POST", _path(name, f"/tasks/{task}/restart"))

    def topics(self, name: str) -> list[str]:
        found = self._get(_path(name, "/topics"), dict[str, dict[str, list[str]]])
        return found[name]["topics"]

    def reset_topics(self, name: str) -> None:
        self._call("PUT", _path(name, "/topics/reset"))

    def offsets(self, name: str) -> ConnectorOffsets:
        return self._get(_path(name, "/offsets"), ConnectorOffsets)

    def alter_offsets(self, name: str, offsets: Sequence[Mapping[str, Any]]) -> str:
        body = {"offsets": list(offsets)}
        return self._read("PATCH", _path(name, "/offsets"), Message, body=body).message

    def reset_offsets(self, name: str) -> str:
        return self._read("DELETE", _path(name, "/offsets"), Message).message

    # One request --------------------------------------------------------------------------------

    def _get(self, path: str, kind: Any, query: Mapping[str, str] | None = None) -> Any:
        return self._read("GET", path, kind, query)

    def _read(
        self,
        method: str,
        path: str,
        kind: Any,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Any:
        return _decoded(self._call(method, path, query, body), kind)

    def _call(
        self, method: str, path: str, query: Mapping[str, str] | None = None, body: Any = None
    ) -> bytes:
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        sent = None if body is None else json.dumps(body).encode()
        headers = dict(self._headers)
        if sent is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = exchange(
                method, url, headers, sent, timeout_seconds=self._timeout_seconds, tls=self._tls
            )
        except OSError as error:
            raise ClientError(0, f"No worker answers at {self.url}: {error}") from error
        if not 200 <= answer.status < 300:
            raise ClientError(answer.status, _message(answer))
        return answer.body


def _path(name: str, rest: str = "") -> str:
    return f"/connectors/{quote(name, safe='')}{rest}"


def _decoded(answer: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise ClientError(0, f"The worker's answer cannot be understood: {error}") from error


def _message(answer: PeerAnswer) -> str:
    try:
        said = msgspec.json.decode(answer.body, type=ErrorMessage)
    except msgspec.DecodeError:
        text = answer.body.decode("utf-8", "replace").strip()
        return text[:200] or f"HTTP {answer.status}"
    return said.message or f"HTTP {answer.status}"
