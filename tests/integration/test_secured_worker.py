"""A worker with the properties of a managed Kafka moves records; one with wrong ones says why."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from docs.generator.catalog import DOCS
from docs.generator.prose import blocks
from penstock.broker import LocalKafka
from penstock.broker.certificates import STORE_PASSWORD
from penstock.runtime.properties import parse_properties
from tests.integration.group_workers import Group
from tests.integration.secured import RIGHT, WRONG, Strangers, impossible
from tests.integration.workers import Worker, ended, wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(240),
    pytest.mark.xdist_group("secured"),
]

PAGE = DOCS / "how-to" / "secured-kafka.md"
CLIENTS = ("", "producer.", "consumer.")
FATAL = (
    "password",
    "authority",
    "expired",
    "host name",
    "tls to plain",
    "plain to tls",
    "kerberos",
)
STANDALONE = ("tls to plain", "plain to tls")  # the others are workers of groups
REPLICAS = "replication.factor"


@contextmanager
def running(*workers: Worker) -> Generator[None]:
    try:
        yield
    finally:
        list(ended(workers))


def documented(role: str, kafka: LocalKafka) -> dict[str, str]:
    """The properties of a block of the page, for this Kafka and its users."""
    text = next(block.text for block in blocks(PAGE.read_text("utf-8")) if block.role == role)
    for there, here in (
        ("kafka.example.com:9093", kafka.address("SASL_SSL")),
        ('"secret"', f'"{RIGHT}"'),
        ('"me"', '"penstock"'),
        ("/etc/kafka", str(kafka.tls)),
    ):
        text = text.replace(there, here)
    return parse_properties(text)


def managed(folder: Path, kafka: LocalKafka) -> Worker:
    """A worker set up as the page says, with the trust store for all of its clients."""
    worker = Worker(folder, "")
    worker.settings |= documented("worker", kafka)
    for name, value in documented("truststore", kafka).items():
        worker.settings |= {prefix + name: value for prefix in CLIENTS}
    return worker


def source(worker: Worker, name: str, topic: str, **more: str) -> None:
    file = worker.folder / f"{name}.txt"
    file.write_text("one\ntwo\n")
    properties = {"connector.class": "FileStreamSource", "file": str(file), "topic": topic}
    worker.add(name, properties | more)


def sink(worker: Worker, name: str, topic: str, **more: str) -> Path:
    file = worker.folder / f"{name}.out"
    properties = {"connector.class": "FileStreamSink", "file": str(file), "topics": topic}
    worker.add(name, properties | more)
    return file


def trace(worker: Worker, connector: str) -> str:
    """Why the task failed, once it has."""
    wait_until(lambda: worker.states(connector)[1:] == ["FAILED"], what=f"failure of {connector}")
    _, body = worker.ask(f"/connectors/{connector}/status")
    return str(body["tasks"][0]["trace"])


def test_the_properties_of_a_managed_kafka_are_all_it_takes(
    tmp_path: Path, secured: LocalKafka, topic: str
) -> None:
    worker = managed(tmp_path, secured)
    source(worker, "lines", topic)
    login = documented("override", secured)["producer.override.sasl.jaas.config"]
    source(worker, "own-login", topic, **{"producer.override.sasl.jaas.config": login})
    file = sink(worker, "copy", topic)
    with running(worker.start()):
        wait_until(
            lambda: file.exists() and len(file.read_text().split()) == 4,
            60,
            what=lambda: f"four lines; the log ends {worker.log[-2000:]}",
        )
        assert worker.stop() == 0
    assert RIGHT not in worker.log
    for doubt in ("not honoured", "not known", "FAIL", "Traceback"):
        assert doubt not in worker.log


def test_tasks_with_wrong_settings_say_which(
    tmp_path: Path, secured: LocalKafka, topic: str
) -> None:
    worker = managed(tmp_path, secured)
    bad = documented("override", secured)["producer.override.sasl.jaas.config"]
    bad = bad.replace("other-secret", WRONG)
    jaas, protocol = "sasl.jaas.config", "security.protocol"
    source(worker, "bad-producer", topic, **{f"producer.override.{jaas}": bad})
    created = {f"topic.creation.default.{name}": "1" for name in ("partitions", REPLICAS)}
    source(worker, "bad-admin", topic, **{f"admin.override.{jaas}": bad, **created})
    source(worker, "plain-producer", topic, **{f"producer.override.{protocol}": "PLAINTEXT"})
    sink(worker, "bad-consumer", topic, **{f"consumer.override.{jaas}": bad})
    sink(worker, "plain-consumer", topic, **{f"consumer.override.{protocol}": "PLAINTEXT"})
    sink(worker, "no-store", topic, **{"consumer.override.ssl.truststore.location": "/nowhere"})
    with running(worker.start()):
        worker.wait_for_rest()
        wait_until(lambda: worker.states("no-store"), what="the last connector")
        for client in ("producer", "admin", "consumer"):
            told = trace(worker, f"bad-{client}")
            assert "SaslAuthenticationException" in told
            assert "refuses the login (Authentication failed: Invalid username" in told
            assert f"{client}.override. in the connector's" in told
        for client in ("producer", "consumer"):
            told = trace(worker, f"plain-{client}")
            assert "speaks TLS, but security.protocol is PLAINTEXT; set SSL or SASL_SSL" in told
            assert f"the prefix {client}. in the worker's file" in told
        assert "/nowhere for configuration ssl.truststore.location" in trace(worker, "no-store")
        _, body = worker.ask("/connectors?expand=status")
        for secret in (RIGHT, WRONG, STORE_PASSWORD):
            assert secret not in str(body)
            assert secret not in worker.log


@pytest.fixture(scope="module")
def impossible_workers(
    tmp_path_factory: pytest.TempPathFactory, secured: LocalKafka, strangers: Strangers
) -> Iterator[dict[str, Worker]]:
    """All started at once, as each of them takes a moment."""
    workers: dict[str, Worker] = {}
    for name in FATAL:
        folder = tmp_path_factory.mktemp("impossible")
        worker = Worker(folder, "") if name in STANDALONE else Group("", folder).worker()
        worker.settings |= impossible(secured, strangers)[name][0]
        workers[name] = worker.start()
    with running(*workers.values()):
        yield workers


@pytest.mark.parametrize("name", FATAL)
def test_what_can_never_work_ends_the_worker_with_a_sentence(
    name: str,
    impossible_workers: dict[str, Worker],
    secured: LocalKafka,
    strangers: Strangers,
) -> None:
    worker = impossible_workers[name]
    assert worker.exit_status(90) == 1
    (line,) = [line for line in worker.log.splitlines() if line.startswith("Error: ")]
    assert impossible(secured, strangers)[name][1] in line
    assert "Traceback" not in worker.log
    assert WRONG not in worker.log
    assert RIGHT not in worker.log
