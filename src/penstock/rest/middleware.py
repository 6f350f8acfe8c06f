"""What concerns every answer: which pages may read it, the operator's headers, the access log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.rest.settings import HeaderRule

access_log = logging.getLogger("penstock.rest.access")

PREFLIGHT_MAX_AGE_SECONDS = "60"
ALLOWED_HEADERS = "Content-Type"


class Origins:
    """Tells browsers which pages of other origins may read answers.

    As the Java worker does, and unlike Starlette's middleware: a preflight is answered by the
    resource as well, and any method may be asked for, as the answer says which are allowed.
    """

    def __init__(self, app: ASGIApp, allowed: Iterable[str], methods: Sequence[str]) -> None:
        from penstock.sdk.java_regex import compile_regex

        self._app = app
        listed = list(allowed)
        self._any = "*" in listed
        self._patterns = [compile_regex(f"(?i:{origin})") for origin in listed if origin != "*"]
        self._methods = ",".join(sorted(methods))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def started(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._mark(scope, MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, started)

    def _mark(self, scope: Scope, answer: MutableHeaders) -> None:
        answer.append("vary", "Origin")
        asked = Headers(scope=scope)
        origin = asked.get("origin")
        if origin is None or not self._allows(origin):
            return
        answer["access-control-allow-origin"] = origin
        if scope["method"] == "OPTIONS" and "access-control-request-method" in asked:
            answer["access-control-allow-methods"] = self._methods
            answer["access-control-allow-headers"] = ALLOWED_HEADERS
            answer["access-control-max-age"] = PREFLIGHT_MAX_AGE_SECONDS

    def _allows(self, origin: str) -> bool:
        """One of several origins that a header lists is enough."""
        if self._any:
            return True
        return any(pattern.matches(it) for it in origin.split() for pattern in self._patterns)


class HeaderRules:
    """Puts the headers of `response.http.headers.config` into each answer."""

    def __init__(self, app: ASGIApp, rules: Sequence[HeaderRule]) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def started(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._apply(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, started)

    def _apply(self, headers: MutableHeaders) -> None:
        for rule in self._rules:
            value = rule.value
            if rule.action.endswith("Date"):
                value = formatdate(time.time() + int(value) / 1000, usegmt=True)
            if rule.action.startswith("set"):
                headers[rule.name] = value
            else:
                headers.append(rule.name, value)


class AccessLog:
    """One line for each answer, in the extended format of NCSA and the milliseconds it took."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not access_log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, size = 0, 0

        async def counted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            _log(scope, status, size, round((time.perf_counter() - began) * 1000))


def _log(scope: Scope, status: int, size: int, took_ms: int) -> None:
    client = (scope.get("client") or ("-",))[0]
    path = scope.get("raw_path", b"").decode("latin-1")  # encoded, so that nobody writes lines
    line = f"{scope['method']} {path} HTTP/{scope.get('http_version', '1.1')}"
    asked = Headers(scope=scope)
    agent, referrer = asked.get("user-agent", "-"), asked.get("referer", "-")
    access_log.info(
        '%s "%s" %d %d "%s" "%s" %d', client, line, status, size, referrer, agent, took_ms
    )
