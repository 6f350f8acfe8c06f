"""Which classes a connector and its tasks consist of, for metrics. No plugin is imported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from penstock.cluster.catalog import Catalog, Plugin, PluginKind

CONVERTERS = {
    "key.converter": PluginKind.CONVERTER,
    "value.converter": PluginKind.CONVERTER,
    "header.converter": PluginKind.HEADER_CONVERTER,
}


def connector_traits(catalog: Catalog, config: Mapping[str, str]) -> dict[str, str]:
    """Type, class and version, as far as they are known."""
    name, version = config.get("connector.class", ""), config.get("connector.plugin.version")
    plugin = _found(lambda: catalog.connector(name, version))
    return {
        "connector-type": "unknown" if plugin is None else plugin.kind.value,
        **_named("connector", plugin, name),
    }


def task_traits(
    catalog: Catalog,
    config: Mapping[str, str],
    task_config: Mapping[str, str],
    converters: Mapping[str, str],
) -> dict[str, str]:
    """The same, with the task's class and its converters; `converters` are the worker's."""
    traits = connector_traits(catalog, config)
    traits["task-class"] = task_config.get("task.class", "")
    if "connector-version" in traits:
        traits["task-version"] = traits["connector-version"]  # they come in one plugin
    for setting, kind in CONVERTERS.items():
        name = config.get(setting) or converters.get(setting, "")
        plugin = _plugin(catalog, kind, name, config.get(f"{setting}.plugin.version"))
        traits |= _named(setting.replace(".", "-"), plugin, name)
    return traits


def link_traits(
    catalog: Catalog, config: Mapping[str, str], kind: PluginKind
) -> dict[str, dict[str, str]]:
    """By alias, the class of each transformation, or of each predicate."""
    setting, word = _LINKS[kind]
    aliases = [each.strip() for each in config.get(setting, "").split(",") if each.strip()]
    return {alias: _link(catalog, config, kind, f"{setting}.{alias}", word) for alias in aliases}


_LINKS = {
    PluginKind.TRANSFORMATION: ("transforms", "transform"),
    PluginKind.PREDICATE: ("predicates", "predicate"),
}


def _link(
    catalog: Catalog, config: Mapping[str, str], kind: PluginKind, prefix: str, word: str
) -> dict[str, str]:
    name = config.get(f"{prefix}.type", "")
    plugin = _plugin(catalog, kind, name, config.get(f"{prefix}.plugin.version"))
    return _named(word, plugin, name)


def _plugin(catalog: Catalog, kind: PluginKind, name: str, version: str | None) -> Plugin | None:
    return _found(lambda: catalog.plugin(kind, name.strip(), version))


def _found(look: Callable[[], Plugin]) -> Plugin | None:
    try:
        return look()
    except Exception:  # a class that cannot be found fails the task, not its metrics
        return None


def _named(word: str, plugin: Plugin | None, name: str) -> dict[str, str]:
    if plugin is None:
        return {f"{word}-class": name}
    return {f"{word}-class": plugin.name, f"{word}-version": plugin.version}
