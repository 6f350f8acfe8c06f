"""What the REST server is told by the worker's configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from penstock import KAFKA_VERSION
from penstock.sdk.errors import ConfigError

_LISTENER = re.compile(r"(.*)://\[?([0-9a-zA-Z\-%._:]*)\]?:(-?[0-9]+)")
_ACTIONS = {"set": "set", "add": "add", "setdate": "setDate", "adddate": "addDate"}


class Listener(msgspec.Struct, frozen=True):
    """Where to listen; an empty host is every interface, port 0 any free port."""

    scheme: str
    host: str
    port: int


class HeaderRule(msgspec.Struct, frozen=True):
    """A header to put into each answer; the value of a date is milliseconds from now."""

    action: str
    name: str
    value: str


class RestSettings(msgspec.Struct, frozen=True):
    """Everything the REST server can be told."""

    listeners: Sequence[Listener] = (Listener("http", "", 8083),)
    admin_listeners: Sequence[Listener] | None = None  # None: on the main listeners; empty: nowhere
    advertised_host: str | None = None
    advertised_port: int | None = None
    advertised_listener: str | None = None
    allowed_origins: Sequence[str] = ()
    allowed_methods: Sequence[str] = ("GET", "HEAD", "POST")
    response_headers: Sequence[HeaderRule] = ()
    extensions: Sequence[str] = ()
    topic_tracking: bool = True
    topic_tracking_reset: bool = True
    version: str = KAFKA_VERSION
    commit: str = "unknown"
    request_timeout_seconds: float = 90.0
    health_timeout_seconds: float = 10.0
    body_bytes_max: int = 32 * 1024 * 1024
    ssl: Mapping[str, str] = {}  # settings as a listener sees them, prefixes stripped
    admin_ssl: Mapping[str, str] = {}


def rest_settings(properties: Mapping[str, str]) -> RestSettings:
    """Settings from a worker's properties. Raises ConfigError."""
    admin = properties.get("admin.listeners")
    methods = split(properties.get("access.control.allow.methods", ""))
    advertised = properties.get("rest.advertised.listener")
    if advertised is not None and advertised.lower() not in ("http", "https"):
        detail = 'Listener protocol must be either "http" or "https".'
        raise ConfigError.invalid("rest.advertised.listener", advertised, detail)
    return RestSettings(
        listeners=listeners("listeners", properties.get("listeners", "http://:8083")),
        admin_listeners=None if admin is None else _admin_listeners(admin),
        advertised_host=properties.get("rest.advertised.host.name") or None,
        advertised_port=_port(properties.get("rest.advertised.port")),
        advertised_listener=advertised.lower() if advertised else None,
        allowed_origins=_origins(properties.get("access.control.allow.origin", "")),
        allowed_methods=sorted(methods) or ("GET", "HEAD", "POST"),
        response_headers=header_rules(properties.get("response.http.headers.config", "")),
        extensions=split(properties.get("rest.extension.classes", "")),
        topic_tracking=_flag(properties, "topic.tracking.enable"),
        topic_tracking_reset=_flag(properties, "topic.tracking.allow.reset"),
        ssl=ssl_settings(properties, "listeners.https."),
        admin_ssl=ssl_settings(properties, "admin.listeners.https."),
    )


def _admin_listeners(text: str) -> Sequence[Listener]:
    return listeners("admin.listeners", text) if text.strip() else ()


def listeners(name: str, text: str) -> list[Listener]:
    """`http://host:port, …`."""
    found = [listener(name, item) for item in text.split(",")]
    if len(set(found)) < len([it for it in found if it.port != 0 or found.count(it) == 1]):
        raise ConfigError.invalid(name, text, "Each listener may be given only once.")
    return found


def listener(name: str, text: str) -> Listener:
    """One listener."""
    match = _LISTENER.match(text.strip())
    if match is None:
        detail = "Listener doesn't have the right format (protocol://hostname:port)."
        raise ConfigError.invalid(name, text.strip(), detail)
    scheme, port = match[1].lower(), int(match[3])
    if scheme not in ("http", "https"):
        detail = 'Listener protocol must be either "http" or "https".'
        raise ConfigError.invalid(name, text.strip(), detail)
    if not 0 <= port <= 65535:
        raise ConfigError.invalid(name, text.strip(), "The port must be between 0 and 65535.")
    return Listener(scheme, match[2], port)


def _origins(text: str) -> list[str]:
    """`*` or Java patterns; those that are none are refused here, before anything listens."""
    found = split(text)
    if found:
        from penstock.sdk.java_regex import valid_regex

        for origin in found:
            if origin != "*":
                valid_regex("access.control.allow.origin", origin)
    return found


def _port(text: str | None) -> int | None:
    if text is None or not text.strip():
        return None
    try:
        return int(text)
    except ValueError:
        detail = "Not a number of type INT"
        raise ConfigError.invalid("rest.advertised.port", text, detail) from None


def _flag(properties: Mapping[str, str], name: str) -> bool:
    return properties.get(name, "true").strip().lower() == "true"


def split(text: str) -> list[str]:
    """A comma-separated list without blanks and empty elements."""
    return [item.strip() for item in text.split(",") if item.strip()]


def ssl_settings(properties: Mapping[str, str], prefix: str) -> dict[str, str]:
    """Settings below the prefix, or the unprefixed `ssl.*` when there are none."""
    own = {k.removeprefix(prefix): v for k, v in properties.items() if k.startswith(prefix)}
    return own or {k: v for k, v in properties.items() if k.startswith("ssl.")}


def header_rules(text: str) -> list[HeaderRule]:
    """`set X-Frame-Options: DENY, "add Cache-Control: no-cache, no-store"`."""
    if not text.strip():
        return []
    return [_header_rule(rule, text) for rule in _rules(text)]


def _rules(text: str) -> list[str]:
    """Split at commas that do not stand between double quotes."""
    parts, quoted = [""], False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _header_rule(rule: str, text: str) -> HeaderRule:
    def wrong(detail: str) -> ConfigError:
        return ConfigError.invalid("response.http.headers.config", text, detail)

    if not rule:
        raise wrong("A header rule must not be empty.")
    action, _, header = rule.partition(" ")
    if action.lower() not in _ACTIONS:
        expected = ", ".join(_ACTIONS.values())
        raise wrong(f"The action of the header rule {rule!r} must be one of {expected}.")
    if header.count(":") != 1:
        raise wrong(f"The header rule {rule!r} must have one ':' between name and value.")
    name, _, value = (part.strip() for part in header.partition(":"))
    if not name or any(c.isspace() for c in name):
        raise wrong(f"The header name in {rule!r} must not be empty or contain blanks.")
    kind = _ACTIONS[action.lower()]
    if kind.endswith("Date") and not value.lstrip("-").isdigit():
        raise wrong(f"The value in {rule!r} must be a number of milliseconds.")
    return HeaderRule(kind, name, value)
