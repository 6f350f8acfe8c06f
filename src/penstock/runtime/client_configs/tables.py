"""Settings written as a table: one per line, `name TYPE IMPORTANCE default`.

A default of `-` means that the setting is required, `null` that it is unset; nothing at all is the
empty text or list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from penstock.sdk.checks import Check
from penstock.sdk.config import NO_DEFAULT, ConfigDef, ConfigKey, ConfigType, Importance


def settings(
    table: str,
    checks: Mapping[str, Check] | None = None,
    texts: Mapping[str, str] | None = None,
) -> tuple[ConfigKey, ...]:
    """The settings of a table, with checks and documentation for some of them."""
    return tuple(_setting(line, checks or {}, texts or {}) for line in table.strip().splitlines())


def _setting(line: str, checks: Mapping[str, Check], texts: Mapping[str, str]) -> ConfigKey:
    name, kind, importance, *rest = line.split(maxsplit=3)
    default = rest[0].strip() if rest else ""
    return ConfigKey(
        name,
        ConfigType[kind],
        {"-": NO_DEFAULT, "null": None}.get(default, default),
        checks.get(name),
        Importance[importance],
        texts.get(name, ""),
    )


def definition(*groups: Iterable[ConfigKey]) -> ConfigDef:
    """A definition of all of these settings."""
    return ConfigDef(key for group in groups for key in group)
