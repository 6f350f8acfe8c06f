"""Connectors have their offsets in the worker's topic, or in one of their own as well."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from penstock.sdk.errors import ConnectError
from penstock.stores import offset_topics
from penstock.stores.memory import MemoryLog
from penstock.stores.offset_topics import OffsetTopics
from penstock.stores.own_topic import OwnTopic
from penstock.stores.ports import Entry, LogRecord

OWN = {"offsets.storage.topic": "own"}
PARTITION = {"p": 1}


class Log(MemoryLog):
    """Counts how often it is opened and closed; opened again, it still has everything."""

    def __init__(self, kept: list[Entry] | None = None) -> None:
        self.kept = [] if kept is None else kept
        super().__init__(self.kept)
        self.opened = self.closed = 0

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        self.opened += 1
        super().start(on_record)

    def stop(self) -> None:
        self.closed += 1
        super().stop()

    def _append(self, key: bytes, value: bytes | None) -> None:
        self.kept.append((key, value))
        super()._append(key, value)


class Rig:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.worker = Log()
        self.kept: list[Entry] = []
        self.logs: list[Log] = []
        self.topics = OffsetTopics(self.worker, self._open, now=lambda: self.now)
        self.topics.start()

    def _open(self, connector: str, properties: Mapping[str, str]) -> Log | None:
        if properties.get("offsets.storage.topic", "worker's") == "worker's":
            return None
        self.logs.append(Log(self.kept))
        return self.logs[-1]


@pytest.fixture
def rig(monkeypatch: pytest.MonkeyPatch) -> Rig:
    return Rig(monkeypatch)


@pytest.mark.parametrize("properties", [{}, {"offsets.storage.topic": "worker's"}])
def test_most_connectors_use_the_workers_topic(rig: Rig, properties: dict[str, str]) -> None:
    rig.topics.of("c", properties).write([(PARTITION, {"at": 1})], 100)
    assert rig.topics.of("c", {}).all() == [(PARTITION, {"at": 1})]
    assert rig.topics.of("d", {}).all() == []


def test_a_topic_of_its_own_is_opened_when_it_is_used_and_shared_by_tasks(rig: Rig) -> None:
    first, second = rig.topics.of("c", OWN), rig.topics.of("c", OWN | {"tasks.max": "2"})
    assert rig.logs[0].opened == 0
    first.write([(PARTITION, {"at": 1})], 100)
    assert second.read([PARTITION]) == [{"at": 1}]
    assert [log.opened for log in rig.logs] == [1]
    assert rig.topics.of("c", {}).all() == [(PARTITION, {"at": 1})]  # the worker's is a copy


def test_other_settings_lead_to_another_log(rig: Rig) -> None:
    rig.topics.of("c", OWN).all()
    rig.topics.of("c", OWN | {"consumer.override.x": "1"}).all()
    assert len(rig.logs) == 2


def test_an_idle_topic_is_closed_and_read_anew_when_it_is_used_again(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AtOnce:
        def __init__(self, target: Callable[[], None], **given: object) -> None:
            self.start = target

    monkeypatch.setattr(offset_topics.threading, "Thread", AtOnce)
    held = rig.topics.of("c", OWN)
    held.write([(PARTITION, {"at": 1})], 100)
    rig.now = 601.0
    rig.topics.of("other", {})
    assert rig.logs[0].closed == 1
    assert held.read([PARTITION]) == [{"at": 1}]
    assert [log.opened for log in rig.logs] == [1, 1]


def test_nothing_is_opened_any_more_once_the_worker_has_stopped(rig: Rig) -> None:
    held = rig.topics.of("c", OWN)
    held.all()
    rig.topics.stop()
    assert (rig.logs[0].closed, rig.worker.closed) == (1, 1)
    with pytest.raises(ConnectError, match="stopping"):
        held.all()


def test_a_topic_that_cannot_be_opened_is_tried_again_at_the_next_use() -> None:
    class Refusing(Log):
        def start(self, on_record: Callable[[LogRecord], None]) -> None:
            raise ConnectError("not now")

    logs = [Refusing(), Log()]
    topic = OwnTopic(lambda: logs.pop(0))
    with pytest.raises(ConnectError, match="not now"):
        topic.start()
    topic.refresh(100)
    assert topic.table.connectors() == []
