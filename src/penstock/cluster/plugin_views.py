"""The plugins of a worker as clients are shown them, and validation off the event loop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from penstock.cluster.catalog import (
    CONNECTORS,
    DESCRIBED,
    Catalog,
    NoSuchVersion,
    Plugin,
    PluginKind,
)
from penstock.cluster.errors import BadRequest
from penstock.cluster.threads import on_thread
from penstock.cluster.views import ConfigInfos, ConfigKeyInfo, PluginInfo, plugin_info
from penstock.runtime.java_order import copied_order
from penstock.runtime.plugin_versions import VersionError, requirement
from penstock.sdk.class_names import finding_classes
from penstock.sdk.config import config_class
from penstock.sdk.errors import ConnectError, NotFoundError

if TYPE_CHECKING:
    from penstock.runtime.connector_config import ConnectorConfig

VALIDATIONS_MAX = 64  # at once; plugin code runs in them, and may never return
KINDS_KEPT_MAX = 1000
_INVALID = (
    "Invalid plugin class {}. Valid types are sink, source, converter, header_converter, "
    "transformation, predicate."
)
_NO_TYPE = re.compile(r"Connector config \{.*\} contains no connector type", re.DOTALL)
_SECRET = re.compile(
    r"(?i)(password|passwd|secret|token|credential|jaas|private|api[._-]?key|access[._-]?key|\.key$)"
)


class Validates(Protocol):
    """`validation.Validator`, or what makes one when it is asked."""

    def validate(self, config: Mapping[str, str | None], /) -> ConfigInfos: ...


class CatalogPlugins:
    """What `/connector-plugins` shows, where plugins may be imported."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def listed(self, *, connectors_only: bool) -> list[PluginInfo]:
        kinds = CONNECTORS if connectors_only else DESCRIBED
        return [
            plugin_info(plugin.name, kind.value, plugin.version)
            for kind in kinds
            for plugin in self._catalog.plugins(kind)
        ]

    def described(self, plugin: str, version: str | None) -> list[ConfigKeyInfo]:
        """A plugin's own settings, then those every connector of its kind has."""
        from penstock.cluster.interface_texts import texts_of
        from penstock.cluster.validation_views import key_info

        with finding_classes(self._catalog.find_class):
            found = self._find(plugin, version)
            try:
                own = config_class(found.load()).definition().keys
            except Exception as error:  # whatever a plugin's module raises when it is imported
                text = "Failed to load plugin class or one of its dependencies"
                raise ConnectError(text) from error
            common = _common(found.kind)
            keys = dict(own)
            if common is not None:
                keys |= {n: k for n, k in common.definition().keys.items() if n not in own}
                version_key = keys["connector.plugin.version"]
                keys[version_key.name] = replace(version_key, default=found.version)
            texts = {**texts_of(found.kind.value), **texts_of(found.name)}
            return [key_info(key, texts=texts) for key in keys.values()]

    def _find(self, name: str, version: str | None) -> Plugin:
        try:
            requirement(version)
        except VersionError as error:
            raise BadRequest(f"Invalid version specification: {version}") from error
        for kind in DESCRIBED:
            try:
                return self._catalog.plugin(kind, name, version)
            except LookupError:
                continue
            except NoSuchVersion as error:
                raise BadRequest(str(error)) from error
        if any(name in (p.name, p.simple_name) for p in self._undescribed()):
            raise BadRequest(_INVALID.format(name))
        if self._catalog.find_class(name) is not None:
            raise ConnectError("Instantiation error")
        raise NotFoundError(f"Unknown plugin {name}.")

    def _undescribed(self) -> Iterator[Plugin]:
        for kind in PluginKind:
            if kind not in DESCRIBED:
                yield from self._catalog.plugins(kind)


def _common(kind: PluginKind) -> type[ConnectorConfig] | None:
    from penstock.runtime.sink_config import SinkConnectorConfig
    from penstock.runtime.source_config import SourceConnectorConfig

    common = {PluginKind.SINK: SinkConnectorConfig, PluginKind.SOURCE: SourceConnectorConfig}
    return common.get(kind)


class ThreadedPlugins:
    """The same off the event loop, as describing a plugin imports it."""

    def __init__(self, catalog: Catalog) -> None:
        self._plugins = CatalogPlugins(catalog)

    async def listed(self, *, connectors_only: bool) -> list[PluginInfo]:
        return self._plugins.listed(connectors_only=connectors_only)

    async def described(self, plugin: str, version: str | None) -> list[ConfigKeyInfo]:
        return await on_thread("description", self._plugins.described, plugin, version)


class ThreadedValidator:
    """Validates on threads, a few at a time, so that nothing else waits for plugin code."""

    def __init__(self, validator: Validates, catalog: Catalog) -> None:
        self._validator = validator
        self._catalog = catalog
        self._slots = asyncio.Semaphore(VALIDATIONS_MAX)
        self._kinds: dict[tuple[str, str | None], str] = {}

    async def validate(self, config: Mapping[str, str | None]) -> ConfigInfos:
        async with self._slots:
            try:
                return await on_thread("validation", self._validator.validate, config)
            except BadRequest as error:
                raise BadRequest(without_secrets(str(error), config)) from error

    def kind(self, config: Mapping[str, str | None]) -> str:
        name = config.get("connector.class")
        version = config.get("connector.plugin.version")
        if name is None:
            return "unknown"
        known = self._kinds.get((name, version))
        if known is None:
            known = self._found_kind(name, version)
            if len(self._kinds) < KINDS_KEPT_MAX:
                self._kinds[name, version] = known
        return known

    def _found_kind(self, name: str, version: str | None) -> str:
        try:
            return self._catalog.connector(name, version).kind.value
        except Exception:  # a class that cannot be found may yet be shown
            return "unknown"


def without_secrets(message: str, config: Mapping[str, str | None]) -> str:
    """The message that quotes a whole configuration, with what looks like a secret hidden."""
    if not _NO_TYPE.fullmatch(message):
        return message
    shown = ", ".join(f"{key}={_shown(key, config[key])}" for key in copied_order(config))
    return f"Connector config {{{shown}}} contains no connector type"


def _shown(key: str, value: str | None) -> str:
    if value is None:
        return "null"
    return "[hidden]" if _SECRET.search(key) else value
