"""Paths as Jetty reads them: ambiguous ones are refused, a part may hold an encoded slash."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PATH_BYTES_MAX = 8 * 1024
REFUSED_HEADERS = {
    "cache-control": "must-revalidate,no-cache,no-store",
    "content-type": "text/html;charset=iso-8859-1",
    "connection": "close",
}
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Unreadable(ValueError):
    """A request that the server does not look at any further."""


class Paths:
    """Routes see each path with its parts encoded alike, so that a name may contain a slash."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            parts = segments_of(scope.get("raw_path") or scope["path"].encode())
        except Unreadable as error:
            await page(error)(scope, receive, send)
            return
        path = "/" + "/".join(quote(part, safe="") for part in parts)
        await self._app({**scope, "path": path}, receive, send)


def segments_of(raw_path: bytes) -> list[str]:
    """The decoded parts of a path; a slash at its end does not count."""
    if len(raw_path) > PATH_BYTES_MAX:
        raise Unreadable("The path is too long")
    text = raw_path.decode("latin-1").partition("?")[0]
    if not text.startswith("/") or "//" in text or "%25" in text or _ESCAPE.search(text):
        raise Unreadable("The path is ambiguous or wrongly encoded")
    parts = [part.partition(";")[0] for part in text[1:].split("/")]
    if parts[-1] == "":
        parts.pop()
    if "" in parts:
        raise Unreadable("The path is ambiguous")
    try:
        return [_segment(part) for part in parts]
    except UnicodeDecodeError:
        raise Unreadable("The path is not UTF-8") from None


def _segment(part: str) -> str:
    text = unquote(part.encode("latin-1"), errors="strict")
    if text in (".", "..") or "\0" in text:
        raise Unreadable("The path is ambiguous")
    return text


def page(error: Unreadable) -> Response:
    """What the server says of such a request."""
    title = f"Error 400 {error}"
    head = f"<html><head><title>{title}</title></head>"
    return Response(f"{head}<body><h2>{title}</h2></body></html>", 400, REFUSED_HEADERS)
