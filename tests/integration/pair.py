"""Two brokers of one cluster, of which the second may be killed, run out of disk and come back."""

from __future__ import annotations

import resource
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import confluent_kafka
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports
from penstock.broker.storage import CHECKPOINT, MARKER
from tests.integration.workers import wait_until, write_properties

HOST = "127.0.0.1"
SECONDS = 60.0
STAYS, GOES = 1, 2  # the nodes; the first one is the controller, too
SHARED = {
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "default.replication.factor": "2",
    "min.insync.replicas": "1",
    "replica.lag.time.max.ms": "30000",  # a follower that waits for its turn is no dead one
    "offsets.topic.num.partitions": "1",
    "auto.create.topics.enable": "false",
}


class Pair(NamedTuple):
    """The broker that stays, and the one that leads what these tests use."""

    stays: LocalKafka
    goes: LocalKafka
    admin: Any

    @property
    def bootstrap_servers(self) -> str:
        return f"{self.stays.bootstrap_servers},{self.goes.bootstrap_servers}"

    def create(self, topic: str, *replicas: int, **configs: str) -> None:
        """One partition; the first of these nodes leads it."""
        given = {name.replace("__", "."): value for name, value in configs.items()}
        wanted = NewTopic(topic, 1, replica_assignment=[list(replicas)], config=given)
        for made in self.admin.create_topics([wanted]).values():
            made.result(SECONDS)
        wait_until(lambda: self.in_sync(topic) == set(replicas), SECONDS, what=f"topic {topic}")

    def leader(self, topic: str) -> int:
        """-1 if there is none."""
        found = self._partition(topic)
        return -1 if found is None else int(found.leader)

    def in_sync(self, topic: str) -> set[int]:
        found = self._partition(topic)
        return set() if found is None else set(found.isrs)

    def _partition(self, topic: str) -> Any:
        return self.admin.list_topics(topic, SECONDS).topics[topic].partitions.get(0)

    def fill_the_disk(self) -> None:
        """No file of the second broker grows any more."""
        assert self.goes.pid is not None
        resource.prlimit(self.goes.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    def lead_again(self, *topics: str) -> None:
        """The second broker takes back what it led before, while everything runs."""
        for topic in topics:
            self.copied(topic)
            wait_until(lambda topic=topic: self._elected(topic), SECONDS, what="its lead")

    def copied(self, topic: str) -> None:
        """Both have all of the topic: either may die."""
        wait_until(lambda: self.in_sync(topic) == {STAYS, GOES}, SECONDS, what="copies")

    def _elected(self, topic: str) -> bool:
        """Whether the second broker leads; else it is to, as soon as the controller knows it."""
        place = [confluent_kafka.TopicPartition(topic, 0)]
        self.admin.elect_leaders(confluent_kafka.ElectionType.PREFERRED, place).result(SECONDS)
        return self.leader(topic) == GOES


@contextmanager
def pair(folder: Path) -> Generator[Pair]:
    first, second, controller = free_ports(3)
    voters = {"controller.quorum.voters": f"{STAYS}@{HOST}:{controller}"}
    listeners = {"listeners": f"PLAINTEXT://{HOST}:{first},CONTROLLER://{HOST}:{controller}"}
    settings = SHARED | voters
    with LocalKafka(folder / "stays", first, settings=settings | listeners) as stays:
        _prepare(folder / "goes", stays)
        own = {
            "process.roles": "broker",
            "node.id": str(GOES),
            "listeners": f"PLAINTEXT://{HOST}:{second}",
        }
        with LocalKafka(folder / "goes", second, settings=settings | own) as goes:
            admin = AdminClient({"bootstrap.servers": stays.bootstrap_servers, "log_level": 0})
            yield Pair(stays, goes, admin)


def _prepare(folder: Path, other: LocalKafka) -> None:
    """The storage of a second node of the other one's cluster."""
    data, known = folder / "data", other.folder / "data"
    data.mkdir(parents=True)
    (folder / MARKER).touch()
    (data / CHECKPOINT).write_bytes((known / CHECKPOINT).read_bytes())
    identity = dict(
        line.split("=", 1)
        for line in (known / "meta.properties").read_text().splitlines()
        if not line.startswith("#")
    )
    directory = urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[:15])[:22].decode()
    changed = {"node.id": str(GOES), "directory.id": directory}
    write_properties(data / "meta.properties", identity | changed)
