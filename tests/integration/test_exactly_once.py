"""Exactly-once source tasks against a real broker: what is committed is there once, in order."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from penstock.broker.local import LocalKafka
from penstock.cluster.messages import (
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
from penstock.kafka.internal_topics import InternalTopics
from penstock.kafka.task_clients import KafkaTaskClients
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.plugins import NoTransforms
from penstock.sdk.class_names import finding_classes
from penstock.sdk.converter import Role
from penstock.sdk.record import RecordMetadata, SourceRecord
from penstock.stores.offset_topics import OffsetTopics
from tests.integration.test_loops import Rig
from tests.integration.workers import wait_until
from tests.unit.hosting.rig import CLASSES, CountSource, CountTask, PluginKind, SmallCatalog

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


class BatchTask(CountTask):
    """Counts in batches; may name what its transactions end with."""

    told: list[tuple[Any, RecordMetadata | None]] = []  # noqa: RUF012

    def poll(self) -> list[SourceRecord]:
        size = int(self.config.properties.get("batch", "10"))
        found = [record for _ in range(size) for record in super(BatchTask, self).poll()]
        topic = self.config.properties["topic"]
        records = [
            SourceRecord(
                topic,
                "x" * 3_000_000 if str(r.value) == self.config.properties.get("huge") else r.value,
                source_partition=r.source_partition,
                source_offset=r.source_offset,
            )
            for r in found
        ]
        end = self.context.transaction
        if end is not None:
            for record in records:
                if not isinstance(record.value, int):
                    continue
                if record.value % 10 == 4:
                    end.commit(record)
                elif record.value % 10 == 7:
                    end.abort(record)
        return records

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        self.told.append((record.value, metadata))


class BatchSource(CountSource):
    task = BatchTask


@pytest.fixture(scope="module")
def servers() -> Iterator[str]:
    with LocalKafka() as kafka:
        yield kafka.bootstrap_servers


def worker_properties(servers: str) -> dict[str, str]:
    name = uuid.uuid4().hex[:8]
    return {
        "bootstrap.servers": servers,
        "group.id": f"g-{name}",
        "exactly.once.source.support": "enabled",
        "offset.storage.topic": f"offsets-{name}",
        "config.storage.topic": f"configs-{name}",
        "status.storage.topic": f"status-{name}",
        "offset.storage.replication.factor": "1",
        "offset.storage.partitions": "1",
        "key.converter": "org.apache.kafka.connect.storage.StringConverter",
        "value.converter": "org.apache.kafka.connect.storage.StringConverter",
    }


class OnceRig(Rig):
    """A thread host with the worker's real offsets topics."""

    def __init__(self, servers: str) -> None:
        self.servers = servers
        self.reports = []
        self.properties = worker_properties(servers)
        clients = ClientSettings(self.properties)
        with finding_classes(Registry.discover([]).find_class):
            config = DistributedConfig.parse(self.properties)
        topics = InternalTopics(clients, config)
        self.offsets_topic = self.properties["offset.storage.topic"]
        self.stores = OffsetTopics(topics.offsets(), topics.own_offsets, topic=self.offsets_topic)
        self.stores.start()
        self.hosts = self.host(clients)
        self.admin = KafkaTopicAdmin({"bootstrap.servers": servers})

    def host(self, clients: ClientSettings) -> ThreadHosts:
        text, headers = ConverterSettings("Text", {}), ConverterSettings("TextHeaders", {})
        converters = {Role.KEY: text, Role.VALUE: text, Role.HEADER: headers}
        builder = TaskBuilder(
            SmallCatalog(),
            HostSettings(converters, offset_flush_interval_ms=200),
            KafkaTaskClients(clients),
            self.stores,
            lambda properties: NoTransforms(),
            SystemClock(),
        )
        return ThreadHosts(builder, SmallCatalog(), lambda report: self.reports.append(report))

    def start(self, kind: str, name: str, *, number: int = 1, **more: Any) -> StopTask:
        given = {"name": name, "connector.class": kind} | {
            key.replace("__", "."): value for key, value in more.items()
        }
        task = TaskId(name, 0)
        start = StartTask(task, number, given, given, TargetState.STARTED, exactly_once=True)
        self.hosts.send(start)
        return StopTask(task, number, 10_000)

    def stop(self, command: StopTask) -> None:
        self.hosts.send(command)
        self.until(lambda: TaskStopped(command.id, command.incarnation) in self.reports)

    def failure(self, name: str) -> Any:
        (failed,) = [r for r in self.reports if isinstance(r, TaskChanged) and r.failure]
        return failed.failure

    def high_watermark(self, topic: str, *, committed: bool = False) -> int:
        level = "read_committed" if committed else "read_uncommitted"
        consumer = Consumer(
            {"bootstrap.servers": self.servers, "group.id": "x", "isolation.level": level}
        )
        _, high = consumer.get_watermark_offsets(TopicPartition(topic, 0), 60)
        consumer.close()
        return high

    def committed_values(self, topic: str, count: int = 0) -> list[int]:
        """What a read_committed consumer sees, up to the last stable offset of now.

        A commit is answered a moment before that offset moves: who counts on it gives a count.
        """
        return [int(m.value()) for m in committed(self.servers, topic, count)]


