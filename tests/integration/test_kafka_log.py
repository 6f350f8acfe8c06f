"""A compacted topic of a real broker keeps what every log promises, and more."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.broker import LocalKafka
from penstock.cluster.logs import Log
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.log import KafkaLog
from penstock.kafka.partitioner import partition_for
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.runtime.client_settings import ClientSettings
from penstock.runtime.topic_creation import TopicToCreate
from penstock.sdk.errors import ConnectError
from penstock.testing.kafka import SharedKafka
from tests.contract.test_logs import PATIENCE_MS, LogContract, Reader

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]


class Topic:
    """A compacted topic of a broker, of which logs can be opened."""

    def __init__(self, bootstrap: str, name: str, partitions: int, **worker: str) -> None:
        given = {"bootstrap.servers": bootstrap, "group.id": "logs", **worker}
        clients = ClientSettings({k.replace("_", "."): v for k, v in given.items()})
        self.name = name
        self.clients = clients
        self.admin = KafkaAdmin(clients.shared_admin())
        settings = {**self.admin.translated.settings, "log_level": 0}
        wanted = TopicToCreate(name, partitions, 1, {"cleanup.policy": "compact"})
        assert KafkaTopicAdmin(settings).create(wanted)

    def log(self) -> KafkaLog:
        made = self.clients.offsets_log()
        return KafkaLog(made.producer, made.consumer, self.name, self.admin)


class TestKafkaLog(LogContract):
    @pytest.fixture
    def topics(self, kafka: SharedKafka, topic: str) -> Topic:
        return Topic(kafka.bootstrap_servers, topic, 3)

    @pytest.fixture
    def log(self, topics: Topic) -> Iterator[Log]:
        log = topics.log()
        yield log
        log.stop()

    def test_another_log_of_the_topic_is_handed_everything_from_its_beginning(
        self, topics: Topic, log: Log
    ) -> None:
        log.start(Reader())
        wanted = {b"k%d" % i: b"%d" % i for i in range(50)}
        log.write(list(wanted.items()), PATIENCE_MS)
        reader, other = Reader(), topics.log()
        other.start(reader)
        assert dict(reader.entries) == wanted  # without reading to the end once more
        log.write([(b"k1", b"later")], PATIENCE_MS)
        other.read_to_end(PATIENCE_MS)
        assert reader.entries[-1] == (b"k1", b"later")
        other.stop()

    def test_nothing_is_handed_over_after_it_was_stopped(self, topics: Topic, log: Log) -> None:
        reader, other = Reader(), topics.log()
        other.start(reader)
        other.stop()
        log.start(Reader())
        log.write([(b"a", b"1")], PATIENCE_MS)
        assert reader.records == []
        with pytest.raises(ConnectError, match="not running"):
            other.read_to_end(PATIENCE_MS)
        heard: list[Exception | None] = []
        other.send(b"a", b"2", heard.append)
        assert isinstance(heard[0], ConnectError)

    def test_keys_are_where_java_would_have_put_them(self, topics: Topic, log: Log) -> None:
        log.start(Reader())
        keys = [b"key-%d" % i for i in range(20)]
        log.write([(key, b"") for key in keys], PATIENCE_MS)
        wanted = [partition_for(key, 3) for key in keys]
        ends = topics.admin.ends(log._partitions)  # type: ignore[attr-defined]
        assert [end for _, end in sorted(ends.items())] == [wanted.count(p) for p in range(3)]

    def test_a_refused_record_is_reported_once_with_its_place(
        self, log: Log, caplog: pytest.LogCaptureFixture
    ) -> None:
        log.start(Reader())
        log.write([(b"a", b"bad")], PATIENCE_MS)
        log.read_to_end(PATIENCE_MS)
        log.read_to_end(PATIENCE_MS)
        assert caplog.text.count("The record at offset 0 of partition") == 1

    def test_a_topic_that_does_not_come_is_explained(self, topics: Topic) -> None:
        made = topics.clients.offsets_log()
        log = KafkaLog(made.producer, made.consumer, "nope", topics.admin, metadata_seconds=1)
        with pytest.raises(ConnectError, match="metadata for topic 'nope' in the allotted period"):
            log.start(Reader())

    def test_a_start_that_waits_ends_when_it_is_stopped(self, topics: Topic) -> None:
        made = topics.clients.offsets_log()
        log = KafkaLog(made.producer, made.consumer, "nope", topics.admin)
        threading.Timer(0.3, log.stop).start()
        began = time.monotonic()
        with pytest.raises(ConnectError, match="was stopped"):
            log.start(Reader())
        assert time.monotonic() - began < 10


def test_a_log_survives_its_broker(
    topic: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with LocalKafka(tmp_path) as broker:
        outages = 2
        reader = Reader()
        log = Topic(broker.bootstrap_servers, topic, 3).log()
        log.start(reader)
        for outage in range(outages):
            before, after = b"%d before" % outage, b"%d after" % outage
            log.write([(before, b"")], PATIENCE_MS)
            broker.kill()
            heard = threading.Event()
            log.send(b"%d meanwhile" % outage, b"", lambda error, heard=heard: heard.set())
            with pytest.raises(TimeoutError):
                log.read_to_end(1500)
            assert not heard.is_set()
            broker.start()
            log.write([(after, b"")], PATIENCE_MS)
            log.read_to_end(PATIENCE_MS)
            assert heard.wait(PATIENCE_MS / 1000)
            keys = [key for key, _ in reader.entries]
            assert {before, b"%d meanwhile" % outage, after} <= set(keys)
        log.stop()
    told = [r.message for r in caplog.records if f"{topic} is out of reach" in r.message]
    assert 1 <= len(told) <= 2 * outages
