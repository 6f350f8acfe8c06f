"""What a worker asks its hosts about plugins and about Kafka, and what they answer."""

from __future__ import annotations

import msgspec

from penstock.cluster.plugin_specs import PluginSpec
from penstock.cluster.views import ConfigInfos, ConfigKeyInfo

PLUGINS, DESCRIBE, VALIDATE, CLUSTER = "plugins", "describe", "validate", "cluster"


class PluginProblem(msgspec.Struct, frozen=True):
    """A plugin that was found and cannot be used."""

    name: str
    location: str
    reason: str


class FoundPlugins(msgspec.Struct, frozen=True):
    """Answers `plugins`, which names the places to look in: folders, or `classpath`."""

    plugins: tuple[PluginSpec, ...]
    problems: tuple[PluginProblem, ...] = ()


class Describe(msgspec.Struct, frozen=True):
    """Asks for the settings of a plugin; a list of `ConfigKeyInfo` answers."""

    plugin: str
    version: str | None


encode = msgspec.msgpack.encode
read_found = msgspec.msgpack.Decoder(FoundPlugins).decode
read_places = msgspec.msgpack.Decoder(list[str]).decode
read_describe = msgspec.msgpack.Decoder(Describe).decode
read_keys = msgspec.msgpack.Decoder(list[ConfigKeyInfo]).decode
read_config = msgspec.msgpack.Decoder(dict[str, str | None]).decode
read_cluster = msgspec.msgpack.Decoder(str | None).decode  # its id
read_infos = msgspec.msgpack.Decoder(ConfigInfos).decode
