"""Tasks made from the real plugins, converters and transformations, that are led into mistakes."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.messages import (
    Failure,
    Report,
    StartTask,
    StopTask,
    TargetState,
    TaskChanged,
    TaskErred,
    TaskId,
)
from penstock.hosting.chains import ChainPlugins
from penstock.hosting.control import SystemClock
from penstock.hosting.inline import InlineHosts
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.plugins.registry import Registry
from penstock.runtime.error_events import ErrorEvent
from penstock.sdk.converter import Role
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord, TopicPartition
from penstock.sdk.sink import SinkConnector, SinkTask
from penstock.sdk.source import SourceConnector, SourceTask
from penstock.testing.memory_consumer import MemoryConsumer
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer
from penstock.testing.memory_transactions import MemoryTransactions
from tests.unit.hosting.rig import OneStore

STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
SIMPLE = "org.apache.kafka.connect.storage.SimpleHeaderConverter"
TOPIC = "orders"
TO_NUMBERS = {
    "transforms": "x",
    "transforms.x.type": "org.apache.kafka.connect.transforms.Cast$Value",
    "transforms.x.spec": "int32",
}


class GivenTask(SourceTask[Any]):
    """Polls what the test put into `given`, once."""

    given: Sequence[SourceRecord] = ()

    def start(self) -> None:
        self.left = list(self.given)

    def poll(self) -> Sequence[SourceRecord]:
        found, self.left = self.left, []
        return found


class GivenSource(SourceConnector[Any]):
    task = GivenTask


class RejectTask(SinkTask[Any]):
    """Keeps values; what is called bad it rejects, what is called worse it raises for."""

    kept: list[Any] = []  # noqa: RUF012

    def put(self, records: Any) -> None:
        for record in records:
            if record.value == "bad":
                self.context.reject(record, ValueError("not wanted"))
            elif record.value == "worse":
                raise ValueError("cannot be written")
            elif record.value == "schema":
                raise ConnectError("The task requires records with a schema.")
            elif isinstance(record.value, str) and " " in record.value:
                raise ConnectError(record.value)
            else:
                self.kept.append(record.value)


class RejectSink(SinkConnector[Any]):
    task = RejectTask


OWN = (
    Plugin("GivenSource", PluginKind.SOURCE, "1.0", lambda: GivenSource),
    Plugin("RejectSink", PluginKind.SINK, "1.0", lambda: RejectSink),
)


def _builtin() -> list[Plugin]:
    registry = Registry.builtin()
    return [plugin for kind in PluginKind for plugin in registry.plugins(kind)]


class Letters:
    """A dead letter topic in memory, behind a producer that may be told to refuse or to wait."""

    def __init__(self, kafka: MemoryKafka, topic: str) -> None:
        self.kafka = kafka
        self.topic = topic
        self.stuck = False
        self.refusal: Exception | None = None
        self.failure: Exception | None = None
        self.failures = 0
        self.waiting: list[tuple[Any, ...]] = []

    def send(self, key: Any, value: Any, timestamp: Any, headers: Any) -> None:
        self.waiting.append((self.topic, value, key, None, timestamp, headers))

    def flush(self, seconds: float) -> int:
        if not self.stuck:
            for letter in self.waiting:
                if self.refusal is None:
                    self.kafka.append(*letter)
                else:
                    self.failure = self.refusal
                    self.failures += 1
            self.waiting = []
        return len(self.waiting)

    def close(self) -> None: ...

    def cancel(self) -> None: ...


class Clients:
    """Clients of a Kafka in memory."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.letters: Letters | None = None
        self.letters_fail: Exception | None = None
        self.refuse: Any = lambda record: None

    def producer(self, name: Any, task: Any, connector: Any, *, tracked: Any):
        made = MemoryProducer(self.kafka)
        made.refuse = self.refuse
        return made

    def transactional_producer(self, name: Any, task: Any, connector: Any, *, tracked: Any):
        made = MemoryTransactions(self.kafka, f"g-{name}-{task}")
        made.refuse = self.refuse
        return made

    def consumer(self, name: Any, task: Any, connector: Any):
        consumer = MemoryConsumer(self.kafka)
        consumer.on_wait = lambda seconds: time.sleep(min(seconds, 0.001))
        consumer.assign(TopicPartition(TOPIC, 0))
        return consumer

    def topic_admin(self, name: Any, task: Any, connector: Any):
        raise AssertionError("not expected")

    def dead_letters(
        self, name: Any, task: Any, connector: Any, topic: Any, replication_factor: Any
    ):
        if self.letters_fail is not None:
            raise self.letters_fail
        self.letters = self.letters or Letters(self.kafka, topic)
        return self.letters


class MistakeRig:
    """One task in an inline host."""

    def __init__(
        self, worker: Mapping[str, str] | None = None, *, exactly_once: bool = False
    ) -> None:
        self.exactly_once = exactly_once
        self.reports: list[Report] = []
        self.clients = Clients()
        self.kafka = self.clients.kafka
        self.store = OneStore()
        worker = {"key.converter": STRING, "value.converter": JSON} | dict(worker or {})
        registry = Registry([*_builtin(), *OWN])
        converters = {
            Role.KEY: _converter(worker, "key.converter"),
            Role.VALUE: _converter(worker, "value.converter"),
            Role.HEADER: ConverterSettings(SIMPLE, {}),
        }
        settings = HostSettings(converters, offset_flush_interval_ms=1)
        builder = TaskBuilder(
            registry,
            settings,
            self.clients,
            self.store,
            ChainPlugins(registry).chain,
            SystemClock(),
        )
        self.hosts = InlineHosts(builder, registry, self.reports.append)

    def start(self, kind: str, **properties: str) -> StopTask:
        tasks = int(properties.pop("tasks", "1"))
        given = {"name": "c", "connector.class": kind, "topics": TOPIC} | {
            key.replace("__", "."): value for key, value in properties.items()
        }
        if "Source" in kind:
            del given["topics"]
        task, target = TaskId("c", 0), TargetState.STARTED
        self.hosts.send(
            StartTask(task, 1, given, given, target, tasks, exactly_once=self.exactly_once)
        )
        return StopTask(TaskId("c", 0), 1, 5000)

    def work(self, rounds: int = 5) -> None:
        for _ in range(rounds):
            self.hosts.run()
            time.sleep(0.0011)  # offsets are committed after a millisecond

    @property
    def failure(self) -> Failure | None:
        found = [r.failure for r in self.reports if isinstance(r, TaskChanged) and r.failure]
        return found[-1] if found else None

    @property
    def erred(self) -> list[ErrorEvent]:
        """What was told of tolerated errors."""
        return [report.event for report in self.reports if isinstance(report, TaskErred)]


def _converter(worker: Mapping[str, str], key: str) -> ConverterSettings:
    options = {k.removeprefix(key + "."): v for k, v in worker.items() if k.startswith(key + ".")}
    return ConverterSettings(worker[key], options)


def sink_failure(*values: bytes | None, kind: str = "RejectSink", **properties: str) -> Failure:
    """What becomes of a sink that is given these values; of a record (key, value) likewise."""
    rig = MistakeRig()
    for value in values:
        rig.kafka.append(TOPIC, value)
    rig.start(kind, **properties)
    rig.work()
    assert rig.failure is not None, rig.reports
    return rig.failure


def source_failure(*records: SourceRecord, kind: str = "GivenSource", **properties: str) -> Failure:
    """What becomes of a source that polls these records."""
    rig = MistakeRig()
    GivenTask.given = records
    rig.start(kind, **properties)
    rig.work()
    assert rig.failure is not None, rig.reports
    return rig.failure
