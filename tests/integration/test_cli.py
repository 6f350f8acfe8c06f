"""`penstock dlq` and `penstock offsets` against a real worker and a real broker."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from confluent_kafka import Message, Producer

from penstock.cli.main import main
from penstock.testing.kafka import SharedKafka
from tests.integration.topics import read_messages
from tests.integration.workers import JSON, Worker, ended, wait_until

pytestmark = pytest.mark.integration

STAMP_MS = int(time.time()) * 1000 - 3_600_000  # older records would be removed by the broker
GOOD, BAD = (b'"good"', b'{"broken', b'"fine"', b"\xff\x00"), 2


@pytest.fixture
def worker(tmp_path: Path, kafka: SharedKafka, topic: str) -> Iterator[Worker]:
    """A sink whose topic holds two records that are JSON and two that are not."""
    made = Worker(
        tmp_path,
        kafka.bootstrap_servers,
        value__converter=JSON,
        value__converter__schemas__enable="false",
    )
    made.add(
        sink_of(topic),
        {
            "connector.class": "FileStreamSink",
            "file": str(tmp_path / "out.txt"),
            "topics": topic,
            "errors.tolerance": "all",
            "errors.deadletterqueue.topic.name": f"{topic}-dlq",
            "errors.deadletterqueue.topic.replication.factor": "1",
            "errors.deadletterqueue.context.headers.enable": "true",
        },
    )
    made.add(
        "source",
        {
            "connector.class": "FileStreamSource",
            "file": str(tmp_path / "in.txt"),
            "topic": f"{topic}-lines",
        },
    )
    (tmp_path / "in.txt").write_text("one\ntwo\n")
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for number, value in enumerate(GOOD):
        headers: list[Any] = [("trace", b"\x01\xfe"), ("empty", None)]
        producer.produce(
            topic, value, f"k{number}", 0, timestamp=STAMP_MS + number, headers=headers
        )
    assert producer.flush(60) == 0
    made.start()
    yield made
    for _ in ended([made]):
        pass


def sink_of(topic: str) -> str:
    """All tests share a broker, and a sink's name is that of its group."""
    return f"sink-{topic[-8:]}"


