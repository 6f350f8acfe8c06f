"""The source loop makes the topics it writes to, where it may."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.runtime.topic_creation import TopicCreator, topic_groups
from penstock.sdk.errors import ConnectError
from tests.unit.runtime.rig import SourceRig, line


class Admin:
    def __init__(self, *, allowed: bool = True) -> None:
        self.topics: set[str] = set()
        self.created = []
        self.allowed = allowed

    def existing(self, topics: Any):
        return self.topics & set(topics)

    def close(self) -> None: ...

    def create(self, topic: Any):
        if not self.allowed:
            return False
        self.created.append(topic)
        self.topics.add(topic.name)
        return True


PROPERTIES = {
    "topic.creation.default.partitions": "3",
    "topic.creation.default.replication.factor": "-1",
    "topic.creation.default.cleanup.policy": "compact",
}


def test_creates_each_topic_once_before_its_first_record() -> None:
    admin = Admin()
    groups = topic_groups(PROPERTIES)
    assert groups is not None
    rig = SourceRig([line(1)], [line(2)], creator=TopicCreator(groups, admin))
    rig.steps(2)
    (topic,) = admin.created
    assert (topic.name, topic.partitions, dict(topic.configs)) == (
        "t",
        3,
        {"cleanup.policy": "compact"},
    )


def test_fails_when_a_topic_neither_exists_nor_can_be_created() -> None:
    groups = topic_groups(PROPERTIES)
    assert groups is not None
    rig = SourceRig([line(1)], creator=TopicCreator(groups, Admin(allowed=False)))
    with pytest.raises(ConnectError, match="Task failed to create new topic"):
        rig.steps(1)