def committed(servers: str, topic: str, count: int = 0, seconds: float = 60) -> list[Any]:
    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid.uuid4().hex,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    messages: list[Any] = []
    limit, end = time.monotonic() + seconds, math.inf
    while time.monotonic() < limit:
        batch = consumer.consume(1000, 0.5)
        messages += [m for m in batch if m.error() is None]
        if len(messages) < count:
            continue
        if any(m.error() is not None for m in batch):
            break
        if math.isinf(end):  # who is fast enough never lets a reader come to an end
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, 0), 60)
        if messages and messages[-1].offset() + 1 >= end:
            break
    consumer.close()
    return messages


@pytest.fixture
def rig(servers: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnceRig]:
    monkeypatch.setitem(CLASSES, "BatchSource", (PluginKind.SOURCE, BatchSource))
    BatchTask.told = []
    made = OnceRig(servers)
    yield made
    made.stores.stop()


def test_records_and_offsets_come_in_one_transaction(rig: OnceRig) -> None:
    topic = rig.topic()
    stop = rig.start("BatchSource", "once", until="200", topic=topic)
    values = rig.committed_values(topic, 200)
    rig.stop(stop)
    assert values == list(range(200))
    assert rig.stores.of("once", {}).read([{"counter": 1}]) == [{"n": 199}]
    written = committed(rig.servers, rig.offsets_topic, 20)
    assert written[-1].key() == b'["once",{"counter":1}]'
    assert written[-1].value() == b'{"n":199}'
    assert len(written) == 20  # one for each poll
    assert [(value, place.offset) for value, place in BatchTask.told if place][:3] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
    assert rig.states("once") == ["RUNNING", "UNASSIGNED"]


def test_a_transaction_of_its_own_ends_where_the_task_says(rig: OnceRig) -> None:
    topic = rig.topic()
    stop = rig.start(
        "BatchSource", "told", until="40", topic=topic, transaction__boundary="connector"
    )
    rig.until(lambda: len(BatchTask.told) >= 38)
    rig.stop(stop)
    kept = [n for n in range(40) if n % 10 not in (5, 6, 7) and n < 35]
    assert rig.committed_values(topic, len(kept)) == kept
    assert rig.stores.of("told", {}).read([{"counter": 1}]) == [{"n": 37}]
    aborted = [value for value, place in BatchTask.told if place is None]
    assert aborted == [n for n in range(40) if n % 10 in (5, 6, 7)]


def test_an_open_transaction_is_left_out_and_ended_when_the_task_stops(rig: OnceRig) -> None:
    topic = rig.topic()
    stop = rig.start(
        "BatchSource", "open", batch="3", until="3", topic=topic, transaction__boundary="connector"
    )
    rig.until(lambda: rig.high_watermark(topic) == 3)
    rig.stop(stop)
    wait_until(  # nobody waits for its end any more, long before its time is over
        lambda: rig.high_watermark(topic, committed=True) == 4, 30, what="the end"
    )
    assert rig.committed_values(topic) == []
    assert BatchTask.told == []


