"""Media types of requests: which bodies can be read, which answers are taken."""

from __future__ import annotations

import re

_MEDIA_TYPE = re.compile(r"\s*[^\s/;,]+/[^\s/;,]+\s*(;.*)?", re.DOTALL)
_JSON = ("application/json", "application/*", "*/*")


def is_media_type(text: str) -> bool:
    """Whether this can be a Content-Type at all."""
    return _MEDIA_TYPE.fullmatch(text) is not None


def may_be_json(content_type: str | None) -> bool:
    """Whether a request of this type is looked at; one without a type is."""
    return content_type is None or _kind(content_type) in _JSON


def is_json(content_type: str | None) -> bool:
    """Whether a body of this type can be read."""
    return content_type is not None and _kind(content_type) == _JSON[0]


def accepts_json(accept: str | None) -> bool:
    """Whether the client takes JSON, however little it likes it."""
    if accept is None or not accept.strip():
        return True
    return any(_kind(item) in (*_JSON, "*") for item in accept.split(","))


def _kind(text: str) -> str:
    return text.partition(";")[0].strip().lower()
