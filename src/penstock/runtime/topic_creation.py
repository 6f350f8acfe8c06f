"""Which topics a source task creates, and how; once per topic and task."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.runtime.ports import TopicAdmin
from penstock.sdk.config import (
    NO_DEFAULT,
    ConfigDef,
    ConfigKey,
    ConfigType,
    Importance,
)
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.java_regex import JavaPattern, PatternSyntaxError, compile_regex

log = logging.getLogger(__name__)

PREFIX = "topic.creation."
GROUPS = PREFIX + "groups"
DEFAULT_GROUP = "default"
BROKER_DEFAULT = -1
_OWN_KEYS = frozenset(("include", "exclude", "partitions", "replication.factor"))
_TOPICS_KNOWN_MAX = 100_000


@dataclass(frozen=True)
class TopicToCreate:
    """A topic as its group wants it; -1 means the broker's default."""

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]

    def __str__(self) -> str:
        shown = {
            "name": self.name,
            "numPartitions": _or_default(self.partitions),
            "replicationFactor": _or_default(self.replication_factor),
        }
        texts = ", ".join(f"{name}={value}" for name, value in shown.items())
        configs = ", ".join(f"{name}={value}" for name, value in self.configs.items())
        return f"({texts}, replicasAssignments=null, configs={{{configs}}})"


def _or_default(number: int) -> str:
    return "default" if number == BROKER_DEFAULT else str(number)


@dataclass(frozen=True)
class TopicGroup:
    """How the topics of one group are created."""

    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]
    include: tuple[JavaPattern, ...] = ()
    exclude: tuple[JavaPattern, ...] = ()

    def matches(self, topic: str) -> bool:
        """The default group takes everything; another, what it includes and does not exclude."""
        if self.name == DEFAULT_GROUP:
            return True
        return not any(p.matches(topic) for p in self.exclude) and any(
            p.matches(topic) for p in self.include
        )

    def topic(self, name: str) -> TopicToCreate:
        return TopicToCreate(name, self.partitions, self.replication_factor, self.configs)


@dataclass(frozen=True)
class TopicGroups:
    """The groups of a connector in the order they are asked, the default group last."""

    groups: tuple[TopicGroup, ...] = field(default=())

    def group_of(self, topic: str) -> TopicGroup:
        return next(group for group in self.groups if group.matches(topic))

    @property
    def names(self) -> list[str]:
        return [group.name for group in self.groups if group.name != DEFAULT_GROUP]


def uses_topic_creation(properties: Mapping[str, str]) -> bool:
    """Whether a connector says anything about creating topics."""
    return any(name.startswith(PREFIX) for name in properties)


def topic_groups(properties: Mapping[str, str]) -> TopicGroups | None:
    """The groups a connector declares, None without any; raises `ConfigError` for a wrong one."""
    if not uses_topic_creation(properties):
        return None
    names = _group_names(properties)
    default = _parsed_group(DEFAULT_GROUP, properties, None)
    others = [_parsed_group(name, properties, default) for name in names if name != DEFAULT_GROUP]
    if len(others) < len(names):
        log.warning(
            "'%s' in %s is left out: that group is always there and comes last.",
            DEFAULT_GROUP,
            GROUPS,
        )
    return TopicGroups((*others, default))


def _group_names(properties: Mapping[str, str]) -> list[str]:
    key = ConfigKey(GROUPS, ConfigType.LIST, [], _no_alias_twice, Importance.LOW)
    return ConfigDef([key]).parse(properties)[GROUPS]


def _no_alias_twice(name: str, value: Any) -> None:
    if len(set(value)) < len(value):
        raise ConfigError.invalid(name, _listed(value), "Duplicate alias provided.")


def _listed(values: Collection[str]) -> str:
    return f"[{', '.join(values)}]"


def _parsed_group(
    name: str, properties: Mapping[str, str], default: TopicGroup | None
) -> TopicGroup:
    prefix = f"{PREFIX}{name}."
    parsed = _definition(prefix, default).parse(properties)
    configs = {
        key.removeprefix(prefix): value
        for key, value in properties.items()
        if key.startswith(prefix) and key.removeprefix(prefix) not in _OWN_KEYS
    }
    return TopicGroup(
        name,
        parsed[prefix + "partitions"],
        parsed[prefix + "replication.factor"],
        configs,
        tuple(map(compile_regex, parsed.get(prefix + "include", ()))),
        tuple(map(compile_regex, parsed.get(prefix + "exclude", ()))),
    )


def _definition(prefix: str, default: TopicGroup | None) -> ConfigDef:
    """The keys of a group; what it does not say is as in the default group."""
    factor = NO_DEFAULT if default is None else default.replication_factor
    partitions = NO_DEFAULT if default is None else default.partitions
    definition = ConfigDef()
    if default is not None:
        for name in ("include", "exclude"):
            definition.define(ConfigKey(prefix + name, ConfigType.LIST, [], _check_patterns))
    definition.define(
        ConfigKey(prefix + "replication.factor", ConfigType.SHORT, factor, _check_factor)
    )
    return definition.define(
        ConfigKey(prefix + "partitions", ConfigType.INT, partitions, _check_partitions)
    )


def _check_patterns(name: str, value: Any) -> None:
    for text in value:
        try:
            compile_regex(text)
        except PatternSyntaxError as error:
            detail = f"Syntax error in regular expression: {error}"
            raise ConfigError.invalid("include", _listed(value), detail) from error


def _check_factor(name: str, value: Any) -> None:
    if value != BROKER_DEFAULT and value < 1:
        raise ConfigError.invalid(
            "replication.factor",
            value,
            "Replication factor must be positive and not larger than the number of brokers in "
            "the Kafka cluster, or -1 to use the broker's default",
        )


def _check_partitions(name: str, value: Any) -> None:
    if value != BROKER_DEFAULT and value < 1:
        raise ConfigError.invalid(
            "partitions",
            value,
            "Number of partitions must be positive, or -1 to use the broker's default",
        )


class TopicCreator:
    """Sees to it that a topic exists before the first record for it is sent."""

    def __init__(self, groups: TopicGroups, admin: TopicAdmin) -> None:
        self._groups = groups
        self._admin = admin
        self._known: set[str] = set()

    def ensure(self, topic: str) -> None:
        """Raises `RetriableError` when it may work later, `ConnectError` when it never will."""
        if topic in self._known:
            return
        if not self._admin.existing([topic]):
            self._create(topic)
        if len(self._known) >= _TOPICS_KNOWN_MAX:
            self._known.clear()
        self._known.add(topic)

    def close(self) -> None:
        self._admin.close()

    def _create(self, topic: str) -> None:
        group = self._groups.group_of(topic)
        wanted = group.topic(topic)
        if not self._admin.create(wanted) and not self._admin.existing([topic]):
            raise ConnectError(
                f"Task failed to create new topic {wanted}. Ensure that the task is authorized to "
                "create topics or that the topic exists and restart the task"
            )
        log.info("Created topic '%s' as group '%s' of the connector says.", wanted, group.name)
