"""References in settings, `${provider:path:key}`: finding them and putting values in their place.

A value may mix several references with other text. What a provider returns is not searched again,
and a reference nobody answers stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

Texts = Mapping[str, str | None]

_REFERENCE = re.compile(r"\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}")


@dataclass(frozen=True)
class Resolved:
    """Settings with values in place of references; milliseconds until those of a path expire."""

    config: dict[str, str | None]
    ttls_ms: dict[str, int] = field(default_factory=dict[str, int])


def has_reference(text: str | None) -> bool:
    """Whether a value contains a reference."""
    return text is not None and _REFERENCE.search(text) is not None


def resolve(config: Texts, providers: Mapping[str, ConfigProvider[Any]]) -> Resolved:
    """Ask each provider once per path. Raises what providers raise."""
    wanted: dict[tuple[str, str], set[str]] = {}
    for text in config.values():
        for found in _REFERENCE.finditer(text or ""):
            wanted.setdefault((found[1], found[2] or ""), set()).add(found[3])
    answers: dict[tuple[str, str], ConfigData] = {
        (name, path): _asked(providers[name], name, path, keys)
        for (name, path), keys in wanted.items()
        if name in providers
    }

    def value(found: re.Match[str]) -> str:
        answer = answers.get((found[1], found[2] or ""))
        looked_up = None if answer is None else answer.data.get(found[3])
        return found[0] if looked_up is None else looked_up

    return Resolved(
        {n: None if text is None else _REFERENCE.sub(value, text) for n, text in config.items()},
        {
            path: answer.ttl_ms
            for (_, path), answer in answers.items()
            if answer.ttl_ms is not None and answer.ttl_ms >= 0
        },
    )


def _asked(
    provider: ConfigProvider[Any], name: str, path: str, keys: Collection[str]
) -> ConfigData:
    try:
        return provider.get(path, keys)
    except LookupFailed as error:
        wanted = " and ".join(
            f"${{{':'.join((name, *([path] if path else ()), k))}}}" for k in sorted(keys)
        )
        text = f"The config provider {name} has no value for {wanted}: {error}."
        raise (ConnectError if error.passing else ConfigError)(text) from error


def with_references(raw: Texts, derived: Mapping[str, str]) -> dict[str, str]:
    """Task settings as they are stored: what a connector copied from a setting with a reference
    is the reference again, so that no secret is written to Kafka."""
    return {
        name: text if has_reference(text := raw.get(name)) and text is not None else value
        for name, value in derived.items()
    }
