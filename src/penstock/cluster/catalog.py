"""The plugins there are, as the control plane sees them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from penstock.sdk.config import ClassRef
from penstock.sdk.errors import ConnectError


class PluginKind(enum.Enum):
    """What a plugin is; the value is its type in REST answers, members stand in listing order."""

    SINK = "sink"
    SOURCE = "source"
    TRANSFORMATION = "transformation"
    PREDICATE = "predicate"
    CONVERTER = "converter"
    HEADER_CONVERTER = "header_converter"
    CONFIG_PROVIDER = "configprovider"
    REST_EXTENSION = "rest_extension"
    OVERRIDE_POLICY = "connector_client_config_override_policy"

    @property
    def interface(self) -> str:
        """The simple name of the Java interface plugins of this kind implement."""
        return _INTERFACES[self]


_INTERFACES = {
    PluginKind.SINK: "SinkConnector",
    PluginKind.SOURCE: "SourceConnector",
    PluginKind.TRANSFORMATION: "Transformation",
    PluginKind.PREDICATE: "Predicate",
    PluginKind.CONVERTER: "Converter",
    PluginKind.HEADER_CONVERTER: "HeaderConverter",
    PluginKind.CONFIG_PROVIDER: "ConfigProvider",
    PluginKind.REST_EXTENSION: "ConnectRestExtension",
    PluginKind.OVERRIDE_POLICY: "ConnectorClientConfigOverridePolicy",
}
CONNECTORS = (PluginKind.SINK, PluginKind.SOURCE)
DESCRIBED = tuple(PluginKind)[:6]


@dataclass(frozen=True)
class Plugin:
    """One class of one kind. `name` is what clients know it by, the Java name if it has one."""

    name: str
    kind: PluginKind
    version: str
    load: Callable[[], type[Any]] = field(compare=False, repr=False)
    location: str = "classpath"

    @property
    def simple_name(self) -> str:
        """The last part of the name."""
        return self.name.replace(":", ".").replace("$", ".").rpartition(".")[2]

    @property
    def shown(self) -> str:
        """The plugin as Java prints it in messages."""
        return (
            f"PluginDesc{{klass=class {self.name}, name='{self.name}', version='{self.version}', "
            f"encodedVersion={self.version}, type={self.kind.value}, "
            f"typeName='{self.kind.value}', location='{self.location}'}}"
        )


class NoSuchVersion(ConnectError):
    """There is a plugin of this name, but in no version that was asked for."""

    def __init__(self, name: str, wanted: str, available: Sequence[str]) -> None:
        """The full name, and the range as messages show it."""
        super().__init__(
            f"Plugin {name} not found that matches the version range {wanted}, "
            f"available versions: [{', '.join(available)}]"
        )


class Catalog(Protocol):
    """Finds plugins by the names configurations use."""

    def plugins(self, kind: PluginKind) -> Sequence[Plugin]:
        """The plugins of a kind, by name and then version."""
        ...

    def find_class(self, name: str) -> ClassRef | None:
        """The class a name or alias means, of whatever kind."""
        ...

    def connector(self, name: str, version: str | None = None) -> Plugin:
        """A connector; raises ConnectError in the words clients know, or NoSuchVersion."""
        ...

    def plugin(self, kind: PluginKind, name: str, version: str | None = None) -> Plugin:
        """A plugin of a kind; raises LookupError, or NoSuchVersion."""
        ...

    def versions(self, name: str, kinds: Collection[PluginKind] = PluginKind) -> Sequence[str]:
        """The versions that there are of a class of one of these kinds, best last."""
        ...
