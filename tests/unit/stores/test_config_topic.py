"""The config topic tells changes in its order, and takes changes as Java's workers write them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    LevelChanged,
    RestartRequested,
    SessionKeyChanged,
    TargetChanged,
    TasksConfigured,
)
from penstock.cluster.config_state import SessionKey
from penstock.cluster.events import ConfigChanged, ConfigRead, Event
from penstock.cluster.messages import TargetState
from penstock.sdk.errors import ConnectError
from penstock.stores import config_records as records
from penstock.stores.config_topic import ConfigTopic
from penstock.stores.memory import MemoryLog
from penstock.stores.ports import Entry

STARTED, PAUSED, STOPPED = TargetState.STARTED, TargetState.PAUSED, TargetState.STOPPED
KEY = SessionKey(b"k" * 32, "HmacSHA256", 5)


class Log(MemoryLog):
    """Remembers what was written, and how often its end was asked for."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        super().__init__(entries)
        self.steps: list[str] = []

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self.steps += [key.decode() for key, _ in entries]
        super().write(entries, timeout_ms)

    def read_to_end(self, timeout_ms: int) -> None:
        self.steps.append("end")


class Rig:
    def __init__(self, *entries: Entry) -> None:
        self.log = Log(entries)
        self.events: list[Event] = []
        self.topic = ConfigTopic(self.log, self.events.append)
        self.topic.start()

    @property
    def changes(self) -> list[Change]:
        return [event.change for event in self.events if isinstance(event, ConfigChanged)]

    def write(self, *changes: Change) -> list[Change]:
        """What was told of it."""
        self.events.clear()
        self.log.steps.clear()
        asyncio.run(self.topic.write(changes))
        return self.changes


def test_what_is_there_is_told_before_anything_else() -> None:
    rig = Rig(
        records.session_key(KEY),
        records.target_state("c", PAUSED),
        records.connector("c", {"x": "1"}),
        *records.tasks("c", [{"t": "0"}]),
        records.commit("c", 1),
        records.connector("gone", {}),
        records.connector("gone", None),
    )
    assert rig.changes == [
        SessionKeyChanged(KEY),
        TargetChanged("c", PAUSED),
        ConnectorConfigured("c", {"x": "1"}),
        TasksConfigured("c", ({"t": "0"},)),
    ]
    assert rig.events[-1] == ConfigRead(7)


def test_a_change_comes_with_the_offset_behind_its_record() -> None:
    rig = Rig()
    rig.write(ConnectorConfigured("c", {}))
    assert rig.events == [
        ConfigChanged(TargetChanged("c", STARTED), 1),
        ConfigChanged(ConnectorConfigured("c", {}), 1),
        ConfigRead(1),
    ]


def test_a_new_connector_has_the_target_state_that_was_there_before_it() -> None:
    rig = Rig()
    told = rig.write(TargetChanged("c", STOPPED), ConnectorConfigured("c", {"x": "1"}))
    assert told == [TargetChanged("c", STOPPED), ConnectorConfigured("c", {"x": "1"})]
    assert rig.log.steps == ["target-state-c", "connector-c", "end"]


def test_a_connector_made_anew_starts_as_its_target_state_says() -> None:
    rig = Rig(records.connector("c", {}), records.target_state("c", PAUSED))
    rig.log.write([records.connector("c", None)], 0)  # and the target state stays
    told = rig.write(ConnectorConfigured("c", {}))
    assert told == [TargetChanged("c", PAUSED), ConnectorConfigured("c", {})]


def test_a_configuration_written_anew_is_told_again() -> None:
    rig = Rig(records.connector("c", {"x": "1"}))
    assert rig.write(ConnectorConfigured("c", {"x": "1"})) == [ConnectorConfigured("c", {"x": "1"})]


def test_tasks_are_written_before_what_makes_them_count() -> None:
    rig = Rig(records.connector("c", {}))
    assert rig.write(TasksConfigured("c", ({"t": "0"}, {"t": "1"}))) == [
        TasksConfigured("c", ({"t": "0"}, {"t": "1"}))
    ]
    assert rig.log.steps == ["end", "task-c-0", "task-c-1", "end", "commit-c", "end"]


def test_missing_tasks_are_told_as_missing() -> None:
    rig = Rig(records.connector("c", {}))
    rig.log.write([records.commit("c", 2)], 0)
    assert rig.changes[-1] == TasksConfigured("c", None)


def test_a_stop_takes_the_tasks_before_the_target_state_and_is_read_back() -> None:
    rig = Rig(records.connector("c", {}))
    told = rig.write(TasksConfigured("c", ()), TargetChanged("c", STOPPED))
    assert told == [TasksConfigured("c", ()), TargetChanged("c", STOPPED)]
    assert rig.log.steps == ["end", "commit-c", "end", "target-state-c", "end"]


def test_a_pause_is_acknowledged_and_not_read_back() -> None:
    rig = Rig(records.connector("c", {}))
    assert rig.write(TargetChanged("c", PAUSED)) == [TargetChanged("c", PAUSED)]
    assert rig.log.steps == ["target-state-c"]


def test_a_deletion_takes_the_target_state_along() -> None:
    rig = Rig(records.connector("c", {}))
    assert rig.write(ConnectorRemoved("c")) == [ConnectorRemoved("c")]
    assert rig.log.steps == ["connector-c", "target-state-c", "end"]


def test_restarts_levels_and_keys_are_told_when_they_are_new() -> None:
    restart = RestartRequested("c", only_failed=True, include_tasks=False)
    rig = Rig(records.logger("a.b", "INFO"))
    assert rig.changes == []
    for change in (restart, LevelChanged("a.b", "DEBUG"), SessionKeyChanged(KEY)):
        assert rig.write(change) == [change]
    assert rig.topic.snapshot().session_key == KEY


def test_a_failed_write_says_what_was_not_written() -> None:
    class Refusing(Log):
        def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
            raise TimeoutError

    topic = ConfigTopic(Refusing(), lambda event: None)
    topic.start()
    with pytest.raises(ConnectError, match="Error writing connector configuration to Kafka"):
        asyncio.run(topic.write([ConnectorConfigured("c", {})]))


def test_a_leader_without_its_privilege_may_try_again() -> None:
    topic = ConfigTopic(Log(), lambda event: None, claim=lambda: pytest.fail("not asked for"))
    topic.start()
    with pytest.raises(ConnectError, match="Failed to write to config topic; this may be due to"):
        asyncio.run(topic.write([ConnectorConfigured("c", {})]))
