"""References in settings, `${provider:path:key}`: finding them and putting values in their place.

A value may mix several references with other text. What a provider returns is not searched again,
and a reference nobody answers stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct, field

from penstock.runtime.log_context import discreet
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed
from penstock.sdk.redaction import SECRETS, is_harmless

Texts = Mapping[str, str | None]

_REFERENCE = re.compile(r"\$\{([^}]*?):(?:([^}]*?):)?([^}]*?)\}")


class Resolved(Struct, frozen=True):
    """Settings with values in place of references; milliseconds until those of a path expire.

    `secrets` are the values that must be shown nowhere, and the references they came from.
    """

    config: dict[str, str | None]
    ttls_ms: dict[str, int] = field(default_factory=dict[str, int])
    secrets: dict[str, str] = field(default_factory=dict[str, str])


def has_reference(text: str | None) -> bool:
    """Whether a value contains a reference."""
    return text is not None and _REFERENCE.search(text) is not None


def resolve(config: Texts, providers: Mapping[str, ConfigProvider[Any]]) -> Resolved:
    """Ask each provider once per path. Raises what providers raise.

    What is secret of the values is kept out of logs and messages from here on.
    """
    wanted: dict[tuple[str, str], set[str]] = {}
    for text in config.values():
        for found in _REFERENCE.finditer(text or ""):
            wanted.setdefault((found[1], found[2] or ""), set()).add(found[3])
    if not wanted:
        return Resolved(dict(config))
    answers: dict[tuple[str, str], ConfigData] = {
        (name, path): _asked(providers[name], name, path, keys)
        for (name, path), keys in wanted.items()
        if name in providers
    }

    secrets: dict[str, str] = {}

    def put_in(setting: str, text: str) -> str:
        def value(found: re.Match[str]) -> str:
            answer = answers.get((found[1], found[2] or ""))
            looked_up = None if answer is None else answer.data.get(found[3])
            whole = found[0] == text.strip()
            if looked_up is not None and not is_harmless(setting, found[3], whole=whole):
                secrets[looked_up] = found[0]
            return found[0] if looked_up is None else looked_up

        return _REFERENCE.sub(value, text)

    resolved = {n: None if text is None else put_in(n, text) for n, text in config.items()}
    SECRETS.learn(secrets)
    return Resolved(
        resolved,
        {
            path: answer.ttl_ms
            for (_, path), answer in answers.items()
            if answer.ttl_ms is not None and answer.ttl_ms >= 0
        },
        secrets,
    )


def _asked(
    provider: ConfigProvider[Any], name: str, path: str, keys: Collection[str]
) -> ConfigData:
    try:
        with discreet():
            return provider.get(path, keys)
    except LookupFailed as error:
        wanted = " and ".join(
            f"${{{':'.join((name, *([path] if path else ()), k))}}}" for k in sorted(keys)
        )
        text = f"The config provider {name} has no value for {wanted}: {error}."
        raise (ConnectError if error.passing else ConfigError)(text) from error
