"""One task with a real broker that refuses this and that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import Any

import confluent_kafka.admin
from confluent_kafka import KafkaError
from confluent_kafka.cimpl import NewTopic

from penstock.broker import LocalKafka
from penstock.cluster.catalog import Plugin, PluginKind
from penstock.cluster.messages import (
    Failure,
    Report,
    StartTask,
    StopTask,
    TargetState,
    TaskChanged,
    TaskId,
    TaskStopped,
)
from penstock.hosting.chains import ChainPlugins
from penstock.hosting.control import SystemClock
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.hosting.thread import ThreadHosts
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.kafka.task_clients import KafkaTaskClients
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.sdk.converter import Role
from penstock.sdk.record import SourceRecord
from tests.integration.secured import RIGHT
from tests.integration.workers import wait_until
from tests.unit.hosting.mistakes import (
    OWN,
    SIMPLE,
    STRING,
    GivenSource,
    GivenTask,
    RejectSink,
    RejectTask,
)
from tests.unit.hosting.rig import OneStore

acls: Any = confluent_kafka.admin  # its own annotations leave these out

SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
    "super.users": "User:ANONYMOUS;User:penstock",
    "auto.create.topics.enable": "false",
    "group.min.session.timeout.ms": "500",
    "listener.name.sasl_plaintext.sasl.enabled.mechanisms": "PLAIN",
}
NOBODY = "User:CN=client"  # who comes by the listener SSL may write to no topic at all
OTHER = "User:other"
DENIED = (
    (acls.ResourceType.TOPIC, "denied", acls.AclOperation.ALL, OTHER),
    (acls.ResourceType.GROUP, "connect-nobody", acls.AclOperation.ALL, OTHER),
    (acls.ResourceType.TRANSACTIONAL_ID, "workers-denied-0", acls.AclOperation.ALL, OTHER),
    (acls.ResourceType.BROKER, "kafka-cluster", acls.AclOperation.CREATE, OTHER),
    (acls.ResourceType.TOPIC, "new", acls.AclOperation.CREATE, OTHER),
    (acls.ResourceType.TOPIC, "new-letters", acls.AclOperation.CREATE, OTHER),
    (acls.ResourceType.TOPIC, "closed-RejectSink", acls.AclOperation.WRITE, OTHER),
    (acls.ResourceType.TOPIC, "closed-PatientSource", acls.AclOperation.WRITE, OTHER),
    (acls.ResourceType.TOPIC, "*", acls.AclOperation.WRITE, NOBODY),
    (acls.ResourceType.BROKER, "kafka-cluster", acls.AclOperation.IDEMPOTENT_WRITE, NOBODY),
)


class SlowTask(RejectTask):
    """Takes longer for a record than its group waits."""

    opened = threading.Event()

    def open(self, partitions: Any) -> None:
        self.opened.set()

    def put(self, records: Any) -> None:
        if records:
            time.sleep(3)


class SlowSink(RejectSink):
    task = SlowTask


class TickTask(GivenTask):
    """Polls the same record again and again."""

    def poll(self) -> Any:
        self.context.sleep(0.05)
        return self.given


class TickSource(GivenSource):
    task = TickTask


class PatientTask(GivenTask):
    """Polls what it is given once, and then waits."""

    def poll(self) -> Any:
        found = super().poll()
        if not found:
            self.context.sleep(0.05)
        return found


class PatientSource(GivenSource):
    task = PatientTask


NEW = (
    *("open", "denied", "letters", "own-offsets", "ticks", "slow", "orders", "numbers"),
    *("numbers-often", "letters-often", "numbers-once", "letters-once"),
    *("closed-RejectSink", "closed-PatientSource"),
)
SMALL = ("small", "small-RejectSink", "small-PatientSource")


@contextmanager
def refusing_kafka() -> Generator[LocalKafka]:
    """With rules for users, and topics that take small records only."""
    with LocalKafka(secure=True, faulty=True, settings=SETTINGS) as broker:
        admin = acls.AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        small = {"max.message.bytes": "1000"}
        topics = [NewTopic(name, 1, 1) for name in NEW]
        topics += [NewTopic(name, 1, 1, config=small) for name in SMALL]
        for made in admin.create_topics(topics).values():
            made.result(60)
        literal, deny = acls.ResourcePatternType.LITERAL, acls.AclPermissionType.DENY
        rules = [
            acls.AclBinding(kind, name, literal, user, "*", operation, deny)
            for kind, name, operation, user in DENIED
        ]
        allow, every = acls.AclPermissionType.ALLOW, acls.AclOperation.ALL
        topic = acls.ResourceType.TOPIC
        rules.append(acls.AclBinding(topic, "*", literal, "User:*", "*", every, allow))
        for made in admin.create_acls(rules).values():
            made.result(60)
        wait_until(lambda: in_force(broker), what="rules in force")
        yield broker


def in_force(kafka: LocalKafka) -> bool:
    """Brokers follow rules some time after they have taken them."""
    client = acls.AdminClient(to_librdkafka(other(kafka), ClientKind.ADMIN).settings)
    refused = client.list_topics("denied", timeout=60).topics["denied"].error
    return refused is not None and refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


class Rig:
    """One task in a thread host."""

    def __init__(self, worker: dict[str, str]) -> None:
        self.reports: list[Report] = []
        builtin = Registry.builtin()
        registry = Registry(
            [
                *(plugin for kind in PluginKind for plugin in builtin.plugins(kind)),
                *OWN,
                Plugin("SlowSink", PluginKind.SINK, "1.0", lambda: SlowSink),
                Plugin("TickSource", PluginKind.SOURCE, "1.0", lambda: TickSource),
                Plugin("PatientSource", PluginKind.SOURCE, "1.0", lambda: PatientSource),
            ]
        )
        text, headers = ConverterSettings(STRING, {}), ConverterSettings(SIMPLE, {})
        prefixed = {
            prefix + name: value
            for prefix in ("producer.", "consumer.", "admin.")
            for name, value in worker.items()
            if name != "bootstrap.servers"
        } | {"group.id": "workers"}
        self.store = OneStore()
        self.store.offsets.topic = "own-offsets"
        builder = TaskBuilder(
            registry,
            HostSettings(
                {Role.KEY: text, Role.VALUE: text, Role.HEADER: headers},
                offset_flush_interval_ms=200,
            ),
            KafkaTaskClients(ClientSettings(worker | prefixed)),
            self.store,
            ChainPlugins(registry).chain,
            SystemClock(),
        )
        self.hosts = ThreadHosts(builder, registry, self.reports.append)

    def start(
        self,
        kind: str,
        properties: Mapping[str, str],
        *records: SourceRecord,
        exactly_once: bool = False,
    ) -> None:
        GivenTask.given = records
        given = {"name": "c", "connector.class": kind, **properties}
        self.id = TaskId(given["name"], 0)
        start = StartTask(
            self.id, 1, given, given, TargetState.STARTED, 1, exactly_once=exactly_once
        )
        self.hosts.send(start)

    def failure(self, seconds: float = 60) -> Failure:
        self.until(lambda: self.failed is not None, seconds)
        assert self.failed is not None
        return self.failed

    @property
    def failed(self) -> Failure | None:
        changed = [r.failure for r in self.reports if isinstance(r, TaskChanged)]
        return next((failure for failure in changed if failure), None)

    def until(self, done: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.reports
            time.sleep(0.02)

    def stop(self) -> None:
        self.hosts.send(StopTask(self.id, 1, 500))

    def end(self) -> None:
        """Stop, with whatever the task does at its end."""
        self.hosts.send(StopTask(self.id, 1, 5000))
        self.until(lambda: any(isinstance(report, TaskStopped) for report in self.reports))


def record(topic: str, value: str = "x", **more: Any) -> SourceRecord:
    place: dict[str, Any] = {"source_partition": {"p": 1}, "source_offset": {"n": 1}}
    return SourceRecord(topic, value, **(place | more))


def plain(kafka: LocalKafka) -> dict[str, str]:
    return {"bootstrap.servers": kafka.bootstrap_servers}


def other(kafka: LocalKafka) -> dict[str, str]:
    """A user who may not do everything."""
    found = kafka.client_properties("SASL_PLAINTEXT")
    login = found["sasl.jaas.config"].replace('"penstock"', '"other"')
    return found | {"sasl.jaas.config": login.replace(RIGHT, "other-secret")}


def by_certificate(kafka: LocalKafka) -> dict[str, str]:
    """A user who may write to no topic."""
    return kafka.client_properties("SSL")


def letters(topic: str, **more: str) -> dict[str, str]:
    return {
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": topic,
        "errors.deadletterqueue.context.headers.enable": "true",
    } | {name.replace("__", "."): text for name, text in more.items()}
