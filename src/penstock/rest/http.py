"""Paths, media types and headers: the parts of HTTP that concern every resource."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from email.utils import formatdate
from urllib.parse import parse_qsl, unquote

from penstock.rest.settings import HeaderRule

Pairs = list[tuple[bytes, bytes]]

PATH_BYTES_MAX = 8 * 1024
PREFLIGHT_MAX_AGE_SECONDS = 60
ALLOWED_HEADERS = "Content-Type"
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class BadPath(ValueError):
    """A path that the server does not look at any further."""


def segments_of(raw_path: bytes) -> list[str]:
    """The decoded parts of a path; a slash at its end does not count."""
    if len(raw_path) > PATH_BYTES_MAX:
        raise BadPath("The path is too long")
    text = raw_path.decode("latin-1").partition("?")[0]
    if not text.startswith("/") or "//" in text or "%25" in text or _ESCAPE.search(text):
        raise BadPath("The path is ambiguous or wrongly encoded")
    parts = [part.partition(";")[0] for part in text[1:].split("/")]
    if parts[-1] == "":
        parts.pop()
    try:
        return [_segment(part) for part in parts]
    except UnicodeDecodeError:
        raise BadPath("The path is not UTF-8") from None


def _segment(part: str) -> str:
    text = unquote(part.encode("latin-1"), errors="strict")
    if text in (".", "..") or "\0" in text:
        raise BadPath("The path is ambiguous")
    return text


def query_of(query: bytes) -> dict[str, list[str]]:
    """The query's parameters; one without a value is empty."""
    found: dict[str, list[str]] = {}
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=1000)
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def is_json(content_type: str | None) -> bool:
    """Whether a body of this type can be read; one without a type can."""
    if content_type is None or not content_type.strip():
        return True
    kind = content_type.partition(";")[0].strip().lower()
    return kind in ("application/json", "application/*", "*/*")


def accepts_json(accept: str | None) -> bool:
    """Whether the client takes JSON."""
    if accept is None or not accept.strip():
        return True
    return any(_accepts(item) for item in accept.split(","))


def _accepts(item: str) -> bool:
    kind, *parameters = (part.strip().lower() for part in item.split(";"))
    if kind not in ("*/*", "*", "application/*", "application/json"):
        return False
    quality = next((p[2:] for p in parameters if p.startswith("q=")), "1")
    try:
        return float(quality) > 0
    except ValueError:
        return False


def with_rules(headers: Pairs, rules: Sequence[HeaderRule]) -> Pairs:
    """The headers, with those of `response.http.headers.config`."""
    for rule in rules:
        name = rule.name.lower().encode("latin-1", "replace")
        if rule.action.startswith("set"):
            headers = [pair for pair in headers if pair[0] != name]
        headers = [*headers, (name, _value(rule).encode("latin-1", "replace"))]
    return headers


def _value(rule: HeaderRule) -> str:
    if not rule.action.endswith("Date"):
        return rule.value
    return formatdate(time.time() + int(rule.value) / 1000, usegmt=True)


class Origins:
    """Which pages of other origins may read answers."""

    def __init__(self, allowed: Iterable[str], methods: Sequence[str]) -> None:
        patterns = [re.escape(origin).replace(r"\*", ".*") for origin in allowed]
        self._allowed = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
        self._methods = sorted(methods)

    def headers(self, method: str, origin: str | None, wanted: str | None) -> Pairs:
        """The headers for a request from `origin`; `wanted` is what a preflight wants to do."""
        if self._allowed is None:
            return []
        headers: Pairs = [(b"vary", b"Origin")]
        if origin is None or self._allowed.fullmatch(origin) is None:
            return headers
        if method == "OPTIONS" and wanted is not None:
            return headers + (self._preflight(origin) if wanted in self._methods else [])
        return [*headers, (b"access-control-allow-origin", origin.encode("latin-1"))]

    def _preflight(self, origin: str) -> Pairs:
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-max-age", str(PREFLIGHT_MAX_AGE_SECONDS).encode()),
            (b"access-control-allow-methods", ",".join(self._methods).encode()),
            (b"access-control-allow-headers", ALLOWED_HEADERS.encode()),
        ]
