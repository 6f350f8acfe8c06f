"""Classic mistakes with a real broker: what the failed task says, or the log while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer

from penstock.broker import LocalKafka
from penstock.kafka import topic_admin
from penstock.kafka.fenced_producers import fence_producers
from penstock.runtime.client_settings import ClientSettings
from penstock.sdk.record import SourceRecord
from tests.integration.mistake_rig import (
    Rig,
    SlowTask,
    by_certificate,
    letters,
    other,
    plain,
    record,
    refusing_kafka,
)
from tests.integration.secured import Strangers, impossible
from tests.integration.topics import read_messages
from tests.integration.workers import Worker, ended, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def kafka() -> Iterator[LocalKafka]:
    with refusing_kafka() as broker:
        yield broker


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
    (
        "no-such-topic",
        plain,
        "GivenSource",
        [record("missing")],
        {"producer.override.topic.metadata.propagation.max.ms": "500"},
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
    rig.start(kind, properties, *records)
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
    "other mechanism": "mechanism-unknown",
    "no certificate": "client-certificate",
}


def never_working(kafka: LocalKafka, strangers: Strangers, mistake: str) -> dict[str, str]:
    login = kafka.client_properties("SASL_PLAINTEXT", mechanism="SCRAM-SHA-256")
    mutual = kafka.client_properties("SSL").items()
    return {
        **{name: properties for name, (properties, _) in impossible(kafka, strangers).items()},
        "other mechanism": login,
        "no certificate": {k: v for k, v in mutual if not k.startswith("ssl.key")},
    }[mistake]


@pytest.mark.parametrize("mistake", CONNECTIONS)
def test_a_connection_that_can_never_work_says_what_helps(
    kafka: LocalKafka, strangers: Strangers, mistake: str
) -> None:
    rig = Rig(never_working(kafka, strangers, mistake))
    rig.start("RejectSink", {"topics": "open"})
    event = rig.failure().event
    assert event is not None
    assert event.hint == CONNECTIONS[mistake], event
    rig.stop()


def test_a_task_whose_producer_can_do_nothing_any_more_fails(kafka: LocalKafka) -> None:
    rig = Rig(by_certificate(kafka))
    rig.start("GivenSource", {"producer.override.enable.idempotence": "true"}, record("open"))
    failure = rig.failure()
    assert "send callback" in failure.trace
    rig.stop()


def fence(kafka: LocalKafka) -> None:
    """As a newer start of the task does."""
    fence_producers(ClientSettings(plain(kafka)).admin({}, "newer"), ["workers-c-0"])


def test_a_producer_that_is_fenced_says_who_took_over(kafka: LocalKafka) -> None:
    rig = Rig(plain(kafka))
    rig.start("TickSource", {}, record("ticks"), exactly_once=True)
    rig.until(lambda: read_messages(kafka.bootstrap_servers, "ticks") != [])
    fence(kafka)
    failure = rig.failure()
    assert failure.event is not None
    assert failure.event.hint == "fenced", failure.trace
    rig.stop()


ONCE: list[tuple[str, Any, dict[str, str]]] = [
    ("transaction-not-allowed", other, {"name": "denied"}),
    (
        "transaction-timeout",
        plain,
        {"producer.override.transaction.timeout.ms": "10000000"},
    ),
]


@pytest.mark.parametrize(("hint", "who", "properties"), ONCE, ids=[case[0] for case in ONCE])
def test_an_exactly_once_task_says_what_helps(
    kafka: LocalKafka,
    hint: str,
    who: Callable[[LocalKafka], dict[str, str]],
    properties: dict[str, str],
) -> None:
    rig = Rig(who(kafka))
    rig.start("TickSource", properties, record("ticks"), exactly_once=True)
    failure = rig.failure()
    assert failure.event is not None
    assert failure.event.hint == hint, failure.trace
    rig.stop()


def stranger(kafka: LocalKafka, **settings: str) -> Consumer:
    """A consumer that is no task but has joined the group of one."""
    own = {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "connect-c"}
    consumer = Consumer(own | {k.replace("__", "."): text for k, text in settings.items()})
    consumer.subscribe(["open"])
    end = time.monotonic() + 60
    while not consumer.assignment():
        assert time.monotonic() < end
        consumer.poll(0.1)
    return consumer


def test_a_group_in_use_is_explained_in_the_log(
    kafka: LocalKafka, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = stranger(kafka, partition__assignment__strategy="cooperative-sticky")
    rig = Rig(plain(kafka))
    rig.start("RejectSink", {"topics": "open"})  # "group-in-use"
    rig.until(lambda: any("rename this connector" in said for said in caplog.messages))
    rig.stop()
    consumer.close()


def test_a_consumer_whose_name_in_the_group_is_taken_says_what_helps(kafka: LocalKafka) -> None:
    rig = Rig(plain(kafka))
    same = {
        "name": "static",  # such a member stays in the group for a while
        "consumer.override.group.instance.id": "i",
        # a member that was given up for its silence would take the name back
        "consumer.override.session.timeout.ms": "60000",
        "consumer.override.heartbeat.interval.ms": "300",
    }
    SlowTask.opened.clear()
    rig.start("SlowSink", {"topics": "open"} | same)
    assert SlowTask.opened.wait(60)
    taken = {"group__id": "connect-static", "group__instance__id": "i"}
    consumer = stranger(kafka, **taken, partition__assignment__strategy="range")
    failure = rig.failure()
    assert failure.event is not None
    assert failure.event.hint == "instance-taken", failure.trace
    rig.stop()
    consumer.close()


WAITING: list[tuple[str, str, dict[str, str], str]] = [
    ("refused", "RejectSink", {"consumer.override.bootstrap.servers": "127.0.0.1:1"}, "Nothing"),
    (
        "host-unknown",
        "RejectSink",
        {"consumer.override.bootstrap.servers": "no-such-host.invalid:9092"},
        "The host name is unknown",
    ),
    (
        "poll-too-late",
        "SlowSink",
        {
            "consumer.override.session.timeout.ms": "1000",
            "consumer.override.heartbeat.interval.ms": "300",
            "consumer.override.max.poll.interval.ms": "1000",
            "consumer.override.auto.offset.reset": "earliest",
            "topics": "slow",
        },
        "lower consumer.override.max.poll.records",
    ),
]


@pytest.mark.parametrize(
    ("hint", "kind", "properties", "remedy"), WAITING, ids=[case[0] for case in WAITING]
)
def test_a_client_that_tries_on_says_what_helps_in_the_log(
    kafka: LocalKafka,
    caplog: pytest.LogCaptureFixture,
    hint: str,
    kind: str,
    properties: dict[str, str],
    remedy: str,
) -> None:
    producer = Producer(plain(kafka))
    producer.produce("slow", b"something to be slow with")
    assert producer.flush(60) == 0
    rig = Rig(plain(kafka))
    rig.start(kind, {"topics": "open"} | properties)
    rig.until(lambda: any("What helps: " in said and remedy in said for said in caplog.messages))
    rig.stop()


# Whole workers ------------------------------------------------------------------------------------


@pytest.fixture
def worker(kafka: LocalKafka, tmp_path: Path) -> Iterator[Worker]:
    made = Worker(tmp_path, kafka.bootstrap_servers, penstock__hosting="thread")
    yield from (made for _ in ended([made]))


def test_a_worker_with_threads_shows_mistakes_and_logs_those_it_refuses(worker: Worker) -> None:
    worker.start().wait_for_rest()
    sink = {"connector.class": "FileStreamSink", "topics": "open", "file": str(worker.folder)}
    status, body = worker.ask("/connectors/c/config", "PUT", sink | {"topics.regex": "o.*"})
    assert status == 400
    assert "What helps" not in body["message"]
    assert "The configuration of connector c is refused because of topics" in worker.log
    assert worker.ask("/connectors/c/config", "PUT", sink)[0] == 201
    wait_until(lambda: worker.states("c") == ["RUNNING", "FAILED"], what="a failed task")
    (task,) = worker.ask("/penstock/v1/tasks")[1]
    assert (task["id"], task["state"], task["restarts"]) == ("c-0", "FAILED", 0)
    assert task["last_error"]["event"]["hint"] == "file-is-a-folder"
    assert worker.ask("/connectors/c/tasks/0/restart", "POST")[0] == 204
    wait_until(lambda: worker.ask("/penstock/v1/tasks")[1][0]["errors"] == 2, what="an error")
    (task,) = worker.ask("/penstock/v1/tasks")[1]
    assert task["restarts"] == 1
