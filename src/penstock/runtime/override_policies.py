"""Which client settings may a connector override with `producer.override.` and its like?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar, Protocol

from penstock.sdk.errors import ConfigError

_PACKAGE = "org.apache.kafka.connect.connector.policy."


class OverridePolicy(Protocol):
    """Judges the overrides of one client at a time."""

    def violations(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Refused setting (without prefix) -> the sentence that says so."""
        ...


class NamedPolicy:
    """A policy that allows settings by name; `None` allows all of them."""

    def __init__(self, alias: str, allowed: Iterable[str] | None) -> None:
        self.alias = alias
        self.allowed = None if allowed is None else frozenset(allowed)

    def violations(self, overrides: Mapping[str, str]) -> dict[str, str]:
        allowed = self.allowed
        if allowed is None:
            return {}
        return {name: self._refusal(name) for name in overrides if name not in allowed}

    def _refusal(self, name: str) -> str:
        return (
            f"The '{self.alias}' policy does not allow '{name}' to be overridden "
            "in the connector configuration."
        )


class Policies:
    """The policies a worker can name in `connector.client.config.override.policy`."""

    PRINCIPAL: ClassVar = ("sasl.jaas.config", "sasl.mechanism", "security.protocol")
    ALIASES: ClassVar = ("All", "None", "Principal", "Allowlist")

    @classmethod
    def named(cls, name: str, allowlist: Iterable[str] = ()) -> NamedPolicy:
        """By alias (`All`) or Java class name; `allowlist` is for the policy of that name."""
        alias = name.removeprefix(_PACKAGE).removesuffix("ConnectorClientConfigOverridePolicy")
        allowed: dict[str, Iterable[str] | None] = {
            "All": None,
            "None": (),
            "Principal": cls.PRINCIPAL,
            "Allowlist": allowlist,
        }
        if alias not in allowed:
            raise ConfigError.invalid(
                "connector.client.config.override.policy",
                name,
                f"Use one of {', '.join(cls.ALIASES)}.",
            )
        return NamedPolicy(alias, allowed[alias])
