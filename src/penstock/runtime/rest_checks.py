"""Checks of the settings about listeners and response headers."""

from __future__ import annotations

import csv
import re
from typing import Any, cast

from penstock.sdk.checks import described
from penstock.sdk.errors import ConfigError

HEADER_ACTIONS = ("set", "add", "setDate", "addDate")
_EXAMPLE = "http://localhost:8080,https://localhost:8443"


@described(f"List of comma-separated URLs, ex: {_EXAMPLE}.")
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
    if any(not str(entry).strip() for entry in cast("list[str]", value)):
        raise ConfigError("Empty URL found when parsing listeners list.")


@described(
    "Comma-separated header rules, where each header rule is of the form "
    "'[action] [header name]:[header value]' and optionally surrounded by double quotes "
    "if any part of a header rule contains a comma"
)
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
