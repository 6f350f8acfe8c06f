"""Which client settings librdkafka cannot honour, found by translating one value of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.sdk.config import ConfigDef, ConfigError, ConfigKey, ConfigType

_SAMPLES: Final[Mapping[ConfigType, str]] = {
    ConfigType.STRING: "x",
    ConfigType.LIST: "x",
    ConfigType.CLASS: "x",
    ConfigType.PASSWORD: "x",
    ConfigType.DOUBLE: "0.7",
}
_KNOWN_CLASSES: Final[Mapping[str, str]] = {  # where some are honoured
    "partition.assignment.strategy": "org.apache.kafka.clients.consumer.RoundRobinAssignor",
    "sasl.oauthbearer.jwt.retriever.class": "JwtBearerJwtRetriever",
}


def with_remarks(definition: ConfigDef, kind: ClientKind) -> ConfigDef:
    """The same settings, whose texts also say why they have no effect, if they have none."""
    return ConfigDef(_told(key, kind) for key in definition.keys.values())


def _told(key: ConfigKey, kind: ClientKind) -> ConfigKey:
    reason = remark(key, kind)
    return (
        key
        if reason is None
        else replace(key, doc=f"{key.doc} *Other values are not honoured: {reason}.*")
    )


def remark(key: ConfigKey, kind: ClientKind) -> str | None:
    """What a worker warns of when the setting has another value than its default."""
    try:
        found = to_librdkafka({key.name: _other_value(key)}, kind).unsupported
    except ConfigError:  # some other value would do
        return None
    return next((reason for name, reason in found if name == key.name), None)


def _other_value(key: ConfigKey) -> str:
    if key.name in _KNOWN_CLASSES:
        return _KNOWN_CLASSES[key.name]
    if key.type is ConfigType.BOOLEAN:
        return "false" if key.default is True else "true"
    small = isinstance(key.default, int) and 0 <= key.default < 2**31 - 1
    return _SAMPLES.get(key.type) or str(key.default + 1 if small else 1)
