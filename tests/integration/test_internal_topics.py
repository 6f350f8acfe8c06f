"""Internal topics shared with a Java worker: what one writes, the other reads as the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.broker.java_connect import JavaConnect
from penstock.cluster.changes import (
    ConnectorConfigured,
    ConnectorRemoved,
    RestartRequested,
    SessionKeyChanged,
    TargetChanged,
    TasksConfigured,
)
from penstock.cluster.config_state import SessionKey
from penstock.cluster.effects import WriteStatus, WriteTopic
from penstock.cluster.events import ConfigChanged, ConfigRead, Event, StatusChanged, TopicChanged
from penstock.cluster.messages import State, TargetState
from penstock.cluster.snapshot import Snapshot
from penstock.cluster.state import CONNECTOR
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.internal_topics import InternalTopics
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.plugins.registry import Registry
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.distributed_config import DistributedConfig
from penstock.runtime.topic_creation import TopicToCreate
from penstock.sdk.class_names import finding_classes
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.stores.config_topic import ConfigTopic
from penstock.stores.offset_topics import OffsetTopics
from penstock.stores.status_topic import StatusTopic
from penstock.testing.kafka import SharedKafka
from tests.integration.workers import JSON, free_port, wait_until

pytestmark = pytest.mark.integration

STOPPED, STARTED, PAUSED = TargetState.STOPPED, TargetState.STARTED, TargetState.PAUSED
FILE_SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"


class Peer:
    """This side's stores over the internal topics of a group, and what they told."""

    def __init__(self, worker: Mapping[str, str], worker_id: str = "here:1") -> None:
        with finding_classes(Registry.discover([]).find_class):
            config = DistributedConfig.parse(worker)
        topics = InternalTopics(ClientSettings(config.properties), config)
        self.events: list[Event] = []
        self.offsets = OffsetTopics(topics.offsets(), topics.own_offsets)
        self.statuses = StatusTopic(topics.statuses(), worker_id, self.events.append)
        self.configs = ConfigTopic(
            topics.configs(), self.events.append, claim=topics.config_writer()
        )
        self._running = ExitStack()

    def __enter__(self) -> Peer:
        for store in (self.offsets, self.statuses, self.configs):
            self._running.callback(store.stop)
            store.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()

    def write(self, *changes: Any) -> None:
        asyncio.run(self.configs.write(changes))

    @property
    def snapshot(self) -> Snapshot:
        """What the changes told so far amount to."""
        snapshot = Snapshot()
        for event in list(self.events):
            if isinstance(event, ConfigChanged):
                snapshot = snapshot.apply(event.change)
        return snapshot

    @property
    def states(self) -> dict[tuple[str, int], StatusChanged]:
        known: dict[tuple[str, int], StatusChanged] = {}
        for event in list(self.events):
            if isinstance(event, StatusChanged):
                known[event.connector, event.number] = event
        return {place: event for place, event in known.items() if event.state is not None}

    @property
    def used(self) -> set[tuple[str, str]]:
        used: dict[tuple[str, str], bool] = {}
        for event in list(self.events):
            if isinstance(event, TopicChanged):
                used[event.connector, event.topic] = event.used
        return {place for place, is_used in used.items() if is_used}


@pytest.fixture
def worker(kafka: SharedKafka, topic: str) -> dict[str, str]:
    """The settings of a worker in a group of its own."""
    return {
        "bootstrap.servers": kafka.bootstrap_servers,
        "group.id": topic,
        "listeners": f"http://127.0.0.1:{free_port()}",
        "key.converter": JSON,
        "value.converter": JSON,
        "offset.flush.interval.ms": "1000",
        "config.storage.topic": f"{topic}-configs",
        "config.storage.replication.factor": "1",
        "offset.storage.topic": f"{topic}-offsets",
        "offset.storage.replication.factor": "1",
        "offset.storage.partitions": "5",
        "status.storage.topic": f"{topic}-statuses",
        "status.storage.replication.factor": "1",
        "status.storage.partitions": "2",
        "status.storage.segment.ms": "3600000",
        "retry.backoff.ms": "50",
    }