def penstock(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == status, f"{result.output}\n{result.exception!r}"
    return result


def content(message: Message) -> tuple[Any, ...]:
    return message.key(), message.value(), message.headers(), message.timestamp()[1]


def test_dead_letters_are_listed_shown_and_sent_again_as_they_were(
    worker: Worker, kafka: SharedKafka, topic: str
) -> None:
    at = ("--bootstrap-servers", kafka.bootstrap_servers)
    letters = f"{topic}-dlq"
    sink = sink_of(topic)
    worker.wait_for_rest()

    def listed(*options: str) -> list[dict[str, Any]]:
        return json.loads(penstock("dlq", "list", letters, "--json", *options, *at).stdout)

    def arrived() -> bool:
        found = CliRunner().invoke(main, ["dlq", "list", letters, "--json", *at])
        return found.exit_code == 0 and len(json.loads(found.stdout)) >= BAD

    wait_until(arrived, what=lambda: f"letters; log:\n{worker.log[-2000:]}")
    first, second = listed()
    assert first["original"] == f"{topic}-0-1"
    assert (first["connector"], first["task"], first["stage"]) == (sink, "0", "VALUE_CONVERTER")
    assert first["exception"] == "org.apache.kafka.connect.errors.DataException"
    assert second["original"] == f"{topic}-0-3"
    assert len(listed("--limit", "1")) == 1
    assert len(listed("--exception", "DataException", "--connector", sink)) == BAD
    assert listed("--stage", "TASK_PUT") == []
    assert f"{topic}-0-3" in penstock("dlq", "list", letters, *at).stdout

    whole = json.loads(penstock("dlq", "show", letters, "--offset", "1", "--json", *at).stdout)
    assert (whole["key"], whole["value"]) == ({"text": "k3"}, {"hex": "ff00"})
    assert whole["headers"] == [["trace", {"hex": "01fe"}], ["empty", None]]
    shown = penstock("dlq", "show", letters, "--offset", "1", *at).stdout
    assert "ff 00" in shown
    assert "DataException" in shown.partition("Stack trace")[2]

    rehearsed = penstock("dlq", "replay", letters, "--all", "--dry-run", *at).stdout
    assert f"Would send 2 letters to {topic}." in rehearsed
    assert len(read_messages(kafka.bootstrap_servers, topic)) == len(GOOD)

    # stopped, so that what comes back is not written off again at once
    assert worker.ask(f"/connectors/{sink}/stop", "PUT")[0] == 204
    wait_until(lambda: worker.states(sink) == ["STOPPED"], what="the stop")
    overlapping = ("--offset", "1-", "--offset", "0-1,1")
    sent = penstock("dlq", "replay", letters, *overlapping, *at)
    assert f"Sent 2 letters to {topic}." in sent.stdout
    before, after = (lambda all_: (all_[:4], all_[4:]))(
        read_messages(kafka.bootstrap_servers, topic)
    )
    assert [content(m) for m in after] == [content(before[1]), content(before[3])]

    aside = f"{topic}-aside"
    penstock("dlq", "replay", letters, "--offset", "1", "--to-topic", aside, *at)
    (only,) = read_messages(kafka.bootstrap_servers, aside)
    assert content(only) == content(before[3])


def test_offsets_of_sinks_and_sources_are_shown_set_moved_and_carried_in_files(
    worker: Worker, kafka: SharedKafka, topic: str, tmp_path: Path
) -> None:
    at = ("--bootstrap-servers", kafka.bootstrap_servers)
    url = ("--url", f"http://127.0.0.1:{worker.port}")
    sink = sink_of(topic)
    worker.wait_for_rest()

    def offsets(connector: str) -> list[Any]:
        found = json.loads(penstock("offsets", "show", connector, "--json", *url).stdout)
        return [each["offset"] for each in found["offsets"]]

    def alter(verb: str, *options: str, status: int = 0) -> Result:
        return penstock("offsets", verb, *options, *url, status=status)

    wait_until(lambda: offsets(sink) == [{"kafka_offset": 4}], what="a commit")
    wait_until(lambda: offsets("source") == [{"position": 8}], what="a source's commit")
    running = alter("set", sink, "--topic", topic, "--partition", "0", "--offset", "1", status=1)
    assert f"{sink} is RUNNING" in running.stderr
    assert "--stop" in running.stderr
    assert worker.states(sink)[0] == "RUNNING"

    place = ("--topic", topic, "--partition", "0", "--offset", "1")
    rehearsed = alter("set", sink, *place, "--stop", "--dry-run").stdout
    assert [row.split() for row in rehearsed.splitlines() if topic in row] == [
        [f"{topic}-0", "4", "1"]
    ]
    assert worker.states(sink)[0] == "RUNNING"
    alter("set", sink, *place, "--stop")
    assert (worker.states(sink), offsets(sink)) == (["STOPPED"], [{"kafka_offset": 1}])

    second = datetime.fromtimestamp((STAMP_MS + 1) / 1000, UTC).isoformat()
    for move, reached in {
        ("--to-latest",): 4,
        ("--to-earliest",): 0,
        ("--shift", "3"): 3,
        ("--shift", "-1"): 2,
        ("--shift", "100"): 4,
        ("--to-datetime", second): 1,
        ("--to-datetime", "2999-01-01"): 4,
    }.items():
        alter("set", sink, *move, *at)
        assert offsets(sink) == [{"kafka_offset": reached}], move

    saved = tmp_path / "sink.json"
    alter("export", sink, str(saved))
    alter("reset", sink)
    assert offsets(sink) == []
    alter("import", sink, str(saved))
    assert offsets(sink) == [{"kafka_offset": 4}]
    assert "No offset changes." in alter("import", sink, str(saved)).stdout

    name = json.dumps({"filename": str(tmp_path / "in.txt")})
    alter("set", "source", "--partition", name, "--offset", '{"position":4}', "--stop")
    assert offsets("source") == [{"position": 4}]
    alter("set", "source", "--partition", name, "--offset", "null")
    assert offsets("source") == []
