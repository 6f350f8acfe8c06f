"""Exactly-once sources of a group: who leads fences off what ran before, ours and Java's alike."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Distributed, Group, JavaWorker
from tests.integration.test_distributed import append, even, source
from tests.integration.workers import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

SECONDS = 90.0
AnyWorker = Distributed | JavaWorker


@pytest.fixture
def group(kafka: SharedKafka, tmp_path: Path) -> Iterator[Group]:
    made = Group(kafka.bootstrap_servers, tmp_path, exactly__once__source__support="enabled")
    yield made
    made.end()


def started(worker: Distributed) -> Distributed:
    worker.start()
    worker.wait_for_rest(SECONDS)
    return worker


class Zombie:
    """A producer of a task that should be no more, in the middle of a transaction."""

    def __init__(self, group: Group, connector: str, task: int) -> None:
        named = f"{group.name}-{connector}-{task}"
        settings: dict[str, Any] = {"transactional.id": named, "log_level": 0}
        self.producer = Producer({"bootstrap.servers": group.bootstrap, **settings})
        self.producer.init_transactions(30)
        self.producer.begin_transaction()
        self.producer.produce(f"{group.name}-{connector}", b"zombie")
        self.producer.flush(10)

    def is_fenced(self) -> bool:
        try:
            self.producer.commit_transaction(10)
        except KafkaException:
            return True
        return False


def committed(group: Group, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values that were committed to the only partition of a topic, oldest first."""
    consumer = Consumer(
        {
            "bootstrap.servers": group.bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        found: list[tuple[bytes | None, bytes | None]] = []
        while (message := consumer.poll(10)) is not None and message.error() is None:
            found.append((message.key(), message.value()))
        return found
    finally:
        consumer.close()


def records(group: Group, key: str) -> list[Any]:
    """What was committed to the config topic under a key, oldest first."""
    found = committed(group, f"{group.name}-config")
    return [json.loads(value or b"null") for k, value in found if k == key.encode()]


def lines(group: Group, name: str) -> list[str]:
    return [(value or b"").decode() for _, value in committed(group, f"{group.name}-{name}")]


def pretend_tasks(group: Group, connector: str, count: int) -> None:
    """As if so many tasks had been started last."""
    producer = Producer({"bootstrap.servers": group.bootstrap})
    value = json.dumps({"task-count": count}).encode()
    producer.produce(f"{group.name}-config", value, f"tasks-fencing-{connector}".encode())
    assert producer.flush(10) == 0


def create(worker: AnyWorker, group: Group, name: str, **more: str) -> None:
    config = source(group, name) | {key.replace("_", "."): text for key, text in more.items()}
    status, body = worker.ask(f"/connectors/{name}/config", "PUT", config)
    assert status in (200, 201), body


def check_a_round(group: Group, asked: AnyWorker, others: list[AnyWorker], name: str) -> None:
    """Producers of earlier tasks are fenced off when there are new configurations."""
    counts = len(records(group, f"tasks-fencing-{name}"))
    pretend_tasks(group, name, 3)
    zombies = [Zombie(group, name, task) for task in (1, 2)]
    create(asked, group, name, batch_size="7")
    key = f"tasks-fencing-{name}"
    wait_until(lambda: len(records(group, key)) == counts + 2, SECONDS, what="a round of fencing")
    assert records(group, key)[-1] == {"task-count": 1}
    assert all(zombie.is_fenced() for zombie in zombies)
    even([asked, *others], sorted(asked.ask("/connectors")[1]))
    append(group, name, "after the round")
    wait_until(lambda: "after the round" in lines(group, name), SECONDS, what="a line")
    assert "zombie" not in lines(group, name)


def check_offsets(group: Group, asked: AnyWorker, name: str) -> None:
    """Offsets are changed in the name of the first task, which cannot write afterwards."""
    at = {"filename": str(group.folder / f"{name}.txt")}
    assert asked.ask(f"/connectors/{name}/stop", "PUT")[0] == 204
    wait_until(lambda: asked.states(name) == ["STOPPED"], SECONDS, what="the end of the task")
    zombie = Zombie(group, name, 0)
    wanted = {"offsets": [{"partition": at, "offset": {"position": 0}}]}
    status, body = asked.ask(f"/connectors/{name}/offsets", "PATCH", wanted)
    assert (status, "altered successfully" in body["message"]) == (200, True), body
    assert asked.ask(f"/connectors/{name}/offsets") == (200, wanted)
    assert zombie.is_fenced()
    before = len(lines(group, name))
    assert asked.ask(f"/connectors/{name}/resume", "PUT")[0] == 202
    wait_until(lambda: len(lines(group, name)) > before, SECONDS, what="lines once more")


def test_the_producers_of_earlier_tasks_are_fenced_off(group: Group) -> None:
    first = started(group.worker())
    second = started(group.worker())
    for name in ("a", "b"):
        create(second, group, name)
    even([first, second], ["a", "b"])
    assert records(group, "tasks-fencing-a") == [{"task-count": 1}]
    check_a_round(group, second, [first], "a")
    check_offsets(group, first, "a")


def test_workers_fence_for_a_java_leader_and_lead_java_workers(group: Group) -> None:
    java = group.java().start()
    java.wait_for_rest()
    ours = started(group.worker())
    for name in ("a", "b"):
        create(java, group, name)
    even([java, ours], ["a", "b"])
    check_a_round(group, java, [ours], "a")
    java.kill()
    even([ours], ["a", "b"])
    second = group.java().start()
    even([ours, second], ["a", "b"])
    check_a_round(group, second, [ours], "b")
