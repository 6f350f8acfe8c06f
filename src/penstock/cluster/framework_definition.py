"""The framework's settings of one connector: with its transformations, predicates and versions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from penstock.cluster.catalog import CONNECTORS, Catalog, NoSuchVersion, Plugin, PluginKind
from penstock.cluster.interface_texts import Texts, texts_of
from penstock.runtime.connector_config import ConnectorConfig, ensure_concrete
from penstock.runtime.plugin_versions import VersionError, version_requirement
from penstock.sdk.checks import described
from penstock.sdk.config import (
    ClassRef,
    ConfigDef,
    ConfigError,
    ConfigKey,
    ConfigType,
    Importance,
    Width,
    config_class,
    parse_type,
)
from penstock.sdk.predicate import Predicate
from penstock.sdk.transform import Transform

Properties = Mapping[str, str | None]
CONVERTERS = {
    "key.converter": PluginKind.CONVERTER,
    "value.converter": PluginKind.CONVERTER,
    "header.converter": PluginKind.HEADER_CONVERTER,
}
_VERSION = ".plugin.version"


@dataclass(frozen=True)
class Aliased:
    """Plugins that a connector lists by aliases and configures under them."""

    setting: str
    group: str
    kind: PluginKind
    base: type[Any]
    own: ConfigDef

    @property
    def interface(self) -> str:
        return self.kind.interface


TRANSFORMS = Aliased(
    "transforms",
    "Transforms",
    PluginKind.TRANSFORMATION,
    Transform,
    ConfigDef(
        [
            ConfigKey(
                "predicate",
                ConfigType.STRING,
                None,
                doc="Alias of the predicate that says to which records the transformation applies.",
            ),
            ConfigKey(
                "negate",
                ConfigType.BOOLEAN,
                False,
                doc="Whether the transformation applies where the predicate does not hold.",
            ),
        ]
    ),
)
PREDICATES = Aliased("predicates", "Predicates", PluginKind.PREDICATE, Predicate, ConfigDef())


@dataclass(frozen=True)
class Classes:
    """Recommends the installed classes of some kinds."""

    catalog: Catalog
    kind: PluginKind

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        names = dict.fromkeys(plugin.name for plugin in self.catalog.plugins(self.kind))
        return [ClassRef(name) for name in names]

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        return True


@dataclass(frozen=True)
class Versions:
    """Recommends the installed versions of the class that another setting names."""

    catalog: Catalog
    setting: str
    kinds: Collection[PluginKind]
    always_visible: bool = True

    def valid_values(self, name: str, parsed: Mapping[str, Any]) -> Sequence[Any]:
        named = parsed.get(self.setting)
        return [] if named is None else self.catalog.versions(str(named), self.kinds)

    def visible(self, name: str, parsed: Mapping[str, Any]) -> bool:
        return self.always_visible or parsed.get(self.setting) is not None


def framework_definition(
    base: type[ConnectorConfig],
    catalog: Catalog,
    properties: Properties,
    converters: Mapping[str, str],
) -> ConfigDef:
    """The settings, with the worker's converters as defaults; plain ones without parts."""
    replaced = {
        "connector.plugin.version": _version_of(
            catalog, properties.get("connector.class"), CONNECTORS
        ),
    }
    definition = ConfigDef()
    for key in base.definition().keys.values():
        definition.define(_with_choices(base, key, catalog, properties, converters, replaced))
    if base is not ConnectorConfig:
        for aliased in (TRANSFORMS, PREDICATES):
            _add_aliased(definition, aliased, catalog, properties)
    return definition


def connector_texts(catalog: Catalog, connector: Plugin, properties: Properties) -> Texts:
    """What describes the settings of a connector and the framework's, where Java has the class."""
    found = {**texts_of(connector.kind.value), **texts_of(connector.name)}
    for aliased in (TRANSFORMS, PREDICATES):
        for alias in _aliases(aliased, properties):
            prefix = f"{aliased.setting}.{alias}."
            ref = catalog.find_class((properties.get(prefix + "type") or "").strip())
            texts = dict(texts_of(aliased.kind.value))
            if ref is not None:
                texts |= texts_of(ref.name)
            found |= {prefix + name: text for name, text in texts.items()}
    return found


def _aliases(aliased: Aliased, properties: Properties) -> Iterable[str]:
    listed = parse_type(aliased.setting, properties.get(aliased.setting), ConfigType.LIST)
    return dict.fromkeys(listed or ())


