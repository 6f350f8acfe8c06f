"""Classic mistakes with a real broker: what the failed task says, or the log while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import confluent_kafka.admin
import pytest
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
)
from penstock.hosting.chains import ChainPlugins
from penstock.hosting.control import SystemClock
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.hosting.tasks import TaskBuilder
from penstock.hosting.thread import ThreadHosts
from penstock.kafka import topic_admin
from penstock.kafka.task_clients import KafkaTaskClients
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.sdk.converter import Role
from penstock.sdk.record import SourceRecord
from tests.integration.secured import RIGHT, Strangers, impossible
from tests.unit.hosting.mistakes import OWN, SIMPLE, STRING, GivenTask, RejectSink, RejectTask
from tests.unit.hosting.rig import OneStore

acls: Any = confluent_kafka.admin  # its own annotations leave these out

pytestmark = pytest.mark.integration

SETTINGS = {
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "true",
    "super.users": "User:ANONYMOUS;User:penstock",
    "auto.create.topics.enable": "false",
}
DENIED = (
    (acls.ResourceType.TOPIC, "denied", acls.AclOperation.ALL),
    (acls.ResourceType.GROUP, "connect-nobody", acls.AclOperation.ALL),
    (acls.ResourceType.TRANSACTIONAL_ID, "denied", acls.AclOperation.ALL),
    (acls.ResourceType.BROKER, "kafka-cluster", acls.AclOperation.CREATE),
    (acls.ResourceType.TOPIC, "new", acls.AclOperation.CREATE),
    (acls.ResourceType.TOPIC, "new-letters", acls.AclOperation.CREATE),
)


class SlowTask(RejectTask):
    """Takes longer for a record than its group waits."""

    def put(self, records: Any) -> None:
        if records:
            time.sleep(8)


class SlowSink(RejectSink):
    task = SlowTask


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with LocalKafka(secure=True, faulty=True, settings=SETTINGS) as broker:
        admin = acls.AdminClient({"bootstrap.servers": broker.bootstrap_servers})
        small = {"max.message.bytes": "1000"}
        topics = [NewTopic("open", 1, 1), NewTopic("denied", 1, 1)]
        topics += [NewTopic("small", 1, 1, config=small), NewTopic("letters", 1, 1)]
        for made in admin.create_topics(topics).values():
            made.result(10)
        literal, deny = acls.ResourcePatternType.LITERAL, acls.AclPermissionType.DENY
        rules = [
            acls.AclBinding(kind, name, literal, "User:other", "*", operation, deny)
            for kind, name, operation in DENIED
        ]
        for made in admin.create_acls(rules).values():
            made.result(10)
        yield broker


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
            ]
        )
        text, headers = ConverterSettings(STRING, {}), ConverterSettings(SIMPLE, {})
        prefixed = {
            prefix + name: value
            for prefix in ("producer.", "consumer.", "admin.")
            for name, value in worker.items()
            if name != "bootstrap.servers"
        }
        builder = TaskBuilder(
            registry,
            HostSettings(
                {Role.KEY: text, Role.VALUE: text, Role.HEADER: headers},
                offset_flush_interval_ms=200,
            ),
            KafkaTaskClients(ClientSettings(worker | prefixed)),
            OneStore(),
            ChainPlugins(registry).chain,
            SystemClock(),
        )
        self.hosts = ThreadHosts(builder, registry, self.reports.append)

    def start(self, kind: str, *records: SourceRecord, **properties: str) -> None:
        GivenTask.given = records
        given = {"name": "c", "connector.class": kind} | properties
        self.id = TaskId(given["name"], 0)
        self.hosts.send(StartTask(self.id, 1, given, given, TargetState.STARTED, 1))

    def failure(self, seconds: float = 45) -> Failure:
        self.until(lambda: self._failure is not None, seconds)
        assert self._failure is not None
        return self._failure

    @property
    def _failure(self) -> Failure | None:
        changed = [r.failure for r in self.reports if isinstance(r, TaskChanged)]
        return next((failure for failure in changed if failure), None)

    def until(self, done: Callable[[], bool], seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, self.reports
            time.sleep(0.02)

    def stop(self) -> None:
        self.hosts.send(StopTask(self.id, 1, 500))


def record(topic: str, value: str = "x", **more: Any) -> SourceRecord:
    place = {"source_partition": {"p": 1}, "source_offset": {"n": 1}}
    return SourceRecord(topic, value, **place, **more)


def plain(kafka: LocalKafka) -> dict[str, str]:
    return {"bootstrap.servers": kafka.bootstrap_servers}


def other(kafka: LocalKafka) -> dict[str, str]:
    """A user who may not do everything."""
    found = kafka.client_properties("SASL_PLAINTEXT")
    login = found["sasl.jaas.config"].replace('"penstock"', '"other"')
    return found | {"sasl.jaas.config": login.replace(RIGHT, "other-secret")}


def letters(topic: str, **more: str) -> dict[str, str]:
    return {
        "errors.tolerance": "all",
        "errors.deadletterqueue.topic.name": topic,
        "errors.deadletterqueue.context.headers.enable": "true",
    } | {name.replace("__", "."): text for name, text in more.items()}


CREATES = {
    "topic.creation.default.partitions": "1",
    "topic.creation.default.replication.factor": "1",
}
TASKS: list[tuple[str, Any, str, list[SourceRecord], dict[str, str]]] = [
    ("topic-not-allowed", other, "RejectSink", [], {"topics": "denied"}),
    ("topic-not-allowed", other, "GivenSource", [record("denied")], {}),
    ("group-not-allowed", other, "RejectSink", [], {"topics": "open", "name": "nobody"}),
    ("topic-not-created", other, "GivenSource", [record("new")], CREATES),
    (
        "letters-not-allowed",
        other,
        "RejectSink",
        [],
        {"topics": "open"}
        | letters("new-letters", errors__deadletterqueue__topic__replication__factor="1"),
    ),
    ("letters-replication", plain, "RejectSink", [], {"topics": "open"} | letters("three")),
    (
        "topic-replication",
        plain,
        "GivenSource",
        [record("new")],
        CREATES | {"topic.creation.default.replication.factor": "3"},
    ),
    ("record-too-large", plain, "GivenSource", [record("small", "x" * 5000)], {}),
    (
        "record-too-large",
        plain,
        "GivenSource",
        [record("open", "x" * 5000)],
        {"producer.override.max.request.size": "2000"},
    ),
    (
        "letter-too-large",
        plain,
        "GivenSource",
        [record("open", "x" * 5000)],
        {"producer.override.max.request.size": "2000"} | letters("letters"),
    ),
    ("no-such-partition", plain, "GivenSource", [record("open", partition=7)], {}),
    ("invalid-topic", plain, "GivenSource", [record("a b/c")], {}),
    (
        "unknown-compression",
        plain,
        "GivenSource",
        [record("open")],
        {"producer.override.compression.type": "brotli"},
    ),
]


@pytest.mark.parametrize(
    ("hint", "who", "kind", "records", "properties"),
    TASKS,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(TASKS)],
)
def test_a_task_says_what_helps(
    kafka: LocalKafka,
    hint: str,
    who: Callable[[LocalKafka], dict[str, str]],
    kind: str,
    records: list[SourceRecord],
    properties: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_admin, "_FEW_BROKERS_SECONDS", 0.5)
    rig = Rig(who(kafka))
    rig.start(kind, *records, **properties)
    failure = rig.failure()
    assert failure.event is not None
    assert failure.event.hint == hint, failure.trace
    assert failure.event.remedy is not None
    assert failure.event.remedy in failure.trace
    rig.stop()


CONNECTIONS = {
    "password": "password-wrong",
    "authority": "authority-unknown",
    "expired": "certificate-expired",
    "host name": "certificate-for-another-host",
    "tls to plain": "tls-to-plaintext",
    "plain to tls": "plaintext-to-tls",
    "no login": "login-wanted",
    "needless login": "login-not-wanted",
}


@pytest.mark.parametrize("mistake", CONNECTIONS)
def test_a_connection_that_can_never_work_says_what_helps(
    kafka: LocalKafka, strangers: Strangers, mistake: str
) -> None:
    properties, _ = impossible(kafka, strangers)[mistake]
    rig = Rig(properties)
    rig.start("RejectSink", topics="open")
    event = rig.failure().event
    assert event is not None
    assert event.hint == CONNECTIONS[mistake], event
    rig.stop()
