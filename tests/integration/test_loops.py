"""Source and sink tasks in a thread host, against a real broker."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from penstock.broker.local import LocalKafka
from penstock.cluster.messages import (
    Report,
    StartTask,
    StopTask,
    TargetState,
    TaskChanged,
    TaskId,
    TaskStopped,
)
from penstock.hosting.control import SystemClock
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.hosting.thread import ThreadHosts
from penstock.kafka.task_clients import KafkaTaskClients
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.plugins import NoTransforms
from penstock.runtime.topic_creation import TopicToCreate
from penstock.sdk.converter import Role
from tests.unit.hosting.rig import (
    CLASSES,
    CountSource,
    CountTask,
    KeepSink,
    KeepTask,
    OneStore,
    PluginKind,
    SmallCatalog,
)

pytestmark = pytest.mark.integration


class WordTask(CountTask):
    """Numbers as given: one of them may be far too large."""

    def poll(self):
        records = super().poll()
        huge = self.config.properties.get("huge")
        topic = self.config.properties["topic"]
        from penstock.sdk.record import replace

        return [
            replace(r, topic=topic, value="x" * 3_000_000 if str(r.value) == huge else r.value)
            for r in records
        ]


class WordSource(CountSource):
    task = WordTask


class PickyTask(KeepTask):
    """Rejects what is called bad."""

    def put(self, records: Any) -> None:
        for record in records:
            if record.value == "reject":
                self.context.reject(record, ValueError("not wanted"))
        super().put([record for record in records if record.value != "reject"])


class PickySink(KeepSink):
    task = PickyTask


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with LocalKafka() as kafka:
        yield kafka.bootstrap_servers


class Rig:
    """A host, and a hand in Kafka."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.reports: list[Report] = []
        self.store = OneStore()
        text, headers = ConverterSettings("Text", {}), ConverterSettings("TextHeaders", {})
        worker = {"bootstrap.servers": servers, "consumer.session.timeout.ms": "6000"}
        self.hosts = ThreadHosts(
            TaskBuilder(
                SmallCatalog(),
                HostSettings(
                    {Role.KEY: text, Role.VALUE: text, Role.HEADER: headers},
                    offset_flush_interval_ms=200,
                ),
                KafkaTaskClients(ClientSettings(worker)),
                self.store,
                lambda properties: NoTransforms(),
                SystemClock(),
            ),
            SmallCatalog(),
            self.reports.append,
        )
        self.admin = KafkaTopicAdmin({"bootstrap.servers": servers})

    def start(self, kind: str, name: str, *, number: int = 0, **more: Any) -> StopTask:
        given = {"name": name, "connector.class": kind} | {
            key.replace("__", "."): value for key, value in more.items()
        }
        task = TaskId(name, number)
        self.hosts.send(StartTask(task, 1, given, given, TargetState.STARTED))
        return StopTask(task, 1, 10_000)

    def stop(self, command: StopTask) -> None:
        self.hosts.send(command)
        self.until(lambda: TaskStopped(command.id, 1) in self.reports)

    def until(self, done: Callable[[], bool], seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"not in time; reports: {self.reports}"
            time.sleep(0.01)

    def states(self, name: str) -> list[str]:
        changes = [r for r in self.reports if isinstance(r, TaskChanged)]
        return [r.state.value for r in changes if r.id.connector == name]

    def topic(self, partitions: int = 1) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.admin.create(TopicToCreate(name, partitions, 1, {}))
        return name

    def write(self, topic: str, *values: str, partition: int = 0) -> None:
        producer = Producer({"bootstrap.servers": self.servers})
        for value in values:
            producer.produce(topic, value.encode(), partition=partition, headers={"own": b"1"})
        assert producer.flush(60) == 0

    def read(self, topic: str, count: int) -> list[Any]:
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": uuid.uuid4().hex})
        consumer.assign([TopicPartition(topic, 0, 0)])
        messages: list[Any] = []
        end = time.monotonic() + 60
        while len(messages) < count and time.monotonic() < end:
            messages += [m for m in consumer.consume(100, 0.2) if m.error() is None]
        consumer.close()
        return messages

    def committed(self, group: str, topic: str, partition: int = 0) -> int:
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": group})
        (place,) = consumer.committed([TopicPartition(topic, partition)], timeout=60)
        consumer.close()
        return place.offset


@pytest.fixture
def rig(servers: str, monkeypatch: pytest.MonkeyPatch) -> Rig:
    monkeypatch.setitem(CLASSES, "WordSource", (PluginKind.SOURCE, WordSource))
    monkeypatch.setitem(CLASSES, "PickySink", (PluginKind.SINK, PickySink))
    KeepTask.kept = []
    return Rig(servers)


def test_a_source_creates_its_topic_writes_and_commits(rig: Rig) -> None:
    topic = f"new-{uuid.uuid4().hex[:8]}"
    stop = rig.start(
        "WordSource",
        "source",
        until="500",
        topic=topic,
        topic__creation__default__partitions="1",
        topic__creation__default__replication__factor="1",
    )
    messages = rig.read(topic, 500)
    rig.stop(stop)
    assert [int(m.value()) for m in messages] == list(range(500))
    assert rig.store.offsets.read([{"counter": 1}]) == [{"n": 499}]
    assert rig.states("source") == ["RUNNING", "UNASSIGNED"]


def test_a_record_kafka_refuses_fails_the_task(rig: Rig) -> None:
    rig.start("WordSource", "refused", until="50", topic=rig.topic(), huge="20")
    rig.until(lambda: "FAILED" in rig.states("refused"))
    (failed,) = [r for r in rig.reports if isinstance(r, TaskChanged) and r.failure]
    assert "RecordTooLargeException" in (failed.trace or "")


def test_a_record_kafka_refuses_is_passed_over_with_tolerance(rig: Rig) -> None:
    topic = rig.topic()
    more: dict[str, Any] = {"errors__tolerance": "all"}
    stop = rig.start("WordSource", "tolerant", until="50", topic=topic, huge="20", **more)
    messages = rig.read(topic, 49)
    rig.stop(stop)
    assert [int(m.value()) for m in messages] == [n for n in range(50) if n != 20]
    assert rig.store.offsets.read([{"counter": 1}]) == [{"n": 49}]


def test_a_sink_reads_from_the_start_and_commits(rig: Rig) -> None:
    topic = rig.topic()
    rig.write(topic, *map(str, range(1000)))
    stop = rig.start("KeepSink", f"sink-{topic}", topics=topic)
    rig.until(lambda: len(KeepTask.kept) == 1000)
    rig.until(lambda: rig.committed(f"connect-sink-{topic}", topic) == 1000)
    rig.write(topic, "last")
    rig.until(lambda: len(KeepTask.kept) == 1001)
    rig.stop(stop)
    assert rig.committed(f"connect-sink-{topic}", topic) == 1001
    KeepTask.kept = []
    rig.write(topic, "after")
    name = f"sink-{topic}"
    rig.hosts.send(
        StartTask(
            TaskId(name, 0),
            2,
            {"name": name, "connector.class": "KeepSink", "topics": topic},
            {"name": name, "connector.class": "KeepSink", "topics": topic},
            TargetState.STARTED,
        )
    )
    rig.until(lambda: KeepTask.kept == ["after"])
    rig.hosts.send(StopTask(TaskId(name, 0), 2, 10_000))
    rig.until(lambda: TaskStopped(TaskId(name, 0), 2) in rig.reports)


@pytest.mark.parametrize("strategy", ["range", "cooperative-sticky"])
def test_two_tasks_share_partitions_and_lose_nothing(rig: Rig, strategy: str) -> None:
    topic = rig.topic(partitions=4)
    name = f"shared-{topic}"
    more: dict[str, Any] = {
        "topics": topic,
        "tasks__max": "2",
        "consumer__override__partition__assignment__strategy": strategy,
    }
    for partition in range(4):
        rig.write(topic, *(f"{partition}-{i}" for i in range(50)), partition=partition)
    first = rig.start("KeepSink", name, **more)
    rig.until(lambda: len(KeepTask.kept) == 200)
    second = rig.start("KeepSink", name, number=1, **more)
    for i in range(50, 60):
        for partition in range(4):
            rig.write(topic, f"{partition}-{i}", partition=partition)
        time.sleep(0.1)
    rig.until(lambda: len(set(KeepTask.kept)) == 240)
    rig.stop(second)
    for partition in range(4):
        rig.write(topic, f"{partition}-60", partition=partition)
    rig.until(lambda: len(set(KeepTask.kept)) == 244)
    rig.stop(first)
    assert len(KeepTask.kept) == 244
    assert [rig.committed(f"connect-{name}", topic, p) for p in range(4)] == [61] * 4


def test_a_sink_finds_topics_by_a_java_pattern(rig: Rig) -> None:
    topic = rig.topic()
    rig.write(topic, "a")
    stop = rig.start("KeepSink", f"regex-{topic}", topics__regex=f"\\Q{topic[:-1]}\\E[-0-9a-f]++")
    rig.until(lambda: KeepTask.kept == ["a"])
    rig.stop(stop)


def test_bad_records_become_dead_letters_with_the_reason(rig: Rig) -> None:
    topic, letters = rig.topic(), f"dlq-{uuid.uuid4().hex[:8]}"
    rig.write(topic, "good", "bad", "reject", "fine")
    stop = rig.start(
        "PickySink",
        f"picky-{topic}",
        topics=topic,
        errors__tolerance="all",
        errors__deadletterqueue__topic__name=letters,
        errors__deadletterqueue__topic__replication__factor="1",
        errors__deadletterqueue__context__headers__enable="true",
    )
    rig.until(lambda: KeepTask.kept == ["good", "fine"])
    bad, rejected = rig.read(letters, 2)
    rig.stop(stop)
    assert (bad.value(), rejected.value()) == (b"bad", b"reject")
    headers = dict(bad.headers())
    assert next(iter(headers)) == "own"
    assert headers["__connect.errors.stage"] == b"VALUE_CONVERTER"
    assert headers["__connect.errors.offset"] == b"1"
    assert headers["__connect.errors.class.name"] == b"Text"
    assert dict(rejected.headers())["__connect.errors.stage"] == b"TASK_PUT"
    assert rig.committed(f"connect-picky-{topic}", topic) == 4