def _with_choices(
    base: type[ConnectorConfig],
    key: ConfigKey,
    catalog: Catalog,
    properties: Properties,
    converters: Mapping[str, str],
    defaults: Mapping[str, str | None],
) -> ConfigKey:
    if key.name == "connector.plugin.version":
        versions = Versions(catalog, "connector.class", CONNECTORS)
        return replace(key, default=defaults[key.name], recommender=versions)
    if base is ConnectorConfig:
        return _plain(key, catalog)
    if key.name in CONVERTERS:
        kind = CONVERTERS[key.name]
        found = catalog.find_class(converters.get(key.name, ""))
        return replace(key, check=key.check, default=found, recommender=Classes(catalog, kind))
    setting = key.name.removesuffix(_VERSION)
    if key.name.endswith(_VERSION) and setting in CONVERTERS:
        named = properties.get(setting)
        kinds = (CONVERTERS[setting],)
        version = _version_of(catalog, converters.get(setting) if named is None else named, kinds)
        versions = Versions(catalog, setting, kinds, always_visible=False)
        return replace(key, default=version, recommender=versions)
    return key


def _plain(key: ConfigKey, catalog: Catalog) -> ConfigKey:
    """Without what the worker and its plugins add; a version matters beside a class only."""
    setting = key.name.removesuffix(_VERSION)
    if setting == key.name or setting not in CONVERTERS:
        return key
    return replace(key, recommender=Versions(catalog, setting, (), always_visible=False))


def _version_of(catalog: Catalog, name: str | None, kinds: Collection[PluginKind]) -> str | None:
    versions = catalog.versions(name, kinds) if name is not None else ()
    return versions[-1] if versions else None


def _add_aliased(
    definition: ConfigDef, aliased: Aliased, catalog: Catalog, properties: Properties
) -> None:
    for alias in _aliases(aliased, properties):
        prefix = f"{aliased.setting}.{alias}."
        group = f"{aliased.group}: {alias}"
        kind = aliased.kind.value
        named = properties.get(prefix + "type")
        wrong_version = _wrong_version(aliased, catalog, prefix, properties)
        definition.define(
            ConfigKey(
                prefix + "type",
                ConfigType.CLASS,
                check=_type_check(aliased, prefix, properties, wrong_version),
                importance=Importance.HIGH,
                doc=f"Class for the '{alias}' {kind}.",
                group=group,
                order=0,
                width=Width.LONG,
                display_name=f"{aliased.interface} type for {alias}",
                recommender=Classes(catalog, aliased.kind),
            )
        )
        definition.define(
            ConfigKey(
                prefix + "plugin.version",
                ConfigType.STRING,
                _version_of(catalog, named, (aliased.kind,)),
                _version_check(wrong_version, properties.get(prefix + "plugin.version")),
                Importance.HIGH,
                f"Version of the '{alias}' {kind}.",
                group,
                1,
                Width.LONG,
                f"{aliased.interface} version for {alias}",
                recommender=Versions(catalog, prefix + "type", (aliased.kind,)),
            )
        )
        own = None if wrong_version else _own_definition(aliased, catalog, named)
        if own is not None:
            definition.embed(prefix, group, 2, own)


def _own_definition(aliased: Aliased, catalog: Catalog, named: str | None) -> ConfigDef | None:
    """The settings of a transformation or predicate; None if its class cannot be used."""
    ref = None if named is None else catalog.find_class(named)
    if ref is None:
        return None
    try:
        found = ensure_concrete(aliased.base, aliased.interface, ref)
    except ConfigError:
        return None
    own = aliased.own.copy()
    for key in config_class(found).definition().keys.values():
        if key.name not in own.keys:
            own.define(key)
    return own


def _wrong_version(
    aliased: Aliased, catalog: Catalog, prefix: str, properties: Properties
) -> str | None:
    """What is wrong with the version asked for, if something is."""
    named, version = properties.get(prefix + "type"), properties.get(prefix + "plugin.version")
    if named is None or version is None:
        return None
    try:
        catalog.plugin(aliased.kind, named.strip(), version)
    except LookupError:
        return None  # of a class that is no plugin there is one version
    except (NoSuchVersion, VersionError) as error:
        return str(error)
    return None


def _version_check(wrong: str | None, asked: str | None) -> Any:
    @described("a version, or a range of versions, that there is")
    def check(name: str, value: Any) -> None:
        version_requirement(name, value)
        if wrong is not None and value == asked:  # the default is checked, too
            raise ConfigError(wrong)

    return check


def _type_check(
    aliased: Aliased, prefix: str, properties: Properties, wrong_version: str | None
) -> Any:
    negate, predicate = prefix + "negate", prefix + "predicate"

    @described(f"valid configs for {prefix} {aliased.kind.value}")
    def check(name: str, value: Any) -> None:
        if aliased is TRANSFORMS and negate in properties and predicate not in properties:
            raise ConfigError(
                f"Config '{negate}' was provided but there is no config '{predicate}' "
                "defining a predicate to be negated."
            )
        if wrong_version is not None:
            raise ConfigError(wrong_version)
        if value is not None:
            ensure_concrete(aliased.base, aliased.interface, value)

    return check