class Java:
    """A distributed Java worker and its REST API."""

    def __init__(self, folder: Path, worker: Mapping[str, str]) -> None:
        self._url = worker["listeners"]
        self._worker = JavaConnect(folder, worker)

    def __enter__(self) -> Java:
        self._worker.start()
        wait_until(lambda: self._answers("/"), 60, what="an answer of the Java worker")
        return self

    def __exit__(self, *error: object) -> None:
        self._worker.stop()

    def _answers(self, path: str) -> bool:
        try:
            return httpx.get(self._url + path, timeout=60).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> Any:
        """The body of a good answer; there is none while the group rebalances."""

        def found() -> httpx.Response | None:
            answer = httpx.get(self._url + path, timeout=60)
            return answer if answer.status_code == 200 else None

        return wait_until(found, what=f"a good answer of {path}").json()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Tried again while the group rebalances."""

        def done() -> Any:
            answer = httpx.request(method, self._url + path, json=body, timeout=60)
            assert answer.status_code in (200, 201, 202, 204, 409, 500), answer.text
            return answer if answer.status_code < 300 else None

        return wait_until(done, 60, what=f"{method} {path}")


def source(lines: Path, topic: str) -> dict[str, str]:
    return {
        "connector.class": "FileStreamSource",
        "file": str(lines),
        "topic": topic,
        "tasks.max": "1",
    }


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_a_java_worker_writes_is_read_as_it_shows_it(
    worker: dict[str, str], topic: str, tmp_path: Path
) -> None:
    lines = tmp_path / "in.txt"
    lines.write_text("one\ntwo\n")
    with Java(tmp_path / "java", worker) as java, Peer(worker) as peer:
        java.send("POST", "/connectors", {"name": "a-b", "config": source(lines, topic)})
        java.send(
            "POST",
            "/connectors",
            {"name": "c", "config": source(lines, topic), "initial_state": "STOPPED"},
        )
        wait_until(lambda: java.get("/connectors/a-b/offsets").get("offsets"), what="an offset")
        wait_until(lambda: ("a-b", topic) in peer.used, what="the topic")
        places = {("a-b", CONNECTOR), ("a-b", 0), ("c", CONNECTOR)}
        wait_until(lambda: places <= peer.states.keys(), what="connectors and task")
        same_as_java(peer, java)
        assert peer.snapshot.connectors["c"].target is STOPPED
        assert any(
            isinstance(e, ConfigChanged) and isinstance(e.change, SessionKeyChanged)
            for e in peer.events
        )
        with Peer(worker) as later:  # that has not followed, but read all at once
            same_as_java(later, java)
            assert later.used == peer.used

        java.send("PUT", "/connectors/a-b/pause")
        wait_until(lambda: peer.snapshot.connectors["a-b"].target is PAUSED, what="the pause")
        wait_until(lambda: peer.states["a-b", 0].state is State.PAUSED, what="a paused task")
        java.send("POST", "/connectors/a-b/restart?includeTasks=true")
        wait_until(
            lambda: any(
                isinstance(e, ConfigChanged)
                and e.change == RestartRequested("a-b", only_failed=False, include_tasks=True)
                for e in peer.events
            ),
            what="the wish to restart",
        )
        java.send("PUT", "/connectors/a-b/stop")
        wait_until(lambda: peer.snapshot.connectors["a-b"].target is STOPPED, what="the stop")
        assert peer.snapshot.connectors["a-b"].tasks == ()
        java.send("DELETE", "/connectors/a-b")
        wait_until(lambda: "a-b" not in peer.snapshot.connectors, what="the end")
        wait_until(lambda: not [p for p in peer.states if p[0] == "a-b"], what="no status")


def same_as_java(peer: Peer, java: Java) -> None:
    for name in java.get("/connectors"):
        known = peer.snapshot.connectors[name]
        assert known.config == java.get(f"/connectors/{name}/config")
        tasks = java.get(f"/connectors/{name}/tasks")
        assert [dict(task) for task in known.tasks] == [task["config"] for task in tasks]
        shown = java.get(f"/connectors/{name}/status")
        mine = peer.states
        for number, entry in [(CONNECTOR, shown["connector"])] + [
            (task["id"], task) for task in shown["tasks"]
        ]:
            status = mine[name, number]
            assert status.state is not None
            assert (status.state.value, status.worker_id) == (entry["state"], entry["worker_id"])
            assert status.version == entry.get("version")
        assert sorted(t for c, t in peer.used if c == name) == sorted(
            java.get(f"/connectors/{name}/topics")[name]["topics"]
        )
        offsets = peer.offsets.of(name, {}).all()
        assert [{"partition": p, "offset": o} for p, o in offsets] == java.get(
            f"/connectors/{name}/offsets"
        )["offsets"]


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_what_is_written_here_is_what_a_java_worker_goes_on_with(
    worker: dict[str, str], topic: str, tmp_path: Path
) -> None:
    lines = tmp_path / "in.txt"
    lines.write_text("one\ntwo\nthree\n")
    config = source(lines, topic) | {"name": "a-b", "note": 'ä ☃ \x07 "quoted" \\'}
    task = config | {"task.class": "org.apache.kafka.connect.file.FileStreamSourceTask"}
    with Peer(worker) as peer:
        peer.write(SessionKeyChanged(SessionKey(bytes(32), "HmacSHA256", 1_700_000_000_000)))
        peer.write(TargetChanged("a-b", STOPPED), ConnectorConfigured("a-b", config))
        peer.write(ConnectorConfigured("gone", config | {"name": "gone"}))
        peer.write(TasksConfigured("gone", (task, task)))
        peer.write(ConnectorRemoved("gone"))
        partition, offset = {"filename": str(lines)}, {"position": 8}
        peer.offsets.of("a-b", {}).write([(partition, offset)], 10_000)
        peer.statuses.write(WriteStatus("a-b", CONNECTOR, State.STOPPED, 1, version="7"))
        peer.statuses.write(WriteStatus("a-b", 5, State.FAILED, 1, "because", "7"))
        peer.statuses.write_topic(WriteTopic("a-b", "some:where", 0))
        peer.statuses.write_topic(WriteTopic("a-b", "elsewhere", 0))
        with Java(tmp_path / "java", worker) as java:
            assert java.get("/connectors") == ["a-b"]
            assert java.get("/connectors/a-b/config") == config
            assert java.get("/connectors/a-b/tasks") == []
            assert java.get("/connectors/a-b/topics")["a-b"]["topics"] == ["elsewhere"]
            assert java.get("/connectors/a-b/offsets") == {
                "offsets": [{"partition": partition, "offset": offset}]
            }
            # the leader read our status, or it would not know that it is of no task
            removal = StatusChanged("a-b", 5, None)
            wait_until(lambda: removal in peer.events, what="the end of the old status")
            wait_until(lambda: ("a-b", CONNECTOR) in peer.states, what="Java's status")
            peer.write(TargetChanged("a-b", PAUSED))
            peer.write(TasksConfigured("a-b", (task,)))
            wait_until(lambda: len(java.get("/connectors/a-b/tasks")) == 1, what="the task")
            peer.write(TargetChanged("a-b", STARTED))

            def position() -> int:
                shown = java.get("/connectors/a-b/offsets").get("offsets") or [{}]
                return shown[0].get("offset", {}).get("position", 0)

            wait_until(lambda: position() == 14, 60, what="the line behind our offset")
            peer.write(ConnectorRemoved("a-b"))
            wait_until(lambda: java.get("/connectors") == [], what="the removal")


# Creation and checks ----------------------------------------------------------------------------


def test_topics_are_created_as_the_settings_say(worker: dict[str, str], topic: str) -> None:
    with Peer(worker | {"offset.storage.cleanup.policy": "delete"}):
        admin = KafkaAdmin({"bootstrap.servers": worker["bootstrap.servers"]})
        names = [worker[f"{kind}.storage.topic"] for kind in ("config", "offset", "status")]
        assert list(admin.partitions(names).values()) == [1, 5, 2]
        assert {admin.topic_setting(name, "cleanup.policy") for name in names} == {"compact"}
        assert admin.topic_setting(names[2], "segment.ms") == "3600000"
        with Peer(worker, "there:1") as other:  # finds them as they are
            assert isinstance(other.events[-1], ConfigRead)


@pytest.fixture
def create(worker: dict[str, str]) -> Iterator[Callable[[str, int, str], None]]:
    admin = KafkaAdmin({"bootstrap.servers": worker["bootstrap.servers"]})
    creator = KafkaTopicAdmin({**admin.translated.settings, "log_level": 0})

    def create(kind: str, partitions: int, policy: str) -> None:
        name = worker[f"{kind}.storage.topic"]
        assert creator.create(TopicToCreate(name, partitions, 1, {"cleanup.policy": policy}))

    yield create
    creator.close()


@pytest.mark.parametrize("policy", ["delete", "compact,delete"])
def test_a_topic_that_forgets_is_refused(
    worker: dict[str, str], create: Callable[[str, int, str], None], policy: str
) -> None:
    create("offset", 5, policy)
    name = worker["offset.storage.topic"]
    text = (
        f"Topic '{name}' supplied via the 'offset.storage.topic' property is required to have "
        "'cleanup.policy=compact' to guarantee consistency and durability of source connector "
        f"offsets, but found the topic currently has 'cleanup.policy={policy}'."
    )
    with pytest.raises(ConfigError) as caught, Peer(worker):
        pass
    assert str(caught.value).startswith(text)


def test_a_config_topic_of_several_partitions_is_refused(
    worker: dict[str, str], create: Callable[[str, int, str], None]
) -> None:
    create("config", 2, "compact")
    text = r"a single partition .* but found 2 partitions"
    with pytest.raises(ConfigError, match=text), Peer(worker):
        pass


def test_a_topic_that_cannot_be_created_is_explained(worker: dict[str, str]) -> None:
    wrong = worker | {"offset.storage.min.insync.replicas": "none"}
    text = r"'.*-offsets' of the setting offset.storage.topic"
    with pytest.raises(ConnectError, match=text), Peer(wrong):
        pass


# Exactly-once support, and topics of connectors' own ---------------------------------------------


def test_a_new_leader_keeps_the_former_one_from_writing(worker: dict[str, str]) -> None:
    enabled = worker | {"exactly.once.source.support": "enabled"}
    change = ConnectorConfigured("c", {"x": "1"})
    with Peer(enabled) as former, Peer(enabled, "there:1") as leader:
        asyncio.run(former.configs.claim())
        former.write(change)  # read back behind the mark that ends its transaction
        asyncio.run(leader.configs.claim())
        leader.write(ConnectorConfigured("c", {"x": "2"}))
        for _ in range(2):
            with pytest.raises(ConnectError, match="Failed to write to config topic; this may be"):
                former.write(change)
        former.write(TargetChanged("c", PAUSED))  # everybody may
        asyncio.run(former.configs.refresh(60))
        for peer in (former, leader):
            assert peer.configs.snapshot().configs == {"c": {"x": "2"}}
        asyncio.run(former.configs.claim())
        former.write(change)
        asyncio.run(leader.configs.refresh(60))
        assert leader.snapshot.connectors["c"].config == {"x": "1"}


def test_a_connector_has_an_offsets_topic_of_its_own(worker: dict[str, str], topic: str) -> None:
    own = {"offsets.storage.topic": f"{topic}-own"}
    with Peer(worker) as peer:
        peer.offsets.of("c", {}).write([({"p": 0}, {"at": 1})], 10_000)
        store = peer.offsets.of("c", own)
        store.write([({"p": 1}, {"at": 2})], 10_000)
        assert store.read([{"p": 0}, {"p": 1}]) == [{"at": 1}, {"at": 2}]
        store.write([({"p": 1}, None)], 10_000)
        assert store.all() == peer.offsets.of("c", {}).all() == [({"p": 0}, {"at": 1})]
        admin = KafkaAdmin({"bootstrap.servers": worker["bootstrap.servers"]})
        assert admin.partitions([own["offsets.storage.topic"]]) == {f"{topic}-own": 5}
        assert admin.topic_setting(f"{topic}-own", "cleanup.policy") == "compact"
