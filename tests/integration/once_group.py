"""What tests of exactly-once groups share: zombies, and what was committed."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from tests.integration.group_files import SECONDS, append, shows, source
from tests.integration.group_workers import Distributed, Group, JavaWorker
from tests.integration.workers import Worker, wait_until

AnyWorker = Distributed | JavaWorker
COUNT = {
    "type": "record",
    "name": "count",
    "fields": [
        {"name": "n", "type": {"type": "long", "arg.properties": {"iteration": {"start": 0}}}}
    ],
}
QUICK: dict[str, str] = {
    "exactly.once.source.support": "enabled",
    "scheduled.rebalance.max.delay.ms": "0",
    "producer.transaction.timeout.ms": "10000",
}


def quick_group(bootstrap: str, folder: Any, **more: str) -> Group:
    settings = {name.replace(".", "__"): value for name, value in QUICK.items()} | more
    return Group(bootstrap, folder, **settings)


class Zombie:
    """A producer of a task that should be no more, in the middle of a transaction."""

    def __init__(self, group: Group, connector: str, task: int, **more: Any) -> None:
        named = f"{group.name}-{connector}-{task}"
        settings: dict[str, Any] = {"transactional.id": named, "log_level": 0, **more}
        self.producer = Producer({"bootstrap.servers": group.bootstrap, **settings})
        self.producer.init_transactions(60)
        self.producer.begin_transaction()
        self.producer.produce(f"{group.name}-{connector}", b"zombie")
        assert self.producer.flush(60) == 0

    def is_fenced(self) -> bool:
        """Nothing but an answer of Kafka's is a refusal."""
        try:
            self.producer.commit_transaction(60)
        except KafkaException as error:
            return error.args[0].code() != KafkaError._TIMED_OUT
        return False


def committed(
    group: Group, topic: str, client: dict[str, Any] | None = None
) -> list[tuple[bytes | None, bytes | None]]:
    """Keys and values that were committed to a topic, oldest first in each partition."""
    consumer = Consumer(
        {
            **(client or {}),
            "bootstrap.servers": group.bootstrap,
            "group.id": uuid.uuid4().hex,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }
    )
    try:
        numbers = consumer.list_topics(topic, SECONDS).topics[topic].partitions
        partitions = [TopicPartition(topic, number, 0) for number in numbers]
        ends = {p.partition: consumer.get_watermark_offsets(p, SECONDS)[1] for p in partitions}
        consumer.assign(partitions)
        found: list[tuple[bytes | None, bytes | None]] = []
        limit = time.monotonic() + SECONDS
        while ends:
            assert time.monotonic() < limit, f"{topic} was not read to {ends}"
            if (message := consumer.poll(0.5)) is None:
                continue
            number, offset, error = message.partition() or 0, message.offset() or 0, message.error()
            if error is None:
                found.append((message.key(), message.value()))
            at_end = error is not None and error.code() == KafkaError._PARTITION_EOF
            if at_end or (error is None and offset >= ends.get(number, 0) - 1):
                ends.pop(number, None)  # others may go on writing
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
    assert producer.flush(60) == 0


def put(worker: Worker, name: str, config: dict[str, str]) -> None:
    path = f"/connectors/{name}/config"
    taken = lambda: worker.ask(path, "PUT", config)[0] in (200, 201)  # noqa: E731
    wait_until(taken, SECONDS, what=f"a configuration of {name}")


def create(worker: AnyWorker, group: Group, name: str, **more: str) -> None:
    put(worker, name, source(group, name) | {k.replace("_", "."): text for k, text in more.items()})


def counting(group: Group, name: str, tasks: int) -> dict[str, str]:
    """Tasks that count from 0."""
    return {
        "connector.class": "DatagenSource",
        "kafka.topic": f"{group.name}-{name}",
        "schema.string": json.dumps(COUNT),
        "max.interval": "20",
        "tasks.max": str(tasks),
        "value.converter.schemas.enable": "false",
        "value.converter": "org.apache.kafka.connect.json.JsonConverter",
        "exactly.once.support": "required",
    }


def numbers(group: Group, name: str, client: dict[str, Any] | None = None) -> Counter[int]:
    """How often each number is there."""
    found = committed(group, f"{group.name}-{name}", client)
    return Counter(json.loads(value or b"")["n"] for _, value in found)


def stop(worker: Worker, name: str) -> None:
    assert worker.ask(f"/connectors/{name}/stop", "PUT")[0] == 204
    wait_until(lambda: worker.states(name) == ["STOPPED"], SECONDS, what="the end of the tasks")


def ends(worker: Worker, name: str) -> list[int]:
    """How far each task has counted, by its offset."""
    _, body = worker.ask(f"/connectors/{name}/offsets")
    return [one["offset"]["current.iteration"] for one in body["offsets"]]


def counted(until: list[int]) -> Counter[int]:
    """What is there if every task has written each number once."""
    return Counter(number for end in until for number in range(end))


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
    shows([asked, *others], name, "RUNNING", "RUNNING")
    append(group, name, "after the round")
    wait_until(lambda: "after the round" in lines(group, name), SECONDS, what="a line")
    assert "zombie" not in lines(group, name)
