"""All plugins of a worker: built-in ones, installed ones and those on `plugin.path`.

Configurations name them by Java class name, Python name, or an alias as Java makes them: the
simple name, or the simple name without the name of the interface. An alias that could mean two
classes means none.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

from penstock import KAFKA_VERSION
from penstock.cluster.catalog import CONNECTORS, NoSuchVersion, Plugin, PluginKind
from penstock.plugins.builtin import ABSTRACT, BUILTIN, INTERFACES, SYNONYMS
from penstock.runtime.plugin_versions import best, range_text, version_key
from penstock.sdk.class_names import ClassRef, import_class, java_only
from penstock.sdk.errors import ConnectError

if TYPE_CHECKING:
    from penstock.plugins.discovery import Problem

log = logging.getLogger(__name__)

SUGGESTIONS_MAX = 3
_JAVA_DOMAINS = frozenset(("com", "io", "net", "org"))


class Registry:
    """Finds plugins by name; a `Catalog`."""

    def __init__(self, plugins: Iterable[Plugin], problems: Iterable[Problem] = ()) -> None:
        self._by_name: dict[str, list[Plugin]] = {}
        for plugin in plugins:
            self._by_name.setdefault(plugin.name, []).append(plugin)
        self.problems = list(problems)

    @classmethod
    def builtin(cls, version: str = KAFKA_VERSION) -> Self:
        """The plugins that come with Penstock and no others."""
        return cls(_builtin(version))

    @classmethod
    def discover(cls, plugin_path: Sequence[str] = (), version: str = KAFKA_VERSION) -> Self:
        """All plugins there are. What cannot be loaded is logged and listed in `problems`."""
        from penstock.plugins import discovery  # a worker leaves this to its hosts

        found = [*discovery.installed(), *discovery.in_folders(plugin_path)]
        problems = [each for each in found if isinstance(each, discovery.Problem)]
        for problem in problems:
            log.error(
                "Plugin %s in %s is left out: %s", problem.name, problem.location, problem.reason
            )
        plugins = [each for each in found if isinstance(each, Plugin)]
        return cls([*_builtin(version), *plugins], problems)

    def plugins(self, kind: PluginKind) -> list[Plugin]:
        """The plugins of a kind, by name and then version."""
        ofkind = (p for plugins in self._by_name.values() for p in plugins if p.kind is kind)
        return sorted(ofkind, key=lambda plugin: (plugin.name, version_key(plugin.version)))

    def versions(self, name: str, kinds: Collection[PluginKind] = PluginKind) -> list[str]:
        """The versions that there are of a class of one of these kinds, best last."""
        found = {plugin.version for plugin in self._named(name) if plugin.kind in kinds}
        return sorted(found, key=version_key)

    def aliases(self, name: str) -> list[str]:
        """The shorter names that mean the class of this name and no other."""
        return sorted(alias for alias, meant in self._aliases.items() if meant == name != alias)

    def find_class(self, name: str) -> ClassRef | None:
        """The class a name or alias means, of whatever kind."""
        return self.find_exactly(self._aliases.get(name, name))

    def find_exactly(self, name: str) -> ClassRef | None:
        """The class of a full name."""
        meant = name if name in self._by_name else SYNONYMS.get(name, name)
        plugins = self._by_name.get(meant) or self._by_name.get(name.replace(":", "."))
        if plugins:
            return ClassRef(plugins[0].name, _newest(plugins).load)
        if name in ABSTRACT:
            return ClassRef(name, self._by_name[ABSTRACT[name][0]][0].load, ABSTRACT[name])
        if name in INTERFACES:
            return ClassRef(name, partial(_load, INTERFACES[name]))
        if _package(name) in self._packages:
            return import_class(name)
        return java_only(name)

    def plugin(self, kind: PluginKind, name: str, version: str | None = None) -> Plugin:
        """A plugin of a kind in the best version; raises LookupError, or NoSuchVersion."""
        named = self._named(name)
        found = [plugin for plugin in named if plugin.kind is kind]
        if not found:
            raise LookupError(name)
        wanted = best([plugin.version for plugin in found], version)
        if wanted is None:
            available = [plugin.version for plugin in named]  # of every kind, as Java lists them
            raise NoSuchVersion(named[0].name, range_text(version or ""), available)
        return next(plugin for plugin in found if plugin.version == wanted)

    def connector(self, name: str, version: str | None = None) -> Plugin:
        """A connector; raises ConnectError in the words clients know, or NoSuchVersion."""
        if name in _ABSTRACT_CONNECTORS:
            raise ConnectError("Instantiation error")
        for kind in CONNECTORS:
            try:
                return self.plugin(kind, name, version)
            except LookupError:
                continue
        every = [plugin for kind in CONNECTORS for plugin in self.plugins(kind)]
        matches = [p for p in every if p.simple_name in (name, name + "Connector")]
        if not matches:
            raise ConnectError(
                "Failed to find any class that implements Connector and which name matches "
                f"{name}, available connectors are: {', '.join(p.shown for p in every)}"
            )
        if len({plugin.name for plugin in matches}) > 1:
            raise ConnectError(
                f"More than one connector matches alias {name}. Please use full package and "
                f"class name instead. Classes found: {', '.join(p.name for p in matches)}"
            )
        return self.plugin(matches[0].kind, matches[0].name, version)

    def did_you_mean(self, name: str, kinds: Iterable[PluginKind] = PluginKind) -> str:
        """A question about names like one that does not exist, for operators; may be empty."""
        import difflib

        plugins = [plugin for kind in kinds for plugin in self.plugins(kind)]
        names = {plugin.name for plugin in plugins} | {plugin.simple_name for plugin in plugins}
        close = difflib.get_close_matches(name, sorted(names), n=SUGGESTIONS_MAX)
        return f" Did you mean {' or '.join(close)}?" if close else ""

    @cached_property
    def _packages(self) -> frozenset[str]:
        """Packages of plugins; from no others are classes imported that a request names."""
        named = {_package(name) for name in self._by_name}
        return frozenset((named | {"penstock"}) - _JAVA_DOMAINS)

    def _named(self, name: str) -> list[Plugin]:
        if name in self._by_name:
            return self._by_name[name]
        full = SYNONYMS.get(name) or self._aliases.get(name, name.replace(":", "."))
        return self._by_name.get(full, [])

    @cached_property
    def _aliases(self) -> dict[str, str]:
        meant: dict[str, set[str]] = {}
        for name, plugins in self._by_name.items():
            for plugin in plugins:
                for alias in (plugin.simple_name, _pruned(plugin)):
                    meant.setdefault(alias, set()).add(name)
        return {alias: names.pop() for alias, names in meant.items() if len(names) == 1}


_ABSTRACT_CONNECTORS = (
    "org.apache.kafka.connect.connector.Connector",
    "org.apache.kafka.connect.sink.SinkConnector",
    "org.apache.kafka.connect.source.SourceConnector",
)


def _package(name: str) -> str:
    return name.replace(":", ".").partition(".")[0]


def _pruned(plugin: Plugin) -> str:
    """The simple name, cut where the interface's name last begins."""
    suffix = "Connector" if plugin.kind in CONNECTORS else plugin.kind.interface
    end = plugin.simple_name.rfind(suffix)
    return plugin.simple_name[:end] if end > 0 else plugin.simple_name


def _newest(plugins: Sequence[Plugin]) -> Plugin:
    return max(plugins, key=lambda plugin: version_key(plugin.version))


def _builtin(version: str) -> list[Plugin]:
    return [
        Plugin(name, kind, version, _loader(target))
        for kind, targets in BUILTIN.items()
        for name, target in targets.items()
    ]


def _loader(target: str) -> Callable[[], type[Any]]:
    return partial(_load, target)


def _load(target: str) -> type[Any]:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
