"""Definitions of settings: what there is, how it is parsed, and what is wrong with given values."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self, cast

from penstock.sdk.checks import Check, ListCheck, described
from penstock.sdk.class_names import ClassRef
from penstock.sdk.config_types import (
    NO_DEFAULT,
    ConfigType,
    Importance,
    Width,
    parse_type,
    to_text,
)
from penstock.sdk.errors import ConfigError

log = logging.getLogger(__name__)


class Recommender(Protocol):
    """Suggests values of a setting and says whether it matters, from the other settings."""

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        """Values to offer; an empty sequence when there is nothing to suggest."""
        ...

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        """Whether the setting has an effect, given the others."""
        ...


@dataclass(frozen=True)
class ConfigKey:
    """One setting. The default is a value of the type, or text that is parsed to one."""

    name: str
    type: ConfigType
    default: Any = NO_DEFAULT
    check: Check | None = None
    importance: Importance = Importance.MEDIUM
    doc: str = ""
    group: str | None = None
    order: int = -1
    width: Width = Width.NONE
    display_name: str = ""
    dependents: tuple[str, ...] = ()
    recommender: Recommender | None = None

    def __post_init__(self) -> None:
        if not self.display_name:
            object.__setattr__(self, "display_name", self.name)
        if self.has_default:
            object.__setattr__(self, "default", self._parsed_default())
            if self.check is not None:
                self.check(self.name, self.default)

    @property
    def has_default(self) -> bool:
        """Whether the setting may be left out."""
        return self.default is not NO_DEFAULT

    def _parsed_default(self) -> Any:
        default = self.default
        if self.type is ConfigType.CLASS and isinstance(default, str):
            return ClassRef(default)  # looked up when it is needed
        if self.type in (ConfigType.INT, ConfigType.SHORT) and type(default) is int:
            return parse_type(self.name, str(default), self.type)
        return parse_type(self.name, default, self.type)


@dataclass
class ConfigValue:
    """What validation found out about a setting; checks of a connector may add to it."""

    name: str
    value: Any = None
    recommended_values: list[Any] = field(default_factory=list[Any])
    errors: list[str] = field(default_factory=list[str])
    visible: bool = True

    def add_error(self, error: str | Exception) -> None:
        """Note one thing that is wrong."""
        self.errors.append(str(error))


def missing(name: str) -> ConfigError:
    """The error for a setting that is required and not there."""
    return ConfigError(f'Missing required configuration "{name}" which has no default value.')


class ConfigDef:
    """Settings in the order they were defined."""

    def __init__(self, keys: Iterable[ConfigKey] = ()) -> None:
        self.keys: dict[str, ConfigKey] = {}
        self.groups: list[str] = []
        for key in keys:
            self.define(key)

    def define(self, key: ConfigKey) -> Self:
        """Add a setting."""
        if key.name in self.keys:
            raise ConfigError(f"Configuration {key.name} is defined twice.")
        if key.group is not None and key.group not in self.groups:
            self.groups.append(key.group)
        self.keys[key.name] = key
        return self

    def copy(self) -> ConfigDef:
        """The same definitions, to which more may be added."""
        return ConfigDef(self.keys.values())

    def sorted_keys(self) -> list[ConfigKey]:
        """As documentation shows them: by group and order, what is required and important first."""
        groups = {None: -1} | {group: i for i, group in enumerate(self.groups)}
        importance = list(Importance)
        return sorted(
            self.keys.values(),
            key=lambda key: (
                groups[key.group],
                key.order,
                key.has_default,
                importance.index(key.importance),
                key.name,
            ),
        )

    def embed(self, prefix: str, group: str, order: int, inner: ConfigDef) -> None:
        """Add the settings of another definition under a prefix, in a group of their own."""
        for i, key in enumerate(inner.sorted_keys()):
            self.define(
                replace(
                    key,
                    name=prefix + key.name,
                    check=key.check and _embedded_check(prefix, key.check),
                    group=group if key.group is None else f"{group}: {key.group}",
                    order=order + i,
                    dependents=tuple(prefix + name for name in key.dependents),
                    recommender=key.recommender and _Embedded(prefix, key.recommender),
                )
            )

    def parse(self, properties: Mapping[str, Any]) -> dict[str, Any]:
        """The value of every setting. Raises `ConfigError` at the first that is wrong."""
        undefined = self._undefined_dependents()
        if undefined:
            raise ConfigError(
                "Some configurations in are referred in the dependents, but not defined: "
                + ",".join(undefined)
            )
        return {name: self._parsed(key, properties) for name, key in self.keys.items()}

    def _parsed(self, key: ConfigKey, properties: Mapping[str, Any]) -> Any:
        if key.name in properties:
            value = parse_type(key.name, properties[key.name], key.type)
        elif key.has_default:
            value = key.default
        else:
            raise missing(key.name)
        if isinstance(key.check, ListCheck) and isinstance(value, list):
            value = _without_duplicates(key.name, cast("list[Any]", value))
        if key.check is not None:
            key.check(key.name, value)
        return value

    def validate(self, properties: Mapping[str, Any]) -> list[ConfigValue]:
        """What is to be said about every setting, in order of definition; raises for none."""
        values = {name: ConfigValue(name) for name in self.keys}
        for name in self._undefined_dependents():
            error = f"{name} is referred in the dependents, but not defined."
            values[name] = ConfigValue(name, errors=[error], visible=False)
        parsed: dict[str, Any] = {}
        roots = self._without_parent()
        for name in roots:
            self._parse_into(name, properties, parsed, values)
        for name in roots:
            self._recommend(name, parsed, values)
        return list(values.values())

    def _parse_into(
        self,
        name: str,
        properties: Mapping[str, Any],
        parsed: dict[str, Any],
        values: dict[str, ConfigValue],
    ) -> None:
        key = self.keys.get(name)
        if key is None:
            return
        found = values[name]
        value = None
        try:
            if name in properties:
                value = parse_type(name, properties[name], key.type)
            elif key.has_default:
                value = key.default
            else:
                raise missing(name)
        except ConfigError as error:
            found.add_error(error)
        if key.check is not None:
            try:
                key.check(name, value)
            except ConfigError as error:
                found.add_error(error)
        found.value = parsed[name] = value
        for dependent in key.dependents:
            self._parse_into(dependent, properties, parsed, values)

    def _recommend(
        self, name: str, parsed: Mapping[str, Any], values: dict[str, ConfigValue]
    ) -> None:
        key = self.keys.get(name)
        if key is None:
            return
        if key.recommender is not None:
            try:
                found = values[name]
                offered = list(key.recommender.valid_values(name, parsed))
                earlier = found.recommended_values
                found.recommended_values = (
                    [value for value in offered if value in earlier] if earlier else offered
                )
                found.visible = key.recommender.visible(name, parsed)
            except ConfigError as error:
                values[name].add_error(error)
        for dependent in key.dependents:
            self._recommend(dependent, parsed, values)

    def _undefined_dependents(self) -> list[str]:
        named = (name for key in self.keys.values() for name in key.dependents)
        return list(dict.fromkeys(name for name in named if name not in self.keys))

    def _without_parent(self) -> list[str]:
        dependent = {name for key in self.keys.values() for name in key.dependents}
        return [name for name in self.keys if name not in dependent]

    parse_type = staticmethod(parse_type)
    to_text = staticmethod(to_text)


def _embedded_check(prefix: str, check: Check) -> Check:
    @described(str(check))
    def embedded(name: str, value: Any) -> None:
        check(name.removeprefix(prefix), value)

    return embedded


@dataclass(frozen=True)
class _Embedded:
    """A recommender that is told of the settings below a prefix, without it."""

    prefix: str
    inner: Recommender

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        return self.inner.valid_values(name.removeprefix(self.prefix), self._below(parsed))

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        return self.inner.visible(name.removeprefix(self.prefix), self._below(parsed))

    def _below(self, parsed: Mapping[str, Any]) -> dict[str, Any]:
        prefix = self.prefix
        return {n[len(prefix) :]: value for n, value in parsed.items() if n.startswith(prefix)}


def _without_duplicates(name: str, value: list[Any]) -> list[Any]:
    kept = list(dict.fromkeys(value))
    if len(kept) < len(value):
        log.warning(
            'Configuration key "%s" contains duplicate values. Duplicates will be removed. '
            "The original value is: %s, the updated value is: %s",
            name,
            value,
            kept,
        )
    return kept
