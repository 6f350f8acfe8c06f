"""An internal topic as it has to be: created when it is missing, checked when it is there."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable, Mapping

import msgspec

from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.retriable import is_retriable
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.runtime.client_settings import with_prefix
from penstock.sdk.errors import ConfigError, ConnectError

_log = logging.getLogger(__name__)

CREATE_SECONDS = 60.0
_POLICY, _COMPACT = "cleanup.policy", "compact"


class Purpose(enum.Enum):
    """What is kept in a topic, and the word for it in the worker's settings."""

    CONFIGS = ("config", "connector configurations")
    OFFSETS = ("offset", "source connector offsets")
    STATUSES = ("status", "connector and task statuses")

    @property
    def prefix(self) -> str:
        return f"{self.value[0]}.storage."

    @property
    def kept(self) -> str:
        return self.value[1]


class InternalTopic(msgspec.Struct, frozen=True):
    """What a topic is to be like; -1 stands for the brokers' default."""

    purpose: Purpose
    setting: str  # that names the topic
    name: str
    partitions: int
    replication_factor: int
    configs: Mapping[str, str]

    @classmethod
    def of(
        cls,
        purpose: Purpose,
        name: str,
        partitions: int,
        replication_factor: int,
        worker: Mapping[str, str],
        setting: str | None = None,
    ) -> InternalTopic:
        """With what the worker's settings say of the topic's own settings."""
        configs = {**topic_settings(purpose, worker), _POLICY: _COMPACT}
        named = setting or f"{purpose.prefix}topic"
        return cls(purpose, named, name, partitions, replication_factor, configs)


def topic_settings(purpose: Purpose, worker: Mapping[str, str]) -> dict[str, str]:
    """Settings for the topic itself among the worker's; those it cannot have are named at WARN."""
    given = with_prefix(worker, purpose.prefix)
    for name in ("topic", "replication.factor"):
        given.pop(name, None)
    partitions = given.pop("partitions", None)
    if partitions is not None and purpose is Purpose.CONFIGS:
        _log.warning("%spartitions is ignored: the config topic has one", purpose.prefix)
    if given.pop(_POLICY, None) is not None:
        _log.warning("%s%s is ignored: the topic is compacted", purpose.prefix, _POLICY)
    return given


class TopicSetup:
    """Sees to internal topics. Calls block."""

    def __init__(
        self,
        admin: KafkaAdmin,
        again_seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._admin = admin
        self._again_seconds = again_seconds
        self._now = now
        self._sleep = sleep

    def ensure(self, topic: InternalTopic) -> None:
        """Create the topic or check the one there is.

        Raises ConfigError for one that would lose data, and ConnectError when it cannot be made.
        """
        deadline = self._now() + CREATE_SECONDS
        while True:
            try:
                self._ensure(topic, deadline - self._now())
                return
            except ConfigError:
                raise
            except Exception as error:
                if not is_retriable(error) or self._now() >= deadline:
                    raise ConnectError(
                        f"Error while attempting to create/find topic '{topic.name}' of the "
                        f"setting {topic.setting}: {error}"
                    ) from error
                _log.info("Topic %s is not there yet: %s", topic.name, error)
            self._sleep(self._again_seconds)

    def _ensure(self, topic: InternalTopic, seconds: float) -> None:
        count = self._admin.partitions([topic.name], timeout_seconds=seconds).get(topic.name)
        if count is None:
            self._create(topic)
            return
        check(topic, count, self._policy(topic))

    def _create(self, topic: InternalTopic) -> None:
        """Other workers may do the same at the same time."""
        creator = KafkaTopicAdmin({**self._admin.translated.settings, "log_level": 0})
        try:
            created = creator.create(topic)
        finally:
            creator.close()
        if not created:
            raise ConnectError(
                "it does not exist and the worker's principal may not create it; create it with "
                f"{_wish(topic)}, or allow the principal to create and describe it"
            )
        _log.info("Topic %s is there, for %s", topic.name, topic.purpose.kept)

    def _policy(self, topic: InternalTopic) -> str | None:
        try:
            return self._admin.topic_setting(topic.name, _POLICY)
        except Exception as error:
            if is_retriable(error):
                raise
            _log.warning(
                "Whether topic %s has %s=%s cannot be checked, perhaps for want of permission to "
                "describe its configuration: %s",
                topic.name,
                _POLICY,
                _COMPACT,
                error,
            )
            return None


def check(topic: InternalTopic, partitions: int, policy: str | None) -> None:
    """Raise ConfigError for a topic that could not do what it is for."""
    kept = topic.purpose.kept
    if policy is not None and _words(policy) != {_COMPACT}:
        raise ConfigError(
            f"Topic '{topic.name}' supplied via the '{topic.setting}' property is required to "
            f"have '{_POLICY}={_COMPACT}' to guarantee consistency and durability of {kept}, but "
            f"found the topic currently has '{_POLICY}={policy}'. Continuing would likely result "
            f"in eventually losing {kept} and problems restarting this Connect cluster in the "
            f"future. Change the '{topic.setting}' property in the Connect worker configurations "
            f"to use a topic with '{_POLICY}={_COMPACT}'."
        )
    if topic.purpose is Purpose.CONFIGS and partitions != 1:
        raise ConfigError(
            f"Topic '{topic.name}' supplied via the '{topic.setting}' property is required to "
            "have a single partition in order to guarantee consistency of connector "
            f"configurations, but found {partitions} partitions."
        )


def _words(policy: str) -> set[str]:
    return {word.strip() for word in policy.split(",") if word.strip()}


def _wish(topic: InternalTopic) -> str:
    count = topic.partitions
    partitions = "the default number of" if count < 0 else str(count)
    return f"{partitions} partition{'' if count == 1 else 's'} and {_POLICY}={_COMPACT}"
