"""Paths as Jetty reads them: ambiguous and suspicious ones are refused."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

TARGET_BYTES_MAX = 8 * 1024  # of a path and its query
BARE_HEADERS = {"cache-control": "must-revalidate,no-cache,no-store", "connection": "close"}
REFUSED_HEADERS = BARE_HEADERS | {"content-type": "text/html;charset=iso-8859-1"}
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ILLEGAL = re.compile(r"[\x00-\x20\"<>\[\\\]^`{|}\x7f]")
_SUSPICIOUS = re.compile(r"[\x00-\x1f\\\x7f]")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


class Unreadable(ValueError):
    """A request that the server does not look at any further."""

    def __init__(
        self, message: str, status: int = 400, *, malformed: bool = False, shown: bool = True
    ) -> None:
        super().__init__(message)
        self.status = status
        self.malformed = malformed
        self.shown = shown


class Paths:
    """Routes see each path as it came, without parameters of its parts and a slash at its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        try:
            if len(raw) + len(scope.get("query_string", b"")) > TARGET_BYTES_MAX:
                raise Unreadable("The path is too long", 414, malformed=True)
            path = "/" + "/".join(parts_of(raw))
        except Unreadable as error:
            await page(error, scope["method"])(scope, receive, send)
            return
        await self._app({**scope, "path": path}, receive, send)


def parts_of(raw_path: bytes) -> list[str]:
    """The parts of a path, still encoded, without their parameters. Raises Unreadable."""
    text = raw_path.decode("latin-1").partition("?")[0]
    if _ESCAPE.search(text) or "%00" in text:
        raise Unreadable("The path is wrongly encoded", malformed=True)
    if not text.startswith("/") or _ILLEGAL.search(text):
        raise Unreadable("The path holds what a path must not hold")
    parts = text[1:].split("/")
    if parts[-1] == "":
        parts.pop()
    found = [_part(part) for part in parts]
    if _leads_above_root(found):
        raise Unreadable("The path leads above the root", malformed=True)
    return found


def _part(part: str) -> str:
    raw, parameters, _ = part.partition(";")
    if not raw:
        raise Unreadable("The path has an empty part")
    try:
        text = unquote(raw.encode("latin-1"), errors="strict")
    except UnicodeDecodeError:
        raise Unreadable("The path is not UTF-8") from None
    dots = text in (".", "..") and (text != raw or parameters)
    if dots or "/" in text or "%" in text:
        raise Unreadable("The path is ambiguous")
    if _SUSPICIOUS.search(text):
        raise Unreadable("The path holds a backslash or a control character")
    return quote(raw.encode("latin-1"), safe=_ASCII)


def _leads_above_root(parts: list[str]) -> bool:
    depth = 0
    for part in parts:
        depth += {".": 0, "..": -1}.get(part, 1)
        if depth < 0:
            return True
    return False


def page(error: Unreadable, method: str) -> Response:
    """What the server says: a page, of what it could parse only to methods that show something."""
    if not error.shown or not (error.malformed or method in ("GET", "HEAD", "POST")):
        return Response(None, 400, BARE_HEADERS)
    title = f"Error {error.status} {error}"
    text = f"<html><head><title>{title}</title></head><body><h2>{title}</h2></body></html>"
    return Response("" if method == "HEAD" else text, error.status, REFUSED_HEADERS)
