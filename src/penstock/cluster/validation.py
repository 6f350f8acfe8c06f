"""Validates the configuration of a connector: what `PUT …/config/validate` answers.

Also done before a connector is created or changed. Nothing is started, but plugin code runs: the
connector's checks, and questions about exactly-once support.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.cluster import validation_views as views
from penstock.cluster.catalog import Catalog, NoSuchVersion, Plugin, PluginKind
from penstock.cluster.errors import BadRequest
from penstock.cluster.framework_definition import connector_texts, framework_definition
from penstock.cluster.interface_texts import Texts, texts_of
from penstock.cluster.source_checks import check_exactly_once
from penstock.cluster.views import ConfigInfos
from penstock.runtime.client_configs.clients import ADMIN, CONSUMER, PRODUCER
from penstock.runtime.client_settings import consumer_group
from penstock.runtime.connector_config import ConnectorConfig
from penstock.runtime.dead_letter_config import DEAD_LETTERS, source_settings
from penstock.runtime.error_text import headline
from penstock.runtime.java_order import copied_order, hash_order
from penstock.runtime.override_policies import NamedPolicy, OverridePolicy
from penstock.runtime.sink_config import SinkConnectorConfig, sink_errors
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import (
    Config,
    ConfigDef,
    ConfigError,
    ConfigType,
    ConfigValue,
    config_class,
    parse_type,
    to_text,
)
from penstock.sdk.connector import Connector
from penstock.sdk.errors import ConnectError
from penstock.sdk.redaction import hide, learn_settings

Properties = Mapping[str, str | None]
Resolve = Callable[[Properties], dict[str, str | None]]

REFUSED_MAX = 1000  # classes that were not found are remembered, if they are not more than this

_NULL_VALUE = "Null value can not be supplied as the configuration value."
_CONVERTERS = (
    ("header", PluginKind.HEADER_CONVERTER),
    ("key", PluginKind.CONVERTER),
    ("value", PluginKind.CONVERTER),
)


@dataclass(frozen=True)
class WorkerTraits:
    """What validation has to know of the worker. Without a group the worker is standalone."""

    group_id: str | None = None
    exactly_once: bool = False
    policy: OverridePolicy = field(default_factory=lambda: NamedPolicy("All", None))
    converters: Mapping[str, str] = field(default_factory=dict[str, str])
    ours: Sequence[type[Config]] = ()  # settings that Kafka Connect does not have

    @property
    def distributed(self) -> bool:
        return self.group_id is not None


class Validator:
    """Validates configurations against the plugins of a worker."""

    def __init__(
        self, catalog: Catalog, worker: WorkerTraits, resolve: Resolve = dict[str, str | None]
    ) -> None:
        self._catalog = catalog
        self._worker = worker
        self._resolve = resolve
        self._refused: set[str] = set()

    def validate(self, properties: Properties) -> ConfigInfos:
        """What is to be said about every setting. Raises BadRequest if there is no connector."""
        learn_settings(properties)
        resolved = self._resolve(properties)
        name = resolved.get("connector.class")
        if name is None:
            told = ((k, properties[k]) for k in copied_order(properties))
            shown = ", ".join(f"{k}={'null' if v is None else v}" for k, v in told)
            raise BadRequest(f"Connector config {{{hide(shown)}}} contains no connector type")
        with finding_classes(self._catalog.find_class):
            return views.without_secrets(self._validated(name, resolved), properties)

    def _validated(self, name: str, properties: Properties) -> ConfigInfos:
        try:
            plugin = self._catalog.connector(name, properties.get("connector.plugin.version"))
        except NoSuchVersion as error:
            return self._without_connector(name, properties, str(error))
        except (ConnectError, ConfigError, ValueError) as error:
            raise BadRequest(self._refusal(name, error)) from error
        connector = plugin.load()
        own_names = config_class(connector).definition().keys
        framework = self._framework(plugin.kind, properties, own_names)
        found = self._framework_values(framework, plugin, connector, properties)
        own = config_class(connector).definition()
        own_values = own.validate(properties)
        connector.validate(own_values, _given(properties))
        parts = self._client_overrides(plugin.kind, properties)
        converters = self._converters(found, properties)
        values = [found[name] for name in hash_order(found)] + own_values
        groups = dict.fromkeys([*framework.groups, *own.groups])
        keys = framework.keys | own.keys
        texts = connector_texts(self._catalog, plugin, properties)
        shown = views.result(name, keys, values, list(groups), texts)
        ours = self._wrong_settings_of_ours(own, properties)
        return views.merged(shown, *parts, *converters, *ours)

    def _refusal(self, name: str, error: Exception) -> str:
        """From the second time on, a Java worker names the class of what it remembers."""
        if name in self._refused:
            return headline(error)
        if len(self._refused) < REFUSED_MAX:
            self._refused.add(name)
        return str(error)

    def _wrong_settings_of_ours(
        self, own: ConfigDef, properties: Properties
    ) -> Iterator[ConfigInfos]:
        """Clients of a Java worker are shown these only where there is an error to show."""
        given = _given({k: v for k, v in properties.items() if k not in own.keys})
        for kind in self._worker.ours:
            definition = kind.definition()
            found = definition.validate({k: v for k, v in given.items() if k in definition.keys})
            wrong = [value for value in found if value.errors and value.name in given]
            if wrong:
                yield views.prefixed_result(definition, wrong, "", views.NO_TEXTS)

    def _framework(
        self, kind: PluginKind, properties: Properties, own: Collection[str]
    ) -> ConfigDef:
        sink = kind is PluginKind.SINK
        base = SinkConnectorConfig if sink else source_settings(properties, own)
        return framework_definition(base, self._catalog, properties, self._worker.converters)

    def _framework_values(
        self,
        framework: ConfigDef,
        plugin: Plugin,
        connector: type[Connector[Any]],
        properties: Properties,
    ) -> dict[str, ConfigValue]:
        values = {value.name: value for value in framework.validate(properties)}
        if plugin.kind is PluginKind.SINK:
            for name, error in sink_errors(properties):
                values[name].add_error(error)
            self._check_group(values, properties)
        elif self._worker.distributed:
            supports = self._worker.exactly_once
            check_exactly_once(values, connector, properties, worker_supports=supports)  # type: ignore[arg-type]
        _refuse_nulls(values, properties)
        return values

    def _check_group(self, values: dict[str, ConfigValue], properties: Properties) -> None:
        """A sink's consumers must not join the group of the workers."""
        workers = self._worker.group_id
        if workers is None:
            return
        override = "consumer.override.group.id"
        if override in properties:
            group = properties[override]
            found = values.setdefault(override, ConfigValue(override, group))
            if group == workers:
                found.add_error(
                    f"Consumer group {group} conflicts with Connect worker group {workers}"
                )
            return
        named = values["name"]
        if named.value is not None and consumer_group(named.value) == workers:
            named.add_error(
                f"Consumer group for sink connector named {named.value} conflicts with "
                f"Connect worker group {workers}"
            )

    def _client_overrides(self, kind: PluginKind, properties: Properties) -> list[ConfigInfos]:
        """Of the clients this connector will use."""
        if kind is PluginKind.SINK:
            producer = admin = bool((properties.get(DEAD_LETTERS) or "").strip())
            consumer = True
        else:
            own_offsets = bool((properties.get("offsets.storage.topic") or "").strip())
            consumer = self._worker.distributed and (self._worker.exactly_once or own_offsets)
            producer = True
            letters = bool((properties.get(DEAD_LETTERS) or "").strip())
            admin = (
                consumer
                or letters
                or any(name.startswith("topic.creation.") for name in properties)
            )
        return [
            self._overrides(client, definition, properties)
            for client, definition, used in (
                ("producer", PRODUCER, producer),
                ("consumer", CONSUMER, consumer),
                ("admin", ADMIN, admin),
            )
            if used
        ]

    def _overrides(self, client: str, definition: ConfigDef, properties: Properties) -> ConfigInfos:
        prefix = f"{client}.override."
        given = _below(prefix, properties)
        values: dict[str, Any] = {}
        texts: dict[str, str] = {}
        for name, value in given.items():
            key = definition.keys.get(name)
            kind = ConfigType.STRING if key is None else key.type
            values[name] = value if key is None else parse_type(name, value, kind)
            texts[name] = to_text(values[name], kind) or ""
        refused = self._worker.policy.violations(texts)
        found = [
            ConfigValue(name, value, errors=[refused[name]] if name in refused else [])
            for name, value in values.items()
        ]
        return views.prefixed_result(definition, found, prefix, texts_of(client))

    def _converters(
        self, values: Mapping[str, ConfigValue], properties: Properties
    ) -> list[ConfigInfos]:
        every = [self._converter(role, kind, values, properties) for role, kind in _CONVERTERS]
        return [infos for infos in every if infos is not None]

    def _converter(
        self,
        role: str,
        kind: PluginKind,
        values: Mapping[str, ConfigValue],
        properties: Properties,
    ) -> ConfigInfos | None:
        """The options of a converter that the connector brings along."""
        setting = f"{role}.converter"
        named, version = properties.get(setting), f"{setting}.plugin.version"
        if named is None or values[setting].errors or values[version].errors:
            return None
        try:
            definition, texts = self._converter_definition(kind, named, properties.get(version))
        except NoSuchVersion as error:
            values[setting].add_error(error)
            values[version].add_error(error)
            return None
        except Exception as error:  # whatever a plugin's module raises when it is imported
            reason = f": {error}" if str(error) else ""
            values[setting].add_error(f"Failed to load class {named}{reason}")
            return None
        prefix = f"{setting}."
        options = _below(prefix, properties)
        found = definition.validate({"converter.type": role} | options)
        return views.prefixed_result(definition, found, prefix, texts)

    def _converter_definition(
        self, kind: PluginKind, named: str, version: str | None
    ) -> tuple[ConfigDef, Texts]:
        if named != named.strip():  # the setting may have blanks around it; here Connect minds them
            raise LookupError(named)
        try:
            found = self._catalog.plugin(kind, named, version)
        except LookupError:  # no plugin, but a class that can be imported
            found = self._catalog.find_class(named)
            if found is None:
                raise
        return config_class(found.load()).definition(), texts_of(found.name)

    def _without_connector(self, name: str, properties: Properties, error: str) -> ConfigInfos:
        """The version that is asked for does not exist: only what all connectors have is known."""
        plugin = self._catalog.connector(name)
        framework = framework_definition(
            ConnectorConfig, self._catalog, properties, self._worker.converters
        )
        values = {value.name: value for value in framework.validate(properties)}
        for setting in ("connector.class", "connector.plugin.version"):
            values[setting].add_error(error)
        _refuse_nulls(values, properties)
        texts = connector_texts(self._catalog, plugin, properties)
        return views.result(name, framework.keys, values.values(), framework.groups, texts)


def _refuse_nulls(values: dict[str, ConfigValue], properties: Properties) -> None:
    for name, value in properties.items():
        if value is None:
            values.setdefault(name, ConfigValue(name)).add_error(_NULL_VALUE)


def _below(prefix: str, properties: Properties) -> dict[str, str | None]:
    """The properties under a prefix, without it, in the order of the map Java resolves them to."""
    names = [name for name in copied_order(properties) if name.startswith(prefix)]
    return {name[len(prefix) :]: properties[name] for name in names if name != prefix}


def _given(properties: Properties) -> dict[str, str]:
    return {name: value for name, value in properties.items() if value is not None}
