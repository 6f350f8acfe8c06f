"""The ASGI application: from an HTTP request to a resource and back."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

from penstock.cluster.ports import Herder, Levels, PeerWorkers, Plugins
from penstock.rest.answers import Answer
from penstock.rest.connectors import Connectors
from penstock.rest.errors import HttpError, answer_for
from penstock.rest.http import (
    BadPath,
    Origins,
    Pairs,
    accepts_json,
    is_json,
    query_of,
    segments_of,
    with_rules,
)
from penstock.rest.requests import Requests
from penstock.rest.resources import Internal, Loggers, PluginResources, Server
from penstock.rest.routes import Call, Handler, Route, Router, admin_routes, main_routes
from penstock.rest.settings import RestSettings
from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)
access_log = logging.getLogger("penstock.rest.access")

JSON: Pairs = [(b"content-type", b"application/json")]
HTML: Pairs = [
    (b"cache-control", b"must-revalidate,no-cache,no-store"),
    (b"content-type", b"text/html;charset=iso-8859-1"),
]
BODY_SECONDS = 60.0  # a client that sends its body more slowly is answered with an error

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Guard(Protocol):
    """A REST extension that may refuse a request."""

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a request that is not let through; what it raises is answered with 500."""
        ...


class Reply:
    """Status, headers and body on the way to the client."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Pairs, body: bytes = b"") -> None:
        self.status, self.headers, self.body = status, headers, body


class RestApp:
    """One application; which routes it has is decided by `rest_app` and `admin_app`."""

    def __init__(
        self, router: Router, settings: RestSettings, guards: Sequence[Guard] = ()
    ) -> None:
        self._router = router
        self._settings = settings
        self._guards = guards
        self._origins = Origins(settings.allowed_origins, settings.allowed_methods)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        method: str = scope["method"]
        headers = _headers(scope)
        reply = await self._reply(method, scope, headers, receive)
        extra = self._origins.headers(
            method, headers.get("origin"), headers.get("access-control-request-method")
        )
        pairs = with_rules([*extra, *reply.headers], self._settings.response_headers)
        pairs.append((b"content-length", str(len(reply.body)).encode()))
        start = {"type": "http.response.start", "status": reply.status, "headers": pairs}
        await send(start)
        body = b"" if method == "HEAD" else reply.body
        await send({"type": "http.response.body", "body": body})
        _log_access(scope, headers, reply, began)

    async def _reply(
        self, method: str, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> Reply:
        try:
            segments = segments_of(scope.get("raw_path") or scope["path"].encode())
            query = query_of(scope.get("query_string", b""))
        except (BadPath, ValueError) as error:
            return Reply(400, HTML, _error_page(400, str(error)))
        try:
            refusal = self._refusal(method, scope, headers)
            if refusal is not None:
                return self._shown(refusal, headers, scope)
            found = self._router.find(segments)
            if found is None:
                raise HttpError(404)
            route, parameters = found
            if method == "OPTIONS":
                return _options(route)
            handler = _handler(route, method)
            body = await self._body(receive)
            _check_types(method, headers, body)
        except HttpError as error:
            return _bare(error)
        except Exception as error:
            return self._shown(_failed(error, method, scope), headers, scope)
        call = Call(parameters, query, headers, body)
        try:
            answer = await handler(call)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            answer = _failed(error, method, scope)
        return self._shown(answer, headers, scope)

    def _refusal(self, method: str, scope: Scope, headers: Mapping[str, str]) -> Answer | None:
        for guard in self._guards:
            refusal = guard.refusal(method, scope["path"].strip("/"), headers)
            if refusal is not None:
                return refusal
        return None

    async def _body(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise HttpError(408)  # half a body is no request; nobody reads this
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > self._settings.body_bytes_max:
                        raise HttpError(413)
                    if not message.get("more_body", False):
                        break
        except TimeoutError:
            raise HttpError(408) from None
        return b"".join(chunks)

    def _shown(self, answer: Answer, headers: Mapping[str, str], scope: Scope) -> Reply:
        pairs: Pairs = []
        if answer.location is not None:
            place = _absolute(answer.location, headers, scope)
            pairs.append((b"location", place.encode("latin-1", "replace")))
        if answer.body is None:
            return Reply(answer.status, pairs)
        kind = JSON if answer.content_type is None else _typed(answer.content_type)
        return Reply(answer.status, [*pairs, *kind], answer.body)


def _typed(content_type: str) -> Pairs:
    return [(b"content-type", content_type.encode())]


def _headers(scope: Scope) -> dict[str, str]:
    return {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in scope["headers"]}


def _handler(route: Route, method: str) -> Handler:
    handler = route.get("GET" if method == "HEAD" else method)
    if handler is None:
        raise HttpError(405)
    return handler


def _check_types(method: str, headers: Mapping[str, str], body: bytes) -> None:
    if body and not is_json(headers.get("content-type")):
        raise HttpError(415)
    if not accepts_json(headers.get("accept")):
        raise HttpError(406)


def _options(route: Route) -> Reply:
    methods = [*route, "OPTIONS", *(["HEAD"] if "GET" in route else [])]
    allow = ",".join(sorted(methods)).encode()
    return Reply(200, [(b"allow", allow), (b"content-type", b"text/plain")], allow)


def _bare(error: HttpError) -> Reply:
    return Reply(error.status, [], answer_for(error).body or b"")


def _failed(error: Exception, method: str, scope: Scope) -> Answer:
    answer = answer_for(error)
    if answer.status >= 500:
        unforeseen = None if isinstance(error, ConnectError) else error
        log.warning("%s %s failed: %s", method, scope["path"], error, exc_info=unforeseen)
    return answer


def _absolute(location: str, headers: Mapping[str, str], scope: Scope) -> str:
    host = headers.get("host")
    if not host:
        server = scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    return f"{scope.get('scheme', 'http')}://{host}{location}"


def _error_page(status: int, message: str) -> bytes:
    title = f"Error {status} {message}"
    return f"<html><head><title>{title}</title></head><body><h2>{title}</h2></body></html>".encode()


def _log_access(scope: Scope, headers: Mapping[str, str], reply: Reply, began: float) -> None:
    if not access_log.isEnabledFor(logging.INFO):
        return
    client = (scope.get("client") or ("-",))[0]
    ms = round((time.perf_counter() - began) * 1000)
    line = f"{scope['method']} {scope['path']} HTTP/{scope.get('http_version', '1.1')}"
    agent, referrer = headers.get("user-agent", "-"), headers.get("referer", "-")
    texts = (client, line, reply.status, len(reply.body), referrer, agent, ms)
    access_log.info('%s "%s" %d %d "%s" "%s" %d', *texts)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


def rest_app(
    settings: RestSettings,
    herder: Herder,
    peers: PeerWorkers,
    plugins: Plugins,
    levels: Levels,
    guards: Sequence[Guard] = (),
) -> RestApp:
    """What the main listeners serve."""
    requests = Requests(herder, peers, settings.request_timeout_seconds)
    routes = main_routes(
        Server(requests, settings.version, settings.commit, settings.health_timeout_seconds),
        Connectors(
            requests,
            topic_tracking=settings.topic_tracking,
            topic_tracking_reset=settings.topic_tracking_reset,
        ),
        PluginResources(requests, plugins),
        Internal(requests),
    )
    if settings.admin_listeners is None:
        routes |= admin_routes(Loggers(requests, levels))
    return RestApp(Router(routes), settings, guards)


def admin_app(
    settings: RestSettings, herder: Herder, peers: PeerWorkers, levels: Levels
) -> RestApp:
    """What the admin listeners serve, if there are any of their own."""
    requests = Requests(herder, peers, settings.request_timeout_seconds)
    return RestApp(Router(admin_routes(Loggers(requests, levels))), RestSettings())
