"""Waits for the herder's answer, but not for ever, and passes on what another worker must do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from penstock.cluster.errors import Elsewhere, RebalanceNeeded, RequestError
from penstock.cluster.ports import Herder, PeerAnswer, PeerWorkers, Stage
from penstock.rest.answers import to_json
from penstock.rest.bodies import parse, read_error
from penstock.rest.errors import BodyError, RefusedError, TimedOut

T = TypeVar("T")

REQUEST_TIMEOUT_SECONDS = 90.0
PATH_SAFE = "/!$&'()*+,;=:@~"
_ESCAPES = re.compile("((?:%[0-9A-Fa-f]{2})+)")

STALE = (
    "Cannot complete request momentarily due to stale configuration "
    "(typically caused by a concurrent config change)"
)
NO_LEADER = (
    "Cannot complete request momentarily due to no known leader URL, "
    "likely because a rebalance was underway."
)
CONFLICT = "Cannot complete request because of a conflicting operation (e.g. worker rebalance)"


class Forward:
    """How a request looks to the worker it is passed on to."""

    __slots__ = ("authorization", "body", "hop", "method", "path", "query")

    def __init__(
        self,
        method: str,
        path: str,
        hop: bool | None,
        headers: Mapping[str, str],
        body: Any = None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        self.method, self.path, self.hop, self.body = method, path, hop, body
        self.authorization = headers.get("authorization")
        self.query = query or {}

    def url(self, base: str) -> str:
        flags = {"forward": "true" if self.hop is None else "false", **self.query}
        return base.rstrip("/") + self.path + "?" + urlencode(flags)

    def headers(self) -> dict[str, str]:
        named = {"Accept": "application/json", "User-Agent": "kafka-connect"}
        if self.body is not None:
            named["Content-Type"] = "application/json"
        if self.authorization is not None:
            named["Authorization"] = self.authorization
        return named


class Requests:
    """One for all resources."""

    def __init__(
        self, herder: Herder, peers: PeerWorkers, timeout_seconds: float = REQUEST_TIMEOUT_SECONDS
    ) -> None:
        self.herder = herder
        self._peers = peers
        self._timeout_seconds = timeout_seconds

    async def complete(
        self, work: Awaitable[T], connector: str | None = None, *, period: str = "."
    ) -> T:
        """What the herder answers; `TimedOut`, with what it is busy with, if it does not."""
        task = asyncio.ensure_future(work)
        try:
            done, _ = await asyncio.wait((task,), timeout=self._timeout_seconds)
            if done:
                return task.result()
            raise TimedOut(timed_out(self.herder.stage(connector), period))
        finally:
            task.cancel()

    async def complete_or_forward(
        self, work: Awaitable[T], forward: Forward, connector: str | None = None
    ) -> T | PeerAnswer:
        """The herder's answer, or that of the worker it names."""
        try:
            return await self.complete(work, connector)
        except RebalanceNeeded as error:
            raise RequestError(409, STALE) from error
        except Elsewhere as error:
            if forward.hop is False:
                raise error.instead or RequestError(409, CONFLICT) from error
            if error.url is None:
                raise RequestError(409, NO_LEADER) from error
            return await self._forwarded(forward, error.url)

    async def _forwarded(self, forward: Forward, base: str) -> PeerAnswer:
        body = None if forward.body is None else to_json(forward.body)
        try:
            answer = await self._peers.ask(
                forward.method, forward.url(base), forward.headers(), body
            )
        except OSError as error:
            raise RequestError(500, f"IO Error trying to forward REST request: {error}") from error
        if answer.status >= 400:
            raise _relayed(answer)
        if not 200 <= answer.status < 300:
            text = "Unexpected status code when handling forwarded request"
            raise RequestError(500, f"{text}: {answer.status}")
        return answer


def _relayed(answer: PeerAnswer) -> RequestError:
    try:
        said = read_error(parse(answer.body))
    except (BodyError, RefusedError) as error:
        return RequestError(500, f"IO Error trying to forward REST request: {error}")
    if said is None:
        return RequestError(answer.status, None)
    return RequestError(answer.status, said.message, said.error_code)


def connector_path(connector: str, rest: str = "") -> str:
    """`/connectors/<name><rest>`, as a URL writes it."""
    parts = _ESCAPES.split(connector)  # what is an escape already stays one
    return "/connectors/" + "".join(_quoted(part) for part in parts) + rest


def _quoted(part: str) -> str:
    return part if _ESCAPES.fullmatch(part) else quote(part, safe=PATH_SAFE, errors="replace")


def location(connector: str) -> str:
    """Where a connector that was just created is found."""
    return connector_path(connector) if connector else "/connectors"


def timed_out(stage: Stage | None, period: str = ".") -> str:
    """What a request that waited too long is told."""
    if stage is None:
        return "Request timed out"
    return f"Request timed out. {stage_text(stage, period)}"


def stage_text(stage: Stage, period: str = ".") -> str:
    """What the worker is busy with."""
    began = instant(stage.began)
    if stage.completed is None:
        return f"The worker is currently {stage.description}, which began at {began}{period}"
    done = instant(stage.completed)
    what = f"The last operation the worker completed was {stage.description}"
    return f"{what}, which began at {began} and completed at {done}{period}"


def instant(seconds: float) -> str:
    """A moment as Java prints it: `2024-10-25T10:15:30.123Z`, without zero milliseconds."""
    ms = round(seconds * 1000)
    text = datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{ms % 1000:03}Z" if ms % 1000 else f"{text}Z"
