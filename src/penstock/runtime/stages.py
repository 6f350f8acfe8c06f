"""The transformations of a connector, each with the predicate that says which records it is for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar

from penstock.runtime.connector_config import aliases
from penstock.runtime.error_text import headline
from penstock.runtime.plugins import TransformStage
from penstock.sdk.columns import Columns, as_columns
from penstock.sdk.config import Config, ConfigDef, ConfigKey, ConfigType, config_class
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record
from penstock.sdk.transform import Transform

R = TypeVar("R", bound=Record)

Properties = Mapping[str, str]

_OWN: Final = ("type", "plugin.version", "predicate", "negate")
_OWN_OF_PREDICATES: Final = ("type", "plugin.version")
_KINDS: Final = {"transforms": "Transformation", "predicates": "Predicate"}


class NamedPlugin(Protocol):
    """A plugin that has been found: the name that clients know it by, and its class."""

    @property
    def name(self) -> str: ...
    def load(self) -> type[Any]: ...


class ChainPlugins(Protocol):
    """Finds the classes that a configuration names. Raises `LookupError` when there is none."""

    def transform(self, name: str, version: str | None) -> NamedPlugin: ...
    def predicate(self, name: str, version: str | None) -> NamedPlugin: ...


class TransformLink:
    """One transformation of a chain."""

    def __init__(
        self,
        class_name: str,
        transform: Transform[Any],
        predicate: Predicate[Any] | None = None,
        *,
        negate: bool = False,
    ) -> None:
        self.class_name = class_name
        self._transform = transform
        self._predicate = predicate
        self._wanted = not negate

    def apply(self, records: Sequence[R]) -> Sequence[R]:
        """The records that take the place of these; those it is not for are handed on."""
        if self._predicate is None:
            return self._transformed(records)
        holds = self._predicate.matches(records)
        if all(held is self._wanted for held in holds):
            return self._transformed(records)
        if not any(held is self._wanted for held in holds):
            return records
        changed: list[R] = []
        for held, run in groupby(zip(holds, records, strict=True), key=lambda pair: pair[0]):
            group = [record for _, record in run]
            changed += self._transform.apply(group) if held is self._wanted else group
        return changed

    def _transformed(self, records: Sequence[R]) -> Sequence[R]:
        if isinstance(records, Columns):
            found = self._transform.apply_columns(records)
            return self._transform.apply(records.records()) if found is None else found
        return self._transform.apply(records)

    def close(self) -> None:
        """Release what transformation and predicate hold."""
        with ExitStack() as stack:
            if self._predicate is not None:
                stack.callback(self._predicate.close)
            stack.callback(self._transform.close)


class TransformChain:
    """All transformations of a task. One instance serves one task, on one thread."""

    def __init__(self, links: Sequence[TransformLink] = ()) -> None:
        self.stages = tuple(links)

    @classmethod
    def build(cls, properties: Properties, plugins: ChainPlugins) -> TransformChain:
        """The chain that a connector configures.

        Raises `ConfigError` for settings that are wrong by themselves, and `ConnectError` for
        plugins that do not exist or refuse their settings; then nothing is left open.
        """
        found = _all_found(properties, "transforms", plugins.transform)
        predicates = _all_found(properties, "predicates", plugins.predicate)
        parts = [_checked(properties, prefix, plugin) for prefix, plugin in found.items()]
        for prefix, plugin in predicates.items():
            _check_options(properties, prefix, plugin, _OWN_OF_PREDICATES)
        with ExitStack() as opened:
            links: list[TransformLink] = []
            for part in parts:
                links.append(part.link(properties, predicates))
                opened.callback(links[-1].close)
            opened.pop_all()
        return cls(links)

    def apply(self, records: Sequence[R]) -> list[R]:
        """The records that come out at the end. Raises for the whole batch."""
        return list(transformed(self.stages, records))

    def close(self) -> None:
        """Release what the transformations hold; each is closed even if one fails to."""
        with ExitStack() as stack:
            for stage in self.stages:
                stack.callback(stage.close)


def transformed(stages: Sequence[TransformStage], records: Sequence[R]) -> Sequence[R]:
    """A whole batch through all stages: as columns, for as long as these can do without records."""
    if stages:
        records = as_columns(records)
    for stage in stages:
        records = stage.apply(records)
    return records


class _Part:
    """The settings of one transformation, each checked by itself."""

    def __init__(
        self, plugin: NamedPlugin, options: Properties, predicate: str | None, *, negate: bool
    ) -> None:
        self._plugin = plugin
        self._options = options
        self._predicate = predicate
        self._negate = negate

    def link(self, properties: Properties, predicates: Mapping[str, NamedPlugin]) -> TransformLink:
        try:
            transform = _made(self._plugin, self._options)
            predicate = None
            if self._predicate is not None:
                predicate = _predicate(properties, f"predicates.{self._predicate}.", predicates)
        except Exception as error:
            raise ConnectError(headline(error)) from error
        return TransformLink(self._plugin.name, transform, predicate, negate=self._negate)


def _aliases(properties: Properties, setting: str, kind: str) -> list[str]:
    key = ConfigKey(setting, ConfigType.LIST, "", aliases(kind))
    listed: list[str] = ConfigDef([key]).parse(properties)[setting]
    return listed


def _all_found(properties: Properties, setting: str, find: Any) -> dict[str, NamedPlugin]:
    """The plugin of each alias, by the prefix of its settings."""
    kind = _KINDS[setting]
    named = _aliases(properties, setting, f"{kind.lower()} aliases")
    return {
        prefix: _found(find, properties, prefix, kind)
        for prefix in (f"{setting}.{alias}." for alias in named)
    }


def _found(find: Any, properties: Properties, prefix: str, kind: str) -> NamedPlugin:
    name = properties.get(prefix + "type")
    if name is None:
        raise ConfigError.invalid(prefix + "type", None, f"Not a {kind}")
    try:
        return find(name.strip(), properties.get(prefix + "plugin.version"))
    except LookupError as error:
        detail = f"Class {name} could not be found."
        raise ConfigError.invalid(prefix + "type", name, detail) from error


def _checked(properties: Properties, prefix: str, plugin: NamedPlugin) -> _Part:
    if prefix + "negate" in properties and prefix + "predicate" not in properties:
        raise ConfigError(
            f"Config '{prefix}negate' was provided but there is no config '{prefix}predicate' "
            "defining a predicate to be negated."
        )
    _check_options(properties, prefix, plugin, _OWN)
    own = ConfigDef(
        [
            ConfigKey(prefix + "predicate", ConfigType.STRING, None),
            ConfigKey(prefix + "negate", ConfigType.BOOLEAN, False),
        ]
    ).parse(properties)
    options = _options(properties, prefix, _OWN)
    return _Part(plugin, options, own[prefix + "predicate"], negate=own[prefix + "negate"])


def _options(properties: Properties, prefix: str, own: Sequence[str]) -> dict[str, str]:
    """The settings of the plugin itself, without the prefix."""
    names = (name for name in properties if name.startswith(prefix))
    options = {name.removeprefix(prefix): properties[name] for name in names}
    return {name: value for name, value in options.items() if name not in own}


def _check_options(
    properties: Properties, prefix: str, plugin: NamedPlugin, own: Sequence[str]
) -> None:
    """Parse the plugin's options under their full names, for errors that name them so."""
    inner = config_class(plugin.load()).definition()
    masked = ConfigDef(key for key in inner.keys.values() if key.name not in own)
    definition = ConfigDef()
    definition.embed(prefix, "", 0, masked)
    definition.parse(properties)


def _made(plugin: NamedPlugin, options: Properties) -> Any:
    kind = plugin.load()
    settings: type[Config] = config_class(kind)
    return kind(settings.parse(options))


def _predicate(
    properties: Properties, prefix: str, predicates: Mapping[str, NamedPlugin]
) -> Predicate[Any]:
    if prefix not in predicates:
        unknown = ConfigError(f"Unknown configuration '{prefix}plugin.version'")
        raise ConnectError(headline(unknown)) from unknown
    return _made(predicates[prefix], _options(properties, prefix, _OWN_OF_PREDICATES))
