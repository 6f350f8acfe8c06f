"""Internal topics are as they have to be, or said not to be."""

from __future__ import annotations

import pytest

from penstock.kafka.topic_setup import InternalTopic, Purpose, check, topic_settings
from penstock.sdk.errors import ConfigError

WORKER = {
    "offset.storage.topic": "offsets",
    "offset.storage.partitions": "5",
    "offset.storage.replication.factor": "1",
    "offset.storage.min.insync.replicas": "2",
    "offset.storage.cleanup.policy": "delete",
    "config.storage.partitions": "3",
    "status.storage.segment.ms": "7",
}


def topic(purpose: Purpose) -> InternalTopic:
    return InternalTopic.of(purpose, "t", 1, 1, {})


def test_settings_for_the_topic_are_those_the_worker_does_not_use_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert topic_settings(Purpose.OFFSETS, WORKER) == {"min.insync.replicas": "2"}
    assert "offset.storage.cleanup.policy is ignored" in caplog.text
    assert topic_settings(Purpose.STATUSES, WORKER) == {"segment.ms": "7"}
    assert topic_settings(Purpose.CONFIGS, WORKER) == {}
    assert "config.storage.partitions is ignored" in caplog.text


def test_every_internal_topic_is_compacted() -> None:
    made = InternalTopic.of(Purpose.OFFSETS, "offsets", 5, 1, WORKER)
    assert made.configs == {"min.insync.replicas": "2", "cleanup.policy": "compact"}
    assert made.setting == "offset.storage.topic"


@pytest.mark.parametrize("policy", ["compact", " compact ", None])
def test_a_compacted_topic_is_fine_and_so_is_one_that_cannot_be_checked(policy: str | None) -> None:
    check(topic(Purpose.CONFIGS), 1, policy)
    check(topic(Purpose.OFFSETS), 25, policy)


@pytest.mark.parametrize(
    ("purpose", "kept"),
    [
        (Purpose.CONFIGS, "connector configurations"),
        (Purpose.OFFSETS, "source connector offsets"),
        (Purpose.STATUSES, "connector and task statuses"),
    ],
)
@pytest.mark.parametrize("policy", ["delete", "compact,delete", ""])
def test_a_topic_that_forgets_is_refused(purpose: Purpose, kept: str, policy: str) -> None:
    with pytest.raises(ConfigError, match=f"consistency and durability of {kept}, but found"):
        check(topic(purpose), 1, policy)


def test_a_config_topic_has_one_partition() -> None:
    with pytest.raises(ConfigError, match=r"single partition .* but found 2 partitions"):
        check(topic(Purpose.CONFIGS), 2, "compact")
