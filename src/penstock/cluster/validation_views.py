"""From definitions and what validation found to the answers clients are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from penstock.cluster.interface_texts import Texts
from penstock.cluster.views import ConfigInfo, ConfigInfos, ConfigKeyInfo, ConfigValueInfo
from penstock.runtime.config_references import has_reference
from penstock.runtime.java_order import hash_order
from penstock.sdk.config import ConfigDef, ConfigKey, ConfigType, ConfigValue, to_text
from penstock.sdk.redaction import HIDDEN, hide

NO_TEXTS: Final[Texts] = {}


def key_info(key: ConfigKey, prefix: str = "", texts: Texts = NO_TEXTS) -> ConfigKeyInfo:
    """A setting as clients are shown it, described by `texts` where they know it."""
    return ConfigKeyInfo(
        prefix + key.name,
        key.type.value,
        not key.has_default,
        to_text(key.default, key.type) if key.has_default else None,
        key.importance.value,
        texts.get(key.name, key.doc),
        key.group,
        key.order,
        key.width.value,
        key.display_name,
        list(key.dependents),
    )


def value_info(found: ConfigValue, kind: ConfigType | None, prefix: str = "") -> ConfigValueInfo:
    """A value and what is to be said of it; without a known type it is text."""
    entry = ConfigType.STRING if kind in (None, ConfigType.LIST) else kind
    return ConfigValueInfo(
        prefix + found.name,
        to_text(found.value, kind or ConfigType.STRING),
        [to_text(value, entry) or "" for value in found.recommended_values],
        list(found.errors),
        found.visible,
    )


def result(
    name: str,
    keys: Mapping[str, ConfigKey],
    values: Iterable[ConfigValue],
    groups: Sequence[str],
    texts: Texts = NO_TEXTS,
) -> ConfigInfos:
    """The settings in order of definition, behind those that are not defined.

    Of several values of one setting the last is shown; the errors of the shown ones count.
    """
    by_name = {found.name: found for found in values}
    undefined = [found for name, found in by_name.items() if name not in keys]
    configs = [ConfigInfo(None, value_info(found, None)) for found in undefined]
    errors = sum(len(found.errors) for found in undefined)
    for key in keys.values():
        found = by_name.get(key.name)
        shown = None if found is None else value_info(found, key.type)
        configs.append(ConfigInfo(key_info(key, texts=texts), shown))
        errors += 0 if found is None else len(found.errors)
    return ConfigInfos(name, errors, list(groups), configs)


def without_secrets(infos: ConfigInfos, given: Mapping[str, str | None]) -> ConfigInfos:
    """What came out of a reference is the reference again; nothing else tells it either."""
    return replace(infos, configs=[_without_secrets(info, given) for info in infos.configs])


def _without_secrets(info: ConfigInfo, given: Mapping[str, str | None]) -> ConfigInfo:
    shown = info.value
    if shown is None:
        return info
    text, value = given.get(shown.name), shown.value
    if value not in (None, HIDDEN) and has_reference(text):
        value = text
    errors = [hide(error) for error in shown.errors]
    recommended = [hide(each) for each in shown.recommended_values]
    hidden = replace(shown, value=value, errors=errors, recommended_values=recommended)
    return replace(info, value=hidden)


def prefixed_result(
    definition: ConfigDef, values: Iterable[ConfigValue], prefix: str, texts: Texts
) -> ConfigInfos:
    """Settings of a part; here it is the settings in error that count, not their errors."""
    by_name = {found.name: found for found in values}
    groups: dict[str, None] = {}
    configs: list[ConfigInfo] = []
    for name in hash_order(by_name):
        key = definition.keys.get(name)
        if key is not None and key.group is not None:
            groups[key.group] = None
        definition_info = None if key is None else key_info(key, prefix, texts)
        kind = None if key is None else key.type
        configs.append(ConfigInfo(definition_info, value_info(by_name[name], kind, prefix)))
    errors = sum(bool(found.errors) for found in by_name.values())
    return ConfigInfos("", errors, list(groups), configs)


def merged(first: ConfigInfos, *others: ConfigInfos | None) -> ConfigInfos:
    """One answer of several, in this order; groups are named once."""
    every = [first, *(other for other in others if other is not None)]
    return ConfigInfos(
        first.name,
        sum(infos.error_count for infos in every),
        list(dict.fromkeys(group for infos in every for group in infos.groups)),
        [config for infos in every for config in infos.configs],
    )
