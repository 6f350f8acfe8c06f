"""One path of the API: from an HTTP request to the method of a resource and back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from penstock.rest.answers import Answer
from penstock.rest.errors import HttpError, PathError, answer_for
from penstock.rest.media_types import (
    TEXT,
    accepts_json,
    best_type,
    is_accept,
    is_json,
    is_media_type,
    may_be_json,
    parameters_of_json,
)
from penstock.rest.paths import Unreadable
from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)

BODY_SECONDS = 60.0  # a client that sends its body more slowly is answered with an error
JSON = "application/json"
UNREAD = (408, 413)  # the rest of such a request is not read, nor is another after it


class Call:
    """One request, with its body, as handlers see it."""

    __slots__ = ("_request", "headers", "raw_body")

    def __init__(self, request: Request, body: bytes) -> None:
        self._request = request
        self.headers: Mapping[str, str] = request.headers
        self.raw_body = body

    @property
    def body(self) -> bytes:
        """A body to be read as JSON. Raises HttpError unless its type says that it is."""
        if self.raw_body and not is_json(self.headers.get("content-type")):
            raise HttpError(415)
        return self.raw_body

    @property
    def name(self) -> str:
        """The part of the path that names what the request is about."""
        return unquote(self._request.path_params["name"])

    @property
    def task(self) -> int:
        """The number of a task. Raises `PathError` unless it is a 32-bit number."""
        text = unquote(self._request.path_params["task"])
        digits = text[1:] if text[:1] in ("-", "+") else text
        if not (digits.isascii() and digits.isdigit()) or not -(2**31) <= int(text) < 2**31:
            raise PathError
        return int(text)

    def all(self, name: str) -> Sequence[str]:
        """Every value of a query parameter."""
        return self._request.query_params.getlist(name)

    def first(self, name: str) -> str | None:
        """The first value of a query parameter; one without a value is empty."""
        values = self.all(name)
        return values[0] if values else None

    def flag(self, name: str, default: bool = False) -> bool:
        """Only `true`, in any case, is true; an empty value is none."""
        text = self.first(name)
        return text.lower() == "true" if text else default

    @property
    def forward(self) -> bool | None:
        return None if self.first("forward") is None else self.flag("forward")


Handler = Callable[[Call], Awaitable[Answer]]
Methods = Mapping[str, Handler]


class Untyped:
    """A handler that reads what it is sent, whatever type that is said to have."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    def __call__(self, call: Call) -> Awaitable[Answer]:
        return self._handler(call)


class Guard(Protocol):
    """A REST extension that may refuse a request."""

    def refusal(self, method: str, path: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a request that is not let through; what it raises is answered with 500."""
        ...


class Endpoint:
    """The methods of one path, as an ASGI application behind a route."""

    def __init__(self, methods: Methods, guards: Sequence[Guard], body_bytes_max: int) -> None:
        self.methods = methods
        self._guards = guards
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._response(Request(scope, receive))
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        """Raises HttpError for a request that no handler is asked about."""
        _check_headers(request)
        handler = self._handler(request.method)
        if handler is None:
            _check_accept(request)
        else:
            _check_types(request, typed=not isinstance(handler, Untyped))
        try:
            refusal = self._refusal(request)
        except Exception as error:
            refusal = _failed(error, request)
        if refusal is not None:
            return _shown(refusal, request, "text/plain" if handler is None else None)
        if handler is None:
            return self._options(request)
        body = await _body(request, self._body_bytes_max)
        try:
            answer = await handler(Call(request, body))
        except Exception as error:
            answer = _failed(error, request)
        return _shown(answer, request)

    def _handler(self, method: str) -> Handler | None:
        """None for OPTIONS, which each path answers alike."""
        handler = self.methods.get("GET" if method == "HEAD" else method)
        if handler is None and method != "OPTIONS":
            raise HttpError(405)
        return handler

    def _refusal(self, request: Request) -> Answer | None:
        path = request.scope["path"].strip("/")
        refusals = (guard.refusal(request.method, path, request.headers) for guard in self._guards)
        return next((refusal for refusal in refusals if refusal is not None), None)

    def _options(self, request: Request) -> Response:
        """The list of methods, as text to whom that is as welcome as anything."""
        methods = {*self.methods, "OPTIONS", *(["HEAD"] if "GET" in self.methods else [])}
        allowed = ",".join(sorted(methods))
        kind = best_type(request.headers.get("accept"))
        headers = {"allow": allowed, "content-type": "text/plain" if kind in TEXT else kind}
        return Response(allowed if kind in TEXT else None, headers=headers)


async def _body(request: Request, bytes_max: int) -> bytes:
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > bytes_max:
        raise HttpError(413)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size > bytes_max:
                    raise HttpError(413)
                chunks.append(chunk)
    except (TimeoutError, ClientDisconnect):  # half a body is no request
        raise HttpError(408) from None
    return b"".join(chunks)


def _check_headers(request: Request) -> None:
    content_type = request.headers.get("content-type")
    if content_type is not None and not is_media_type(content_type):
        raise Unreadable("The Content-Type is no media type")


def _check_types(request: Request, *, typed: bool) -> None:
    if typed and not may_be_json(request.headers.get("content-type")):
        raise HttpError(415)
    _check_accept(request)
    if not accepts_json(request.headers.get("accept")):
        raise HttpError(406)


def _check_accept(request: Request) -> None:
    if not is_accept(request.headers.get("accept")):
        raise Unreadable("The Accept header has a q that is no number", shown=False)


def _failed(error: Exception, request: Request) -> Answer:
    answer = answer_for(error)
    if answer.status >= 500:
        unforeseen = None if isinstance(error, ConnectError) else error
        path = request.scope["path"]
        log.warning("%s %s failed: %s", request.method, path, error, exc_info=unforeseen)
    return answer


def _shown(answer: Answer, request: Request, kind: str | None = None) -> Response:
    headers: dict[str, str] = {}
    if answer.location is not None:
        headers["location"] = _absolute(answer.location, request)
    if answer.body is not None:
        wanted = kind or JSON + parameters_of_json(request.headers.get("accept"))
        headers["content-type"] = answer.content_type or wanted
    return Response(answer.body, answer.status, headers)


def _absolute(location: str, request: Request) -> str:
    host = request.headers.get("host")
    if not host:
        server = request.scope.get("server") or ("localhost", None)
        host = server[0] if server[1] is None else f"{server[0]}:{server[1]}"
    return f"{request.scope.get('scheme', 'http')}://{host}{location}"


def bare(status: int, method: str) -> Response:
    """What the server answers before any resource is asked; it has no content type."""
    headers = {"connection": "close"} if status in UNREAD else None
    body = None if method == "HEAD" else answer_for(HttpError(status)).body
    return Response(body, status, headers)
