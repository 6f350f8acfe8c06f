"""Plugins as data: enough to show them, and to load them in another process."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from penstock.cluster.catalog import Plugin, PluginKind

CLASSPATH = "classpath"


class PluginSpec(msgspec.Struct, frozen=True):
    """A plugin that was found outside Penstock."""

    name: str
    kind: PluginKind
    version: str
    module: str
    qualname: str
    location: str = CLASSPATH


class Unloadable(Exception):
    """A plugin cannot be loaded in this process, and must not be."""


def spec_of(plugin: Plugin) -> PluginSpec:
    """Loads the plugin."""
    kind = plugin.load()
    return PluginSpec(
        plugin.name,
        plugin.kind,
        plugin.version,
        kind.__module__,
        kind.__qualname__,
        plugin.location,
    )


def loadable(specs: Iterable[PluginSpec]) -> list[Plugin]:
    """Plugins that are imported when they are first loaded; for host processes."""
    listed = list(specs)
    for location in dict.fromkeys(spec.location for spec in listed):
        if location != CLASSPATH and location not in sys.path:
            sys.path.append(location)
    return [_plugin(spec, _importer(spec)) for spec in listed]


def described(specs: Sequence[PluginSpec]) -> list[Plugin]:
    """Plugins that are never imported; for the worker."""
    return [_plugin(spec, _refusal(spec)) for spec in specs]


def _plugin(spec: PluginSpec, load: Callable[[], type[Any]]) -> Plugin:
    return Plugin(spec.name, spec.kind, spec.version, load, spec.location)


def _importer(spec: PluginSpec) -> Callable[[], type[Any]]:
    def load() -> type[Any]:
        found: Any = importlib.import_module(spec.module)
        for part in spec.qualname.split("."):
            found = getattr(found, part)
        return found

    return load


def _refusal(spec: PluginSpec) -> Callable[[], type[Any]]:
    def refuse() -> type[Any]:
        raise Unloadable(f"{spec.name} is loaded by task hosts only, never by the worker.")

    return refuse
