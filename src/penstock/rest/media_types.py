"""Media types of requests: which bodies can be read, which answers are taken."""

from __future__ import annotations

import re

_MEDIA_TYPE = re.compile(r"\s*[^\s/;,]+/[^\s/;,]+\s*(;\s*[^\s;=]+=[^;]*)*;?\s*")
_QUALITY = re.compile(r"\s*q\s*=\s*([^;\s]*)\s*", re.IGNORECASE)
_NUMBER = re.compile(r"[01](\.\d{0,3})?")
_JSON = ("application/json", "application/*", "*/*")


TEXT = ("text/plain", "text/*", "*/*")


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


def is_accept(accept: str | None) -> bool:
    """Whether each `q` in an Accept header is a number."""
    found = (_QUALITY.fullmatch(part) for part in re.split("[;,]", accept or ""))
    return all(_NUMBER.fullmatch(match[1]) for match in found if match is not None)


def best_type(accept: str | None) -> str:
    """What the client likes best, with its parameters; `*/*` if it says nothing."""
    items = [item for item in (accept or "").split(",") if item.strip()]
    found = max(items, key=_liking, default="*/*")
    kind, *parameters = (part.strip() for part in found.split(";"))
    kind = kind.lower() if "/" in kind else kind.lower() + "/*"
    return kind if kind in TEXT else ";".join([kind, *filter(None, parameters)])


def _liking(item: str) -> float:
    stated = (_QUALITY.fullmatch(part) for part in item.split(";"))
    return next((float(match[1]) for match in stated if match is not None), 1.0)


def parameters_of_json(accept: str | None) -> str:
    """What the client wants to be said of JSON besides: `;charset=utf-8`."""
    for item in (accept or "").split(","):
        kind, *parameters = item.split(";")
        if kind.strip().lower() == _JSON[0]:
            told = [part.strip() for part in parameters if _QUALITY.fullmatch(part) is None]
            return "".join(f";{part}" for part in told if part)
    return ""


def _kind(text: str) -> str:
    return text.partition(";")[0].strip().lower()
