"""What clients are told of plugins: the list of them, and the settings of one."""

from __future__ import annotations

from dataclasses import replace

from penstock.cluster.catalog import CONNECTORS, DESCRIBED, Plugin, PluginKind
from penstock.cluster.errors import BadRequest
from penstock.cluster.validation_views import key_info
from penstock.cluster.views import ConfigKeyInfo, PluginInfo, plugin_info
from penstock.plugins.registry import Registry
from penstock.runtime.plugin_versions import VersionError
from penstock.runtime.sink_config import SinkConnectorConfig
from penstock.runtime.source_config import SourceConnectorConfig
from penstock.sdk.config import ConfigKey, config_class
from penstock.sdk.errors import ConnectError, NotFoundError

_FRAMEWORK = {
    PluginKind.SINK: SinkConnectorConfig,
    PluginKind.SOURCE: SourceConnectorConfig,
}


class Descriptions:
    """Answers for `/connector-plugins`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def listed(self, *, connectors_only: bool) -> list[PluginInfo]:
        """All plugins by kind, name and version."""
        kinds = CONNECTORS if connectors_only else DESCRIBED
        return [
            plugin_info(plugin.name, plugin.kind.value, plugin.version)
            for kind in kinds
            for plugin in self._registry.plugins(kind)
        ]

    def described(self, plugin: str, version: str | None = None) -> list[ConfigKeyInfo]:
        """A plugin's settings; those of a connector before the framework's.

        Raises NotFoundError for an unknown plugin and BadRequest for one without settings.
        """
        found = self._found(plugin, version)
        if found.kind not in DESCRIBED:
            raise BadRequest(
                f"Invalid plugin class {plugin}. Valid types are sink, source, converter, "
                "header_converter, transformation, predicate."
            )
        try:
            own = config_class(found.load()).definition().keys
        except Exception as error:  # whatever a plugin's module raises when it is imported
            raise ConnectError("Failed to load plugin class or one of its dependencies") from error
        framework = {key.name: key for key in _framework_keys(found)}
        return [key_info(key) for key in (own | (framework | own)).values()]

    def _found(self, name: str, version: str | None) -> Plugin:
        for kind in PluginKind:
            try:
                return self._registry.plugin(kind, name, version)
            except LookupError:
                continue
            except (ConnectError, VersionError) as error:
                raise BadRequest(str(error)) from error
        raise NotFoundError(f"Unknown plugin {name}.")


def _framework_keys(plugin: Plugin) -> list[ConfigKey]:
    framework = _FRAMEWORK.get(plugin.kind)
    if framework is None:
        return []
    return [
        replace(key, default=plugin.version) if key.name == "connector.plugin.version" else key
        for key in framework.definition().keys.values()
    ]
