"""The smaller resources: the server itself, its health, plugins, loggers, internal requests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from penstock.cluster.errors import BadRequest, MissingError
from penstock.cluster.ports import Levels, PeerAnswer, Plugins
from penstock.cluster.sessions import read_signature
from penstock.cluster.views import ServerInfo
from penstock.observability.levels import is_level
from penstock.rest.answers import Answer, json_answer
from penstock.rest.bodies import Config, parse, read, read_config, read_task_configs
from penstock.rest.errors import (
    NO_CONFIG,
    NO_LEVEL,
    EmptyLevelError,
    FailedWork,
    RefusedError,
    TimedOut,
    TruncatedBodyError,
)
from penstock.rest.requests import Forward, Requests, connector_path, stage_text
from penstock.sdk.errors import NotFoundError

HEALTH_TIMEOUT_SECONDS = 10.0

HEALTHY = "Worker has completed startup and is ready to handle requests."
STARTING = "Worker is still starting up."
UNHEALTHY = "Worker was unable to handle this request and may be unable to handle other requests."


class Server:
    """`/` and `/health`."""

    def __init__(
        self,
        requests: Requests,
        version: str,
        commit: str,
        health_timeout_seconds: float = HEALTH_TIMEOUT_SECONDS,
    ) -> None:
        self._herder = requests.herder
        self._version = version
        self._commit = commit
        self._timeout_seconds = health_timeout_seconds

    async def info(self) -> Answer:
        cluster = self._herder.kafka_cluster_id
        return json_answer(200, ServerInfo(self._version, self._commit, cluster))

    async def health(self) -> Answer:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                await self._herder.health_check()
        except TimeoutError:
            stage = self._herder.stage()
            detail = None if stage is None else stage_text(stage)
            if self._herder.ready:
                return health_answer("unhealthy", detail)
            return health_answer("starting", detail)
        return health_answer("healthy", None)


def health_answer(status: str, detail: str | None) -> Answer:
    """What `/health` says."""
    codes = {"healthy": (200, HEALTHY), "starting": (503, STARTING), "unhealthy": (500, UNHEALTHY)}
    code, message = codes[status]
    text = message if detail is None or status == "healthy" else f"{message} {detail}"
    return json_answer(code, {"status": status, "message": text})


class PluginResources:
    """`/connector-plugins`."""

    def __init__(self, requests: Requests, plugins: Plugins) -> None:
        self._requests = requests
        self._plugins = plugins

    async def all(self, connectors_only: bool) -> Answer:
        listed = self._plugins.listed(connectors_only=connectors_only)
        return json_answer(200, await self._requests.complete(listed))

    async def settings(self, plugin: str, version: str | None) -> Answer:
        described = self._plugins.described(plugin, version)
        return json_answer(200, await self._requests.complete(described))

    async def validate(self, plugin: str, body: bytes) -> Answer:
        config: Config | None = read(body, read_config)
        if config is None:
            raise MissingError(NO_CONFIG)
        included = config.get("connector.class")
        if included is not None and not _simple(included).endswith(_simple(plugin)):
            raise RefusedError(
                f"Included connector type {included} does not match request type {plugin}"
            )
        work = self._requests.herder.validate(config)
        try:
            infos: Any = await self._requests.complete(work, period="")
        except TimedOut:
            raise
        except Exception as error:
            raise FailedWork(error) from error
        return json_answer(200, infos)


def _simple(name: str) -> str:
    """A class name without `Connector` at its end, if something is left."""
    return name.removesuffix("Connector") or name


class Loggers:
    """`/admin/loggers`."""

    def __init__(self, requests: Requests, levels: Levels) -> None:
        self._requests = requests
        self._levels = levels

    async def all(self) -> Answer:
        levels = self._levels.all()
        return json_answer(200, {name: levels[name] for name in sorted(levels)})

    async def one(self, logger: str) -> Answer:
        level = self._levels.one(logger)
        if level is None:
            raise NotFoundError(f"Logger {logger} not found.")
        return json_answer(200, level)

    async def set(self, logger: str, scope: str | None, body: bytes) -> Answer:
        level = _level(read(body, read_config))
        if scope is not None and scope.lower() == "cluster":
            work = self._requests.herder.set_cluster_logger_level(logger, level)
            await self._requests.complete(work)
            return Answer(204)
        return json_answer(200, self._levels.set(logger, level))


def _level(body: Config | None) -> str:
    if body is None:
        raise MissingError(NO_LEVEL)
    level = body.get("level")
    if level is None:
        raise BadRequest("Desired 'level' parameter was not specified in request.")
    if not level:
        raise EmptyLevelError("Illegal null or empty Level name.")
    if not is_level(level):
        raise NotFoundError(f"invalid log level '{level}'.")
    return level


class Internal:
    """What workers ask their leader."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def put_task_configs(
        self, name: str, body: bytes, forward: bool | None, headers: Mapping[str, str]
    ) -> Answer:
        if not body.strip():
            raise TruncatedBodyError("The body must be a list of task configs; it is empty")
        configs: list[Config | None] | None = read_task_configs(parse(body))
        work = self._requests.herder.put_task_configs(name, configs, read_signature(headers, body))
        path = connector_path(name, "/tasks")
        return await self._done(work, Forward("POST", path, forward, headers, configs), name)

    async def fence(
        self, name: str, body: bytes, forward: bool | None, headers: Mapping[str, str]
    ) -> Answer:
        work = self._requests.herder.fence_zombies(name, read_signature(headers, body))
        path = connector_path(name, "/fence")
        return await self._done(work, Forward("PUT", path, forward, headers), name)

    async def _done(self, work: Any, forward: Forward, name: str) -> Answer:
        answer = await self._requests.complete_or_forward(work, forward, name)
        body = answer.body if isinstance(answer, PeerAnswer) else None
        return Answer(204, body or None)
