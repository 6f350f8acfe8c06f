"""`penstock offsets`, against a worker on a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.connecting import connected
from penstock.cli.main import main
from penstock.cli.offset_changes import (
    Move,
    OffsetEntry,
    difference,
    moved,
    of_sink,
    place_text,
    point_in_time,
)
from penstock.client import ConnectClient
from penstock.cluster.messages import TargetState
from penstock.cluster.views import ConnectorOffset
from penstock.rest.server import RestServer
from penstock.rest.settings import RestSettings
from penstock.sdk.record import TopicPartition
from tests.unit.rest.fakes import SINK, SOURCE, Worker
from tests.unit.rest.test_server import LOOPBACK

A, B = {"filename": "a"}, {"filename": "b"}
PLACE = TopicPartition("orders", 0)


def penstock(*arguments: str, given: str | None = None) -> Result:
    return CliRunner().invoke(main, ["offsets", *arguments], input=given)


class Scene:
    """A worker with a source `lines` and a sink `files`, and the command."""

    def __init__(self, url: str) -> None:
        self.client = ConnectClient(url)
        self._url = url
        self.client.create("lines", {"connector.class": SOURCE, "topic": "t"}, TargetState.STOPPED)
        self.client.create("files", {"connector.class": SINK, "topics": "t"}, TargetState.STOPPED)

    def __call__(self, verb: str, *arguments: str, given: str | None = None) -> Result:
        return penstock(verb, *arguments, "--url", self._url, given=given)

    def offsets(self, connector: str = "lines") -> list[tuple[Any, Any]]:
        return [(each.partition, each.offset) for each in self.client.offsets(connector).offsets]


def play(scene: Callable[[Scene], None]) -> None:
    async def run() -> None:
        settings = RestSettings(listeners=(LOOPBACK,))
        server = RestServer(settings)
        await server.start(Worker(settings).app)
        try:
            await asyncio.to_thread(lambda: scene(Scene(server.url)))
        finally:
            await server.stop(1)

    asyncio.run(run())


def set_a(position: object) -> tuple[str, ...]:
    return ("set", "lines", "--partition", json.dumps(A), "--offset", json.dumps(position))


def test_an_offset_is_set_shown_and_forgotten():
    def scene(run: Scene) -> None:
        assert run(*set_a({"position": 3})).exit_code == 0
        shown = run("show", "lines").stdout
        assert '{"filename":"a"}' in shown
        assert '{"position":3}' in shown
        assert json.loads(run("show", "lines", "--json").stdout) == {
            "offsets": [{"partition": A, "offset": {"position": 3}}]
        }
        assert run(*set_a(None)).exit_code == 0
        assert run.offsets() == []

    play(scene)


def test_a_dry_run_prints_the_difference_and_writes_nothing():
    def scene(run: Scene) -> None:
        run(*set_a({"position": 3}))
        rehearsed = run(*set_a({"position": 4}), "--dry-run")
        rows = [row.split() for row in rehearsed.stdout.splitlines() if "filename" in row]
        assert rows == [['{"filename":"a"}', '{"position":3}', '{"position":4}']]
        assert "Nothing was written" in rehearsed.stdout
        (row,) = [r for r in run("reset", "lines", "--dry-run").stdout.splitlines() if "name" in r]
        assert row.split()[-1] == "-"
        assert run.offsets() == [(A, {"position": 3})]
        assert "No offset changes" in run(*set_a({"position": 3}), "--dry-run").stdout

    play(scene)


def test_a_connector_that_is_not_stopped_is_left_alone_unless_one_says_stop():
    def scene(run: Scene) -> None:
        run.client.aim("lines", TargetState.STARTED)
        refused = run(*set_a({"position": 3}))
        assert refused.exit_code == 1
        assert "lines is RUNNING" in refused.stderr
        assert "Add --stop" in refused.stderr
        assert run(*set_a({"position": 3}), "--stop", "--dry-run").exit_code == 0
        assert run.client.status("lines").connector.state == "RUNNING"
        assert run.offsets() == []

    play(scene)


def test_a_file_carries_offsets_from_one_connector_to_another(tmp_path: Path):
    saved = str(tmp_path / "offsets.json")

    def scene(run: Scene) -> None:
        run(*set_a({"position": 3, "big": 2**70, "share": 1.0}))
        assert run("export", "lines", saved).exit_code == 0
        assert json.loads(run("export", "lines").stdout) == json.loads(Path(saved).read_bytes())
        before = run.offsets()
        assert "reset" in run("reset", "lines").stdout
        assert run("import", "lines", "-", given=Path(saved).read_text()).exit_code == 0
        assert run.offsets() == before
        assert "No offset changes" in run("import", "lines", saved).stdout

    play(scene)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "truncated"),
        ("[]", "Expected `object`"),
        ('{"offset": []}', "offset"),
        ('{"offsets": [{"partition": {}}]}', "missing required field `offset`"),
        ('{"offsets": [{"partition": null, "offset": null}]}', "offsets[0].partition"),
        ('{"offsets": [{"partition": {}, "offset": 3}]}', "offsets[0].offset"),
    ],
)
def test_a_file_that_holds_no_offsets_is_refused(text: str, reason: str, tmp_path: Path):
    path = tmp_path / "offsets.json"
    path.write_text(text)
    refused = penstock("import", "lines", str(path))
    assert refused.exit_code == 1
    assert f"{path} is no file of offsets" in refused.stderr
    assert reason in refused.stderr


def test_a_sink_takes_a_topic_a_partition_and_a_number():
    def scene(run: Scene) -> None:
        place = ("--topic", "orders", "--partition", "0", "--offset")
        assert run("set", "files", *place, "12").exit_code == 0
        assert run.offsets("files")[0][1] == {"kafka_offset": 12}
        assert ["orders-0", "12"] in [r.split() for r in run("show", "files").stdout.splitlines()]
        assert run("set", "files", *place, "null").exit_code == 0
        assert run.offsets("files") == []
        source = run(*set_a({"position": 1}), "--topic", "orders")
        assert (source.exit_code, "lines is a source" in source.stderr) == (2, True)
        sink = run("set", "files", "--offset", "12")
        assert (sink.exit_code, "files is a sink" in sink.stderr) == (2, True)
        moved = run("set", "lines", "--to-latest", "--bootstrap-servers", "127.0.0.1:1")
        assert (moved.exit_code, "lines is no sink" in moved.stderr) == (1, True)
        assert run("show", "nobody").exit_code == 1

    play(scene)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ((), "Give one of"),
        (("--to-latest", "--shift", "3"), "Give one of"),
        (("--to-latest",), "Say where Kafka is"),
        (("--to-datetime", "tomorrow"), "tomorrow is no time"),
        (("--to-latest", "--partition", "x", "--bootstrap-servers", "h:1"), "x is no number"),
        (("--to-latest", "--command-config", "nowhere"), "nowhere cannot be read"),
        (("--to-latest", "--url", "ftp://u:secret@h"), "Say where Kafka is"),
        (("--offset", "{}", "--url", "ftp://u:secret@h"), "ftp://h is no address of a worker"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(options: tuple[str, ...], told: str):
    refused = penstock("set", "files", *options)
    assert refused.exit_code == 2
    assert told in " ".join(refused.stderr.split())
    assert "secret" not in refused.stderr


def test_a_login_in_the_address_is_sent_and_not_shown():
    refused = penstock("show", "x", "--url", "http://anna:se%40cret@127.0.0.1:1/")
    assert refused.exit_code == 1
    assert "http://127.0.0.1:1:" in refused.stderr
    assert "cret" not in refused.stderr
    client = connected("http://anna:se%40cret@h:1")
    assert client._headers["Authorization"] == "Basic YW5uYTpzZUBjcmV0"


# Differences and moves ----------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{"n": 1.0}, {"n": True}, {"n": "1"}, {"n": None}, {}, None])
def test_offsets_differ_when_their_json_does(other: dict[str, Any] | None):
    known = [ConnectorOffset(A, {"n": 1})]
    assert [c.after for c in difference("source", known, [OffsetEntry(A, other)])] == [other]
    assert difference("source", known, [OffsetEntry(A, {"n": 1})]) == []


def test_members_have_no_order_and_the_last_of_equal_partitions_counts():
    known = [ConnectorOffset({"x": 1, "y": 2}, {"a": 1, "b": 2})]
    assert difference("source", known, [OffsetEntry({"y": 2, "x": 1}, {"b": 2, "a": 1})]) == []
    twice = [OffsetEntry(B, {"n": 1}), OffsetEntry(B, {"n": 2})]
    assert [c.after for c in difference("source", [], twice)] == [{"n": 2}]
    assert difference("source", [], [OffsetEntry(B, None)]) == []


def test_a_sinks_offsets_are_the_same_in_any_notation():
    known = [ConnectorOffset({"kafka_topic": "orders", "kafka_partition": 0}, {"kafka_offset": 7})]
    same = OffsetEntry({"kafka_partition": "0", "kafka_topic": "orders"}, {"kafka_offset": "7"})
    assert difference("sink", known, [same]) == []


class Kafka:
    """One topic of one partition, with offsets 10 to 20; record n is of second n."""

    def partitions(self, topics: Collection[str]) -> dict[str, int]:
        return {"orders": 1}

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 10)

    def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 20)

    def since(
        self, partitions: Iterable[TopicPartition], at_ms: int
    ) -> dict[TopicPartition, int | None]:
        second = max(-(-at_ms // 1000), 10)
        return dict.fromkeys(partitions, second if second < 20 else None)


def at_second(second: float) -> Move:
    return Move(at=datetime.fromtimestamp(second, UTC))


@pytest.mark.parametrize(
    ("move", "reached"),
    [
        (Move(earliest=True), 10),
        (Move(latest=True), 20),
        (at_second(12.5), 13),
        (at_second(3), 10),
        (at_second(99), 20),
        (Move(shift=2), 14),
        (Move(shift=-3), 10),
        (Move(shift=99), 20),
    ],
)
def test_a_move_ends_where_the_partition_does(move: Move, reached: int):
    assert moved(Kafka(), move, [PLACE], {PLACE: 12}) == {PLACE: reached}


def test_a_shift_leaves_alone_what_has_no_offset():
    assert moved(Kafka(), Move(shift=1), [PLACE], {}) == {}


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001
def test_a_time_without_a_zone_is_utc(at: datetime):
    assert point_in_time(at.isoformat()) == at.replace(tzinfo=UTC)
    assert point_in_time(at.isoformat() + "Z") == at.replace(tzinfo=UTC)


def test_partitions_of_topics_are_shown_in_short():
    (entry,) = of_sink({TopicPartition("orders", 3): 1})
    assert place_text(entry.partition) == "orders-3"
    assert place_text({"kafka_topic": "orders"}) == '{"kafka_topic":"orders"}'
