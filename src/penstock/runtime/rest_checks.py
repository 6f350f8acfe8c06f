"""Checks of the settings about listeners and response headers."""

from __future__ import annotations

import csv
import re
from typing import Any

from penstock.sdk.checks import described
from penstock.sdk.errors import ConfigError

HEADER_ACTIONS = ("set", "add", "setDate", "addDate")
_EXAMPLE = "http://localhost:8080,https://localhost:8443"


@described("list of URLs")
def listeners(name: str, value: Any) -> None:
    """At least one listener; their form is checked when they are opened."""
    if not isinstance(value, list):
        raise ConfigError(
            f"Invalid value type for listeners (expected list of URLs , ex: {_EXAMPLE})."
        )
    if not value:
        raise ConfigError(
            f"Invalid value for listeners, at least one URL is expected, ex: {_EXAMPLE}."
        )
    _refuse_blank("listeners", value)


@described("list of URLs, or empty")
def admin_listeners(name: str, value: Any) -> None:
    """Listeners of their own, none at all (empty), or the main ones (null)."""
    _refuse_blank("admin.listeners", value or ())


def _refuse_blank(name: str, entries: Any) -> None:
    if any(not entry.strip() for entry in entries):
        raise ConfigError(f"Empty URL found when parsing {name} list.")


@described("comma separated header rules")
def response_headers(name: str, value: Any) -> None:
    """Rules `<action> <header>:<value>`, each quoted if it contains a comma."""
    for rule in header_rules(value or ""):
        check_header_rule(rule)


def header_rules(value: str) -> list[str]:
    """The rules of `response.http.headers.config`."""
    if not value.strip():
        return []
    return next(csv.reader([value], skipinitialspace=True))


def check_header_rule(rule: str) -> None:
    """Raise `ConfigError` unless the rule can be followed."""
    words = re.split(r"\s+", rule.strip(), maxsplit=1)
    if len(words) != 2:
        raise ConfigError(
            f"Invalid format of header config '{rule}'. "
            "Expected: '[action] [header name]:[header value]'"
        )
    action, header = words
    if action.lower() not in (known.lower() for known in HEADER_ACTIONS):
        raise ConfigError(
            f"Invalid header config action: '{action}'. "
            f"Expected one of [{', '.join(HEADER_ACTIONS)}]"
        )
    parts = header.strip().split(":")
    while parts and not parts[-1]:
        del parts[-1]  # Java's split leaves trailing empty parts out
    if len(parts) != 2:
        raise ConfigError(
            f"Invalid format of header name and header value pair '{header}'. "
            "Expected: '[header name]:[header value]'"
        )
    named = parts[0].strip()
    if not named or re.search(r"\s", named):
        raise ConfigError(
            f"Invalid header name '{named}'. The '[header name]' cannot contain whitespace"
        )
