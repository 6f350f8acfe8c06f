"""Kafka refuses records or rights in the middle of the work: told, and nothing is lost."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import admin
from confluent_kafka.cimpl import NewTopic

from penstock.broker import LocalKafka
from tests.integration.group_workers import Distributed, Group
from tests.integration.secured import RIGHT
from tests.integration.test_nothing_lost import numbers
from tests.integration.test_secured_worker import trace
from tests.integration.topics import read_values
from tests.integration.workers import STRING, wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(500),
    pytest.mark.xdist_group("secured"),
]

SECONDS = 60.0
LIMIT = 1000

api: Any = admin  # its own annotations leave some out
Kind, Operation = api.ResourceType, api.AclOperation


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory, secured: LocalKafka) -> Iterator[Distributed]:
    group = Group(secured.bootstrap_servers, tmp_path_factory.mktemp("refusals"))
    made = group.worker()
    try:
        made.start().wait_for_rest(SECONDS)
        yield made
    finally:
        group.end()


@pytest.fixture
def client(secured: LocalKafka) -> Any:
    return api.AdminClient({"bootstrap.servers": secured.bootstrap_servers})


def create(client: Any, topic: str, **config: str) -> None:
    given = {name.replace("__", "."): text for name, text in config.items()}
    client.create_topics([NewTopic(topic, 1, 1, config=given)])[topic].result(SECONDS)


def as_other(kafka: LocalKafka, kind: str) -> dict[str, str]:
    """Overrides with which a connector is somebody whose rights are taken away."""
    found = kafka.client_properties("SASL_PLAINTEXT")
    login = found["sasl.jaas.config"].replace('"penstock"', '"other"')
    found["sasl.jaas.config"] = login.replace(RIGHT, "other-secret")
    return {f"{kind}.override.{name}": text for name, text in found.items()}


def put(worker: Distributed, name: str, **config: str) -> None:
    given = {key.replace("__", "."): text for key, text in config.items()}
    given["value.converter"] = STRING
    status, body = worker.ask(f"/connectors/{name}/config", "PUT", given)
    assert status in (200, 201), body


def source(worker: Distributed, name: str, topic: str, **more: str) -> Path:
    file = worker.folder / f"{name}.txt"
    file.touch(exist_ok=True)
    put(worker, name, connector__class="FileStreamSource", file=str(file), topic=topic, **more)
    return file


def sink(worker: Distributed, name: str, topic: str, **more: str) -> Path:
    file = worker.folder / f"{name}.out"
    put(worker, name, connector__class="FileStreamSink", file=str(file), topics=topic, **more)
    return file


def append(file: Path, numbers: Iterable[int], large: int | None = None) -> None:
    with file.open("a") as out:
        for n in numbers:
            out.write(f"line {n} {'x' * LIMIT * 5 if n == large else ''}\n")


def append_until_failed(worker: Distributed, name: str, file: Path, number: int) -> int:
    """Lines from this one on, until the broker follows a rule; the number of the next one."""
    count = itertools.count(number)

    def failed() -> bool:
        append(file, [next(count)])
        return worker.states(name)[1:] == ["FAILED"]

    wait_until(failed, SECONDS, what=f"failure of {name}")
    return next(count)


def arrive(worker: Distributed, file: Path, count: int, *names: str) -> None:
    """Tasks are restarted until all lines are there: brokers follow a rule when they get to it."""

    def seen() -> int:
        for name in names:
            if worker.states(name)[1:] == ["FAILED"]:
                worker.ask(f"/connectors/{name}/tasks/0/restart", "POST")
        return len(set(numbers(file.read_text().splitlines()))) if file.exists() else 0

    wait_until(
        lambda: seen() == count,
        SECONDS,
        what=lambda: f"{count} lines, not {seen()}; {worker.log[-2000:]}",
    )


@contextmanager
def denied(client: Any, kind: Any, name: str, operation: Any) -> Generator[None]:
    rule = (kind, name, api.ResourcePatternType.LITERAL, "User:other", "*", operation)
    for made in client.create_acls([api.AclBinding(*rule, api.AclPermissionType.DENY)]).values():
        made.result(SECONDS)
    yield
    given = api.AclBindingFilter(*rule, api.AclPermissionType.DENY)
    for made in client.delete_acls([given]).values():
        made.result(SECONDS)


def test_rights_that_are_taken_away_fail_the_task_which_then_loses_nothing(
    worker: Distributed, secured: LocalKafka, client: Any, topic: str
) -> None:
    create(client, topic)
    names = ("taken-in", "taken-out")
    file = source(worker, names[0], topic, **as_other(secured, "producer"))
    out = sink(worker, names[1], topic, **as_other(secured, "consumer"))
    append(file, range(10))
    arrive(worker, out, 10, *names)
    with denied(client, Kind.TOPIC, topic, Operation.WRITE):
        count = append_until_failed(worker, "taken-in", file, 10)
        assert "(producer.)" in (told := trace(worker, "taken-in")), told
        assert "TopicAuthorizationException" in told
    arrive(worker, out, count, *names)
    with denied(client, Kind.GROUP, "connect-taken-out", Operation.READ):
        assert "GroupAuthorizationException" in (told := trace(worker, "taken-out")), told
        assert "Allow the" in told
    append(file, range(count, count + 10))
    arrive(worker, out, count + 10, *names)
    with denied(client, Kind.TOPIC, topic, Operation.READ):
        assert "TopicAuthorizationException" in (told := trace(worker, "taken-out")), told
        assert "(consumer." in told
    append(file, range(count + 10, count + 20))
    arrive(worker, out, count + 20, *names)


@pytest.mark.parametrize("tolerance", ["none", "all"])
def test_a_batch_that_is_too_large_fails_the_task_and_only_a_record_that_is_may_be_a_letter(
    worker: Distributed, secured: LocalKafka, client: Any, topic: str, tolerance: str
) -> None:
    letters = f"{topic}-letters"
    create(client, topic, max__message__bytes=str(LIMIT))
    create(client, letters)
    name = f"sizes-{tolerance}"
    config = {"errors.tolerance": tolerance}
    if tolerance == "all":
        config["errors.deadletterqueue.topic.name"] = letters
        config["errors.deadletterqueue.topic.replication.factor"] = "1"
    file = worker.folder / f"{name}.txt"
    append(file, range(100))
    source(worker, name, topic, **config)
    assert "Set producer.override.batch.size below" in (told := trace(worker, name)), told
    config["producer.override.batch.size"] = str(LIMIT - 200)
    source(worker, name, topic, **config)
    in_topic(secured, topic, range(100))
    wait_until(lambda: worker.states(name) == ["RUNNING", "RUNNING"], what="the task's return")
    append(file, range(100, 200), large=150)
    if tolerance == "none":
        assert "The record is larger than" in (told := trace(worker, name)), told
        assert "(MSG_SIZE_TOO_LARGE)" in told
        assert values_of(secured, letters) == set()
    else:
        in_topic(secured, topic, set(range(200)) - {150})
        in_topic(secured, letters, {150})
        assert values_of(secured, letters) == {150}


def values_of(kafka: LocalKafka, topic: str) -> set[int]:
    found = [value.decode() for value in read_values(kafka.bootstrap_servers, topic)]
    return set(numbers(found))


def in_topic(kafka: LocalKafka, topic: str, wanted: Iterable[int]) -> None:
    def missing() -> set[int]:
        return set(wanted) - values_of(kafka, topic)

    wait_until(lambda: not missing(), SECONDS, what=lambda: f"{topic} without {missing()}")
