"""Hosts with small plugins and a Kafka in memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.messages import (
    ConnectorChanged,
    Report,
    StartConnector,
    StartTask,
    StopConnector,
    StopTask,
    TargetState,
    TaskChanged,
    TaskId,
)
from penstock.hosting.control import SystemClock
from penstock.hosting.inline import InlineHosts
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.hosting.thread import ThreadHosts
from penstock.runtime.plugins import NoTransforms
from penstock.sdk.class_names import ClassRef
from penstock.sdk.config import Config
from penstock.sdk.converter import Role
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord, TopicPartition
from penstock.sdk.sink import SinkConnector, SinkTask
from penstock.sdk.source import SourceConnector, SourceTask
from penstock.testing.memory_consumer import MemoryConsumer
from penstock.testing.memory_kafka import MemoryKafka, MemoryOffsets, MemoryProducer
from penstock.testing.memory_transactions import MemoryTransactions
from tests.unit.runtime.rig import Text, TextHeaders

PATIENCE_SECONDS = 60.0  # only what fails takes so long


class CountTask(SourceTask[Config]):
    """Counts, one number per poll; `mode` says what else it does."""

    def start(self) -> None:
        mode = self.config.properties.get("mode")
        if mode == "broken":
            raise ConnectError("no such table")
        if mode == "hang":
            Gate.now.pass_through()
        last = self.context.offset({"counter": 1})
        self.next = 0 if last is None else last["n"] + 1

    def poll(self) -> list[SourceRecord]:
        if self.next >= int(self.config.properties.get("until", "1000000")):
            self.context.sleep(60)
            return []
        number, self.next = self.next, self.next + 1
        return [
            SourceRecord(
                "numbers", number, source_partition={"counter": 1}, source_offset={"n": number}
            )
        ]


class Gate:
    """What hangs waits here; each rig has another one, which older threads do not reach."""

    now: Gate

    def __init__(self) -> None:
        self.open, self.waiting = threading.Event(), threading.Semaphore(0)

    def pass_through(self) -> None:
        self.waiting.release()
        assert self.open.wait(PATIENCE_SECONDS)

    def reached(self, times: int = 1) -> bool:
        """Whether so many have come to wait here."""
        return all(self.waiting.acquire(timeout=PATIENCE_SECONDS) for _ in range(times))


Gate.now = Gate()


class CountSource(SourceConnector[Config]):
    task = CountTask

    def start(self) -> None:
        mode = self.config.properties.get("connector.mode")
        if mode == "broken":
            raise ConnectError("cannot connect")
        if mode == "hang":
            Gate.now.pass_through()

    def task_configs(self, max_tasks: int):
        wanted = int(self.config.properties.get("tasks", "1"))
        return [dict(self.config.properties) for _ in range(wanted)]

    def alter_offsets(self, offsets: Any):
        if any(offset == {"n": -1} for offset in offsets.values()):
            raise ConnectError("n must not be negative")
        return True


class KeepTask(SinkTask[Config]):
    kept: list[Any] = []  # noqa: RUF012

    def put(self, records: Any) -> None:
        self.kept.extend([record.value for record in records])


class KeepSink(SinkConnector[Config]):
    task = KeepTask


CLASSES: dict[str, tuple[PluginKind, type]] = {
    "CountSource": (PluginKind.SOURCE, CountSource),
    "KeepSink": (PluginKind.SINK, KeepSink),
    "Text": (PluginKind.CONVERTER, Text),
    "TextHeaders": (PluginKind.HEADER_CONVERTER, TextHeaders),
}


class SmallCatalog:
    def __init__(self, more: dict[str, tuple[PluginKind, type]] | None = None) -> None:
        self.classes = CLASSES | (more or {})

    def plugins(self, kind: PluginKind):
        return [self.plugin(kind, name) for name, (k, _) in self.classes.items() if k is kind]

    def find_class(self, name: str) -> ClassRef | None:
        return ClassRef(name, lambda: self.classes[name][1]) if name in self.classes else None

    def connector(self, name: str, version: str | None = None) -> Plugin:
        if name not in self.classes:
            raise ConnectError(f"Failed to find any class named {name}")
        return self.plugin(self.classes[name][0], name)

    def plugin(self, kind: PluginKind, name: str, version: str | None = None) -> Plugin:
        return Plugin(name, kind, "1.0", lambda: self.classes[name][1])

    def versions(self, name: str, kinds: Collection[PluginKind] = PluginKind):
        return ["1.0"]


class MemoryClients:
    def __init__(self, kafka: MemoryKafka) -> None:
        self.kafka = kafka
        self.producers: list[MemoryProducer] = []
        self.consumers: list[MemoryConsumer] = []

    def producer(self, name: Any, task: Any, connector: Any, *, tracked: Any):
        self.producers.append(MemoryProducer(self.kafka))
        return self.producers[-1]

    def transactional_producer(self, name: Any, task: Any, connector: Any, *, tracked: Any):
        producer = MemoryTransactions(self.kafka, f"g-{name}-{task}")
        self.producers.append(producer)
        return producer

    def consumer(self, name: Any, task: Any, connector: Any):
        consumer = MemoryConsumer(self.kafka)
        consumer.on_wait = lambda seconds: time.sleep(min(seconds, 0.005))
        consumer.assign(TopicPartition("numbers", 0))
        self.consumers.append(consumer)
        return consumer

    def topic_admin(self, name: Any, task: Any, connector: Any):
        raise AssertionError("not expected")

    def dead_letters(
        self, name: Any, task: Any, connector: Any, topic: Any, replication_factor: Any
    ):
        raise AssertionError("not expected")


class OneStore:
    def __init__(self) -> None:
        self.offsets = MemoryOffsets()

    def of(self, connector: Any, properties: Any):
        return self.offsets


class HostRig:
    """One host of a kind, and what it reports."""

    def __init__(self, kind: type[ThreadHosts] | type[InlineHosts]) -> None:
        self.reports: list[Report] = []
        self.kafka = MemoryKafka()
        self.clients = MemoryClients(self.kafka)
        self.store = OneStore()
        settings = HostSettings(
            {
                Role.KEY: ConverterSettings("Text", {}),
                Role.VALUE: ConverterSettings("Text", {}),
                Role.HEADER: ConverterSettings("TextHeaders", {}),
            }
        )
        catalog = SmallCatalog()
        builder = TaskBuilder(
            catalog,
            settings,
            self.clients,
            self.store,
            lambda properties: NoTransforms(),
            SystemClock(),
        )
        self.hosts = kind(builder, catalog, self.reports.append)
        self.gate = Gate.now = Gate()
        self._older = set(threading.enumerate())

    def send(self, command: Any) -> None:
        self.hosts.send(command)

    def until(self, done: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
        """Let the host work until something has come true."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, f"not in time; reports: {self.reports}"
            if isinstance(self.hosts, InlineHosts):
                self.hosts.run()
            else:
                time.sleep(0.002)

    def gone(self) -> None:
        """Waits until no task or connector is left in a thread: nothing can come of them."""
        for thread in set(threading.enumerate()) - self._older:
            if thread.name.startswith(("task-thread-", "connector-thread-")):
                thread.join(PATIENCE_SECONDS)
                assert not thread.is_alive()

    def close(self) -> None:
        """Stops what a test has left running."""
        self.send(StopTask(TaskId("c", 0), 1, 60_000))
        self.send(StopConnector("c", 1))
        self.gone()

    def states(self) -> list[str]:
        kinds = (TaskChanged, ConnectorChanged)
        return [r.state.value for r in self.reports if isinstance(r, kinds)]

    def values(self, topic: str = "numbers") -> list[bytes | None]:
        return [record.value for record in self.kafka.topic(topic)]

    def start_task(
        self, target: TargetState = TargetState.STARTED, *, tasks: int = 0, **more: str
    ) -> StartTask:
        given = {"name": "c", "connector.class": "CountSource"} | {
            name.replace("__", "."): value for name, value in more.items()
        }
        command = StartTask(TaskId("c", 0), 1, given, given, target, tasks)
        self.send(command)
        return command

    def start_connector(
        self, target: TargetState = TargetState.STARTED, **more: str
    ) -> StartConnector:
        given = {"name": "c", "connector.class": "CountSource"} | {
            name.replace("__", "."): value for name, value in more.items()
        }
        command = StartConnector("c", 1, given, target)
        self.send(command)
        return command
