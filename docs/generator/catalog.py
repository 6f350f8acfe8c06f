"""What the reference has pages about: the built-in plugins, and the settings of workers."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docs.generator.honoured import with_remarks
from penstock.cluster.catalog import PluginKind
from penstock.cluster.restart_policy import RestartPolicy
from penstock.hosting.policy import HostingConfig, TaskPolicy
from penstock.kafka.properties import ClientKind
from penstock.plugins.builtin import BUILTIN, SYNONYMS
from penstock.plugins.registry import Registry
from penstock.runtime.client_configs import clients
from penstock.runtime.dead_letter_config import LetteredSourceConfig
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.sink_config import SinkConnectorConfig
from penstock.runtime.worker_config import StandaloneConfig
from penstock.sdk.config import Config, ConfigDef, config_class

DOCS = Path(__file__).parent.parent
PROSE = DOCS / "prose"
REFERENCE = DOCS / "reference"

GROUPS: Mapping[str, tuple[PluginKind, ...]] = {
    "connectors": (PluginKind.SOURCE, PluginKind.SINK),
    "converters": (PluginKind.CONVERTER, PluginKind.HEADER_CONVERTER),
    "transforms": (PluginKind.TRANSFORMATION,),
    "predicates": (PluginKind.PREDICATE,),
    "config-providers": (PluginKind.CONFIG_PROVIDER,),
}


def joined(*configs: type[Config]) -> ConfigDef:
    """The settings of several classes, one after the other."""
    definition = ConfigDef()
    for key in (key for config in configs for key in config.definition().keys.values()):
        definition.define(key)
    return definition


SETTINGS: Mapping[str, ConfigDef] = {
    "standalone-worker": StandaloneConfig.definition(),
    "distributed-worker": DistributedConfig.definition(),
    "source-connectors": LetteredSourceConfig.definition(),
    "sink-connectors": SinkConnectorConfig.definition(),
    "hosts": joined(HostingConfig, TaskPolicy, RestartPolicy),
    "kafka-producers": with_remarks(clients.PRODUCER, ClientKind.PRODUCER),
    "kafka-consumers": with_remarks(clients.CONSUMER, ClientKind.CONSUMER),
    "kafka-admin-clients": with_remarks(clients.ADMIN, ClientKind.ADMIN),
}


class MissingPage(Exception):
    """A plugin has no prose."""


@dataclass(frozen=True)
class Name:
    """A name by which configurations call a plugin, and the Python class it means."""

    java: str
    python: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """One page of the reference."""

    group: str
    name: str
    definition: ConfigDef
    names: tuple[Name, ...] = field(default=())

    @property
    def prose(self) -> Path:
        return PROSE / self.group / f"{self.name}.md"

    @property
    def text(self) -> str:
        """The prose. Raises `MissingPage` if nobody has written any."""
        try:
            return self.prose.read_text("utf-8")
        except FileNotFoundError as error:
            where = self.prose.relative_to(DOCS.parent)
            raise MissingPage(
                f"{self.name} has no page: write {where}, with a description and an example."
            ) from error

    @property
    def path(self) -> Path:
        return REFERENCE / self.group / f"{self.name}.md"


def pages() -> list[Page]:
    """All pages, group by group and by name within it."""
    return [
        *(page for group in GROUPS for page in _plugin_pages(group)),
        *(Page("settings", name, definition) for name, definition in SETTINGS.items()),
    ]


def _plugin_pages(group: str) -> Iterator[Page]:
    registry = Registry.builtin()
    names: dict[str, list[Name]] = {}
    classes: dict[str, type[Any]] = {}
    for kind in GROUPS[group]:
        for java, target in BUILTIN[kind].items():
            if not is_there(target):
                continue
            page = java.rpartition(".")[2].partition("$")[0]
            found = Name(java, target.replace(":", "."), tuple(_aliases(registry, kind, java)))
            if found not in names.setdefault(page, []):
                names[page].append(found)
            classes[page] = registry.plugin(kind, java).load()
            names[page] += [
                Name(other, target.replace(":", "."))
                for other, meant in SYNONYMS.items()
                if meant == java
            ]
    for page in sorted(names):
        definition = config_class(classes[page]).definition()
        yield Page(group, page, definition, tuple(names[page]))


def is_there(target: str) -> bool:
    """Whether the module of a `module:Class` exists in this version."""
    return importlib.util.find_spec(target.partition(":")[0]) is not None


def _aliases(registry: Registry, kind: PluginKind, java: str) -> Iterator[str]:
    """The short names that mean this class and no other."""
    simple = registry.plugin(kind, java).simple_name
    suffixes = ("Connector", "Converter", "ConfigProvider")
    short = (simple.removesuffix(suffix) for suffix in suffixes)
    for alias in dict.fromkeys((simple, *short)):
        found = registry.find_class(alias)
        if found is not None and found.name == java:
            yield alias
