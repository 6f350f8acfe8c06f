"""`/connectors`: everything that concerns one connector."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from penstock.cluster.errors import MissingError, RequestError
from penstock.cluster.messages import TaskId
from penstock.cluster.ports import Herder, PeerAnswer
from penstock.cluster.views import ConnectorOffset, ConnectorOffsets
from penstock.rest.answers import Answer, json_answer, plain
from penstock.rest.bodies import (
    Config,
    CreateRequest,
    read,
    read_config,
    read_create,
    read_offsets,
)
from penstock.rest.errors import NO_CONFIG, NO_OFFSET, NO_OFFSETS, NO_REQUEST, RefusedError
from penstock.rest.requests import Forward, Requests, connector_path, location
from penstock.sdk.config_types import trim
from penstock.sdk.errors import NotFoundError

Headers = Mapping[str, str]

NEEDED = "Partitions / offsets need to be provided for an alter offsets request"


class Connectors:
    """Each method is one request; it answers or raises."""

    def __init__(
        self, requests: Requests, *, topic_tracking: bool = True, topic_tracking_reset: bool = True
    ) -> None:
        self._requests = requests
        self._herder: Herder = requests.herder
        self._topic_tracking = topic_tracking
        self._topic_tracking_reset = topic_tracking_reset

    async def all(self, expand: Sequence[str] | None) -> Answer:
        names = await self._requests.complete(self._herder.connectors())
        if not expand:
            return json_answer(200, names)
        shown = [(name, await self._expanded(name, frozenset(expand))) for name in names]
        return json_answer(200, {name: parts for name, parts in sorted(shown) if parts is not None})

    async def _expanded(self, name: str, wanted: frozenset[str]) -> dict[str, Any] | None:
        """None for a connector that cannot be shown as it was just created or deleted."""
        parts: dict[str, Any] = {}
        try:
            if "info" in wanted:
                parts["info"] = await self._herder.connector_info(name)
            if "status" in wanted:
                parts["status"] = await self._herder.connector_status(name)
        except NotFoundError:
            return None
        return parts

    async def create(self, body: bytes, forward: bool | None, headers: Headers) -> Answer:
        request: CreateRequest | None = read(body, read_create)
        if request is None:
            raise MissingError(NO_REQUEST)
        name = trim(request.name or "")
        config = named(name, request.config)
        offsets = _initial_offsets(request)
        given: dict[str, Any] = {
            "name": request.name,
            "config": config,
            "initial_state": request.initial_state,
        }
        if offsets is not None:
            given["initial_offsets"] = _shown(offsets)
        answer = await self._requests.complete_or_forward(
            self._herder.put_connector_config(
                name, config, replace=False, initial=request.initial_target, offsets=offsets
            ),
            Forward("POST", "/connectors", forward, headers, given),
            name,
        )
        if isinstance(answer, PeerAnswer):
            return Answer(201, answer.body or None, location(name))
        return json_answer(201, answer[1], location(name))

    async def one(self, name: str) -> Answer:
        return await self._read(self._herder.connector_info(name), name)

    async def config(self, name: str) -> Answer:
        return await self._read(self._herder.connector_config(name), name)

    async def status(self, name: str) -> Answer:
        return await self._read(self._herder.connector_status(name), name)

    async def tasks(self, name: str) -> Answer:
        return await self._read(self._herder.task_configs(name), name)

    async def task_status(self, name: str, task: int) -> Answer:
        return await self._read(self._herder.task_status(TaskId(name, task)), name)

    async def _read(self, work: Awaitable[Any], name: str) -> Answer:
        return json_answer(200, await self._requests.complete(work, name))

    async def put_config(
        self, name: str, body: bytes, forward: bool | None, headers: Headers
    ) -> Answer:
        config = named(name, read(body, read_config))
        answer = await self._requests.complete_or_forward(
            self._herder.put_connector_config(name, config, replace=True),
            Forward("PUT", connector_path(name, "/config"), forward, headers, config),
            name,
        )
        if isinstance(answer, PeerAnswer):
            created, text = answer.status == 201, answer.body or None
        else:
            created, text = answer[0], json_answer(200, answer[1]).body
        return Answer(201, text, location(name)) if created else Answer(200, text)

    async def patch_config(
        self, name: str, body: bytes, forward: bool | None, headers: Headers
    ) -> Answer:
        patch: Config | None = read(body, read_config)
        work = self._herder.patch_connector_config(name, patch)
        path = connector_path(name, "/config")
        return await self._changed(work, Forward("PATCH", path, forward, headers, patch), name, 200)

    async def delete(self, name: str, forward: bool | None, headers: Headers) -> Answer:
        work = self._herder.delete_connector(name)
        there = Forward("DELETE", connector_path(name), forward, headers)
        return await self._changed(work, there, name, 204)

    async def _changed(
        self, work: Awaitable[Any], forward: Forward, name: str, status: int
    ) -> Answer:
        answer = await self._requests.complete_or_forward(work, forward, name)
        if isinstance(answer, PeerAnswer):
            return Answer(status, answer.body or None)
        return json_answer(status, answer)

    async def restart(
        self,
        name: str,
        include_tasks: bool,
        only_failed: bool,
        forward: bool | None,
        headers: Headers,
    ) -> Answer:
        path = connector_path(name, "/restart")
        if not include_tasks and not only_failed:
            there = Forward("POST", path, forward, headers)
            return await self._changed(self._herder.restart_connector(name), there, name, 204)
        flags = {"includeTasks": _flag(include_tasks), "onlyFailed": _flag(only_failed)}
        work = self._herder.restart_connector_and_tasks(
            name, only_failed=only_failed, include_tasks=include_tasks
        )
        there = Forward("POST", path, forward, headers, query=flags)
        return await self._changed(work, there, name, 202)

    async def restart_task(
        self, name: str, task: int, forward: bool | None, headers: Headers
    ) -> Answer:
        there = Forward("POST", connector_path(name, f"/tasks/{task}/restart"), forward, headers)
        return await self._changed(self._herder.restart_task(TaskId(name, task)), there, name, 204)

    async def pause(self, name: str) -> Answer:
        await self._requests.complete(self._herder.pause_connector(name), name)
        return Answer(202)

    async def resume(self, name: str) -> Answer:
        await self._requests.complete(self._herder.resume_connector(name), name)
        return Answer(202)

    async def stop(self, name: str, forward: bool | None, headers: Headers) -> Answer:
        there = Forward("PUT", connector_path(name, "/stop"), forward, headers)
        return await self._changed(self._herder.stop_connector(name), there, name, 204)

    async def topics(self, name: str) -> Answer:
        if not self._topic_tracking:
            raise RequestError(403, "Topic tracking is disabled.")
        topics = await self._requests.complete(self._herder.active_topics(name), name)
        return json_answer(200, {name: {"topics": topics}})

    async def reset_topics(self, name: str) -> Answer:
        if not self._topic_tracking:
            raise RequestError(403, "Topic tracking is disabled.")
        if not self._topic_tracking_reset:
            raise RequestError(403, "Topic tracking reset is disabled.")
        await self._requests.complete(self._herder.reset_active_topics(name), name)
        return Answer(202)

    async def offsets(self, name: str) -> Answer:
        found = await self._requests.complete(self._herder.connector_offsets(name), name)
        return json_answer(200, offsets_view(found))

    async def alter_offsets(
        self, name: str, body: bytes, forward: bool | None, headers: Headers
    ) -> Answer:
        offsets: list[ConnectorOffset | None] | None
        offsets = read(body if body.strip() else b"null", read_offsets_or_missing)
        if not offsets:
            raise RefusedError(NEEDED)
        given = _present(offsets)
        work = self._herder.alter_offsets(name, [(o.partition, o.offset) for o in given])
        path = connector_path(name, "/offsets")
        shown = {"offsets": _shown(given)}
        return await self._changed(work, Forward("PATCH", path, forward, headers, shown), name, 200)

    async def reset_offsets(self, name: str, forward: bool | None, headers: Headers) -> Answer:
        there = Forward("DELETE", connector_path(name, "/offsets"), forward, headers)
        return await self._changed(self._herder.reset_offsets(name), there, name, 200)


def read_offsets_or_missing(value: Any, where: str) -> list[ConnectorOffset | None] | None:
    if value is None:
        raise MissingError(NO_OFFSETS)
    return read_offsets(value, where)


def _initial_offsets(request: CreateRequest) -> list[ConnectorOffset] | None:
    offsets = request.initial_offsets
    if offsets is None or not isinstance(offsets, list):
        return None
    if not offsets:
        raise RefusedError(NEEDED)
    return _present(offsets)


def _present(offsets: Sequence[ConnectorOffset | None]) -> list[ConnectorOffset]:
    if any(offset is None for offset in offsets):
        raise MissingError(NO_OFFSET)
    return [offset for offset in offsets if offset is not None]


def offsets_view(offsets: ConnectorOffsets) -> dict[str, Any]:
    """Offsets as clients are shown them."""
    return {"offsets": _shown(offsets.offsets)}


def _shown(offsets: Sequence[ConnectorOffset]) -> list[dict[str, Any]]:
    return [{"partition": plain(o.partition), "offset": plain(o.offset)} for o in offsets]


def named(name: str, config: Config | None) -> Config:
    """The config with its connector's name in it."""
    if config is None:
        raise MissingError(NO_CONFIG)
    given = config.get("name")
    if given is None:
        return config | {"name": name}
    if given != name:
        raise RefusedError(
            f"Connector name configuration ({given}) doesn't match "
            f"connector name in the URL ({name})"
        )
    return config


def _flag(value: bool) -> str:
    return "true" if value else "false"