def test_a_topic_of_its_own_has_the_offsets_and_the_workers_a_copy(rig: OnceRig) -> None:
    topic, own = rig.topic(), f"own-{uuid.uuid4().hex[:8]}"
    stop = rig.start("BatchSource", "own", until="100", topic=topic, offsets__storage__topic=own)
    assert rig.committed_values(topic, 100) == list(range(100))
    rig.stop(stop)
    wanted = (b'["own",{"counter":1}]', b'{"n":99}')
    for place in (own, rig.offsets_topic):
        wait_until(  # the copy is written some time soon
            lambda place=place: (
                wanted in [(m.key(), m.value()) for m in committed(rig.servers, place)]
            ),
            what=f"the last offset in {place}",
        )
        last = committed(rig.servers, place)[-1]
        assert (last.key(), last.value()) == wanted


def test_a_task_may_not_write_to_its_own_offsets_topic(rig: OnceRig) -> None:
    rig.start("BatchSource", "selfish", until="10", topic=rig.offsets_topic)
    rig.until(lambda: "FAILED" in rig.states("selfish"))
    assert rig.failure("selfish").message == (
        "Source tasks may not produce to their own offsets topics when exactly-once support is "
        "enabled"
    )


def test_a_record_that_is_too_large_fails_the_task_and_commits_nothing_of_its_poll(
    rig: OnceRig,
) -> None:
    topic = rig.topic()
    rig.start("BatchSource", "large", until="50", topic=topic, huge="25", errors__tolerance="all")
    rig.until(lambda: "FAILED" in rig.states("large"))
    assert rig.failure("large").message == (
        "Failed to flush offsets and/or records for task large-0"
    )
    assert "RecordTooLargeException" in rig.failure("large").trace
    assert rig.committed_values(topic, 20) == list(range(20))
    assert rig.stores.of("large", {}).read([{"counter": 1}]) == [{"n": 19}]


def test_a_successor_fences_a_zombie_and_goes_on_after_its_last_commit(rig: OnceRig) -> None:
    topic = rig.topic()
    given: dict[str, Any] = {"until": "100000", "topic": topic, "batch": "3"}
    rig.start("BatchSource", "zombie", **given)
    rig.until(lambda: rig.high_watermark(topic) > 20)
    stop = rig.start("BatchSource", "zombie", number=2, **given)
    rig.until(lambda: "FAILED" in rig.states("zombie"))
    assert rig.failure("zombie").message.startswith(
        "The task zombie-0 was unable to finish writing records to Kafka before its producer "
        "transaction expired."
    )
    values = rig.committed_values(topic, 60)
    rig.stop(stop)
    assert len(values) >= 60
    assert values == list(range(len(values)))


def test_offsets_are_read_only_when_open_transactions_on_their_topic_are_over(
    rig: OnceRig, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("penstock.kafka.log._PATIENCE_SECONDS", 0.3)
    stray = Producer(
        {
            "bootstrap.servers": rig.servers,
            "transactional.id": f"stray-{uuid.uuid4().hex}",
            "transaction.timeout.ms": 60_000,
        }
    )
    stray.init_transactions(60)
    stray.begin_transaction()
    stray.produce(rig.offsets_topic, b"{}", b'["other",{}]')
    assert stray.flush(30) == 0
    topic = rig.topic()
    stop = rig.start("BatchSource", "after", until="20", topic=topic)
    time.sleep(0.5)
    assert rig.states("after") == []  # it waits: what it looks for may lie behind
    wait_until(lambda: "a transaction is open there" in caplog.text, 40, what="an explanation")
    stray.abort_transaction(60)
    assert rig.committed_values(topic, 20) == list(range(20))
    rig.stop(stop)
