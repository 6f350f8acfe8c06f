"""The connector files named on the command line of a standalone worker: JSON or properties."""

from __future__ import annotations

import json
from typing import Any, NoReturn, cast

import msgspec

from penstock.runtime.properties import load_properties
from penstock.sdk.errors import ConnectError

INITIAL_STATES = ("RUNNING", "PAUSED", "STOPPED")


class ConnectorFile(msgspec.Struct, frozen=True):
    """A connector to be created."""

    name: str
    config: dict[str, str | None]
    initial_state: str | None = None


def parse_connector_file(content: bytes, path: str) -> ConnectorFile:
    """What a file's bytes say; `path` is for messages. The name's extension does not matter."""
    parsed = _json(content)
    flat = _texts(parsed)
    if flat is not None:
        return _named(flat, path)
    request = _request(parsed, path)
    if request is not None:
        return request
    return _named(dict(load_properties(content)), path)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content, parse_int=_Number, parse_float=_Number, parse_constant=_refuse)
    except ValueError:  # no JSON, or no UTF-8
        return None


class _Number(str):
    """A JSON number as it was written."""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _texts(parsed: Any) -> dict[str, str | None] | None:
    """An object as a flat configuration; None when a member is no scalar."""
    if not isinstance(parsed, dict):
        return None
    members = cast("dict[str, Any]", parsed)
    if any(isinstance(value, dict | list) for value in members.values()):
        return None
    return {name: _text(value) for name, value in members.items()}


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if value is None else str(value)


def _named(config: dict[str, str | None], path: str) -> ConnectorFile:
    name = config.get("name")
    if name is None:
        raise ConnectError(
            f"Connector configuration at '{path}' is missing the mandatory 'name' configuration"
        )
    return ConnectorFile(name, config)


def _request(parsed: Any, path: str) -> ConnectorFile | None:
    """The body of a creation request, as the REST interface takes it."""
    if not isinstance(parsed, dict):
        return None
    members = cast("dict[str, Any]", parsed)
    name, state = members.get("name"), members.get("initial_state")
    config = _texts(members.get("config"))
    if config is None or not isinstance(name, str):
        return None
    if state is not None and str(state).upper() not in INITIAL_STATES:
        return None
    if config.setdefault("name", name) != name:
        raise ConnectError(
            "Connector name configuration in 'config' doesn't match the one specified in 'name' "
            f"at '{path}'"
        )
    return ConnectorFile(name, config, None if state is None else str(state).upper())
