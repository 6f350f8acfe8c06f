"""Finds plugins that are installed (entry points) or lie in a folder of `plugin.path`.

A plugin that cannot be loaded becomes a `Problem` and hinders nothing else.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import inspect
import logging
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.runtime.plugin_versions import UNDEFINED
from penstock.sdk.converter import Converter, HeaderConverter
from penstock.sdk.predicate import Predicate
from penstock.sdk.provider import ConfigProvider
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector
from penstock.sdk.transform import Transform

log = logging.getLogger(__name__)

GROUP = "penstock.plugins"
KINDS: tuple[tuple[type[Any], PluginKind], ...] = (
    (SinkConnector, PluginKind.SINK),
    (SourceConnector, PluginKind.SOURCE),
    (Transform, PluginKind.TRANSFORMATION),
    (Predicate, PluginKind.PREDICATE),
    (Converter, PluginKind.CONVERTER),
    (HeaderConverter, PluginKind.HEADER_CONVERTER),
    (ConfigProvider, PluginKind.CONFIG_PROVIDER),
)


@dataclass(frozen=True)
class Problem:
    """A plugin that was found and cannot be used."""

    name: str
    location: str
    reason: str


Found = Iterator[Plugin | Problem]


def installed() -> Found:
    """The plugins of distributions that are installed beside Penstock."""
    for distribution in importlib.metadata.distributions():
        yield from _of_distribution(distribution, "classpath")


def in_folders(folders: Iterable[str]) -> Found:
    """The plugins in the folders of `plugin.path`, and in folders right below them."""
    for folder in (Path(each).absolute() for each in folders):
        if not folder.is_dir():
            yield Problem(str(folder), str(folder), "There is no such folder.")
            continue
        yield from _in_folder(folder)
        for below in sorted(folder.iterdir()):
            if below.is_dir() and not _is_package(below) and not below.name.startswith((".", "_")):
                yield from _in_folder(below)


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").exists() or folder.suffix in (".dist-info", ".egg-info")


def _in_folder(folder: Path) -> Found:
    location = str(folder)
    distributions = list(importlib.metadata.distributions(path=[location]))
    modules = [] if distributions else sorted(_modules(folder))
    if not distributions and not modules:
        return
    if location not in sys.path:
        sys.path.append(location)
        importlib.invalidate_caches()
    for distribution in distributions:
        yield from _of_distribution(distribution, location)
    for name in modules:
        yield from _of_module(name, location)


def _modules(folder: Path) -> Iterator[str]:
    """Top-level modules and packages of a folder without installed distributions."""
    for entry in folder.iterdir():
        if entry.suffix == ".py" and entry.stem.isidentifier():
            yield entry.stem
        elif (entry / "__init__.py").exists() and entry.name.isidentifier():
            yield entry.name


def _of_distribution(distribution: importlib.metadata.Distribution, location: str) -> Found:
    for entry in distribution.entry_points:
        if entry.group != GROUP:
            continue
        try:
            loaded = entry.load()
        except Exception as error:  # whatever a plugin's module raises when it is imported
            yield Problem(entry.value, location, _reason(error))
            continue
        version = distribution.version
        if isinstance(loaded, ModuleType):
            yield from _classes(loaded, location, version)
        elif isinstance(loaded, type):
            yield from _kinds(loaded, location, version)
        else:
            yield Problem(entry.value, location, "It is neither a class nor a module.")


def _of_module(name: str, location: str) -> Found:
    try:
        module = importlib.import_module(name)
    except Exception as error:  # as above
        yield Problem(name, location, _reason(error))
        return
    origin = getattr(module, "__file__", None) or ""
    if not Path(origin).is_relative_to(location):
        yield Problem(name, location, f"Another module of this name is imported: {origin}.")
        return
    yield from _classes(module, location, str(getattr(module, "__version__", UNDEFINED)))


def _classes(module: ModuleType, location: str, version: str) -> Found:
    """The plugins among the public classes that a module or its submodules define."""
    for name, kind in sorted(vars(module).items()):
        if isinstance(kind, type) and not name.startswith("_") and _is_own(kind, module):
            yield from (found for found in _kinds(kind, location, version, report=False))


def _is_own(kind: type, module: ModuleType) -> bool:
    package = module.__name__
    return kind.__module__ == package or kind.__module__.startswith(package + ".")


def _kinds(loaded: type[Any], location: str, version: str, *, report: bool = True) -> Found:
    name = getattr(loaded, "java_name", None) or f"{loaded.__module__}.{loaded.__qualname__}"
    if inspect.isabstract(loaded):
        if report:
            yield Problem(name, location, "The class is abstract.")
        return
    own_version = getattr(loaded, "version", None) or version
    matching = [kind for base, kind in KINDS if issubclass(loaded, base)]
    for kind in matching:
        yield Plugin(name, kind, own_version, lambda: loaded, location)
    if not matching and report:
        yield Problem(name, location, "The class is no kind of plugin.")


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
