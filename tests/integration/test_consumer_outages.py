"""A broker, or a topic, goes away under a consumer: it goes on by itself and skips nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from penstock.broker import LocalKafka
from penstock.kafka.consumer import KafkaConsumer
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.runtime.ports import Assigned
from penstock.sdk.record import TopicPartition
from tests.integration import relay as kinds
from tests.integration.relay import Relay
from tests.integration.workers import free_port

pytestmark = pytest.mark.integration

AWAY_SECONDS = 1.0
SOON_SECONDS = 60.0
REFRESHED_SECONDS = 20.0  # a client itself looks every five minutes
EAGER, COOPERATIVE = "RangeAssignor", "CooperativeStickyAssignor"


class Group:
    """A consumer alone in its group, what it is assigned and what it reads."""

    def __init__(self, bootstrap: str, topic: str, **properties: str) -> None:
        made = to_librdkafka(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"readers-of-{topic}",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": "false",
                "session.timeout.ms": "6000",
            }
            | {name.replace("_", "."): value for name, value in properties.items()},
            ClientKind.CONSUMER,
        )
        self.consumer = KafkaConsumer(made.settings)
        self.held: dict[TopicPartition, int] = {}
        self.values: list[bytes] = []
        self.ends: dict[TopicPartition, int] = {}
        self.committed = 0
        self.behind = False  # something was read, or not committed after all
        self.consumer.subscribe([topic], None, self)

    def assigned(self, positions: Mapping[TopicPartition, int]) -> Assigned:
        assert not self.held.keys() & positions.keys()
        self.held |= positions
        return Assigned({}, [])

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            del self.held[partition]
            self.ends.pop(partition, None)

    lost = revoked

    def read_until(self, done: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
        end = time.monotonic() + seconds
        while not done():
            batch = self.consumer.consume(0.1)
            assert time.monotonic() < end, f"{len(self.values)} records were read"
            if len(batch):
                self.values += batch.values()
                self.ends |= batch.ends()
                self.behind = True
            if self.behind and self.ends:
                self.behind = False
                self.consumer.commit(dict(self.ends), self._committed)

    def _committed(self, error: Exception | None) -> None:
        self.committed += error is None
        self.behind |= error is not None

    def read(self, expected: list[bytes], seconds: float = SOON_SECONDS) -> None:
        self.read_until(lambda: set(self.values) >= set(expected), seconds)


def write(bootstrap: str, topic: str, values: list[bytes]) -> list[bytes]:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(SOON_SECONDS) == 0
    return values


def numbered(start: int, end: int) -> list[bytes]:
    return [str(number).encode() for number in range(start, end)]


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Relay, str]]:
    """A broker that clients find behind the relay only; its own address is for tests."""
    folder: Path = tmp_path_factory.mktemp("relayed")
    port, advertised = free_port(), free_port()
    settings = {"advertised.listeners": f"PLAINTEXT://127.0.0.1:{advertised}"}
    broker = ("127.0.0.1", port)
    with Relay(broker, advertised) as relay, LocalKafka(folder, port, settings=settings):
        yield relay, f"127.0.0.1:{advertised}"


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE])
@pytest.mark.parametrize(
    "kind",
    ["METADATA", "FIND_COORDINATOR", "JOIN_GROUP", "SYNC_GROUP", "OFFSET_FETCH", "LIST_OFFSETS"],
)
def test_a_consumer_whose_broker_goes_away_while_it_joins_goes_on_by_itself(
    relay: tuple[Relay, str], kind: str, assignor: str
) -> None:
    between, address = relay
    topic = f"joins-{kind}-{assignor}"
    values = write(address, topic, numbered(0, 100))
    cuts = between.cuts
    between.cut(getattr(kinds, kind), topic, AWAY_SECONDS)
    group = Group(address, topic, partition_assignment_strategy=assignor)
    try:
        group.read(values)
    finally:
        group.consumer.close()
    assert between.cuts == cuts + 1
    assert group.values == values


@pytest.mark.parametrize("kind", ["HEARTBEAT", "OFFSET_COMMIT"])
def test_a_consumer_whose_broker_goes_away_while_it_reads_skips_nothing(
    relay: tuple[Relay, str], kind: str
) -> None:
    between, address = relay
    topic = f"reads-{kind}"
    group = Group(address, topic)
    cuts = between.cuts
    try:
        first = write(address, topic, numbered(0, 100))
        group.read(first)
        between.cut(getattr(kinds, kind), topic, AWAY_SECONDS)
        group.read(write(address, topic, numbered(100, 200)))
        group.read_until(lambda: between.cuts > cuts)
        committed = group.committed
        group.read(write(address, topic, numbered(200, 300)))
        group.read_until(lambda: group.committed > committed)
    finally:
        group.consumer.close()
    seen = list(dict.fromkeys(group.values))
    assert seen == numbered(0, 300)


def test_a_topic_that_comes_later_is_read_within_seconds(relay: tuple[Relay, str]) -> None:
    _, address = relay
    group = Group(address, "comes-later", allow_auto_create_topics="false")
    try:
        end = time.monotonic() + 5
        group.read_until(lambda: time.monotonic() > end)
        assert not group.held
        values = write(address, "comes-later", numbered(0, 10))
        started = time.monotonic()
        group.read(values)
        assert time.monotonic() - started < REFRESHED_SECONDS
    finally:
        group.consumer.close()
    assert group.values == values


@pytest.mark.parametrize("assignor", [EAGER, COOPERATIVE])
def test_a_topic_that_is_made_anew_is_read_from_its_beginning(
    relay: tuple[Relay, str], assignor: str
) -> None:
    _, address = relay
    topic = f"anew-{assignor}"
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(SOON_SECONDS)
    group = Group(
        address,
        topic,
        partition_assignment_strategy=assignor,
        allow_auto_create_topics="false",
    )
    try:
        group.read(write(address, topic, numbered(0, 20)))
        group.read_until(lambda: group.committed > 0)
        admin.delete_topics([topic])[topic].result(SOON_SECONDS)
        group.read_until(lambda: not group.held)
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(SOON_SECONDS)
        group.read(write(address, topic, numbered(20, 30)))
    finally:
        group.consumer.close()
    assert group.values == numbered(0, 30)
