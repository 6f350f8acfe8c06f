"""`penstock dlq`: which letters are meant, and how they look."""

from __future__ import annotations

from collections.abc import Iterable

import click
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from penstock.cli.letter_choices import Choice, letters_at_most, ranges_of, readable
from penstock.cli.letter_replay import Replay
from penstock.cli.letter_views import (
    SourceView,
    data_of,
    hex_lines,
    print_whole,
    printable,
    table,
    time_text,
    whole,
)
from penstock.cli.main import main
from penstock.kafka.letters import Headers, Letter, Reason, own_headers, reason_of
from penstock.sdk.record import TopicPartition

REASON = Reason(
    "orders",
    2,
    41,
    "sink",
    "1",
    "VALUE_CONVERTER",
    "c.Json",
    "org.example.DataException",
    "[red]no[/red]\nbecause",
    "Trace\n\tat line",
)


def letter(
    offset: int = 5,
    reason: Reason = REASON,
    value: bytes | None = b"v",
    headers: Headers | None = None,
    partition: int = 0,
) -> Letter:
    return Letter(partition, offset, 0, b"k", value, headers or [], reason)


def penstock(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["dlq", *arguments])


class Kafka:
    """A topic `dlq` of so many partitions, each with offsets 10 to 20."""

    def __init__(self, partitions: int = 1) -> None:
        self._count = partitions

    def partitions(self, topics: list[str]) -> dict[str, int]:
        return {"dlq": self._count} if "dlq" in topics else {}

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 10)

    def ends(
        self, partitions: Iterable[TopicPartition], *, read_committed: bool = False
    ) -> dict[TopicPartition, int]:
        assert read_committed
        return dict.fromkeys(partitions, 20)


# Which letters ------------------------------------------------------------------------------------


def test_offsets_are_numbers_and_ranges():
    found = ranges_of(["12", "5-9, 3", "7-"])
    assert found == ((12, 12), (5, 9), (3, 3), (7, 2**63 - 1))


@pytest.mark.parametrize("text", ["", "x", "-3", "9-5", "1,,2", "1.5", "²"])
def test_offsets_that_are_none_are_refused(text: str):
    with pytest.raises(click.BadParameter):
        ranges_of([text])


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).map(sorted), min_size=1))
def test_every_chosen_letter_is_met_once_however_ranges_overlap(pairs: list[list[int]]):
    chosen = Choice(tuple((first, last) for first, last in pairs))
    ranges = readable(Kafka(), "dlq", chosen)
    start, end = ranges[0]
    found = [each.offset for each in chosen.among(map(letter, range(start, end)), None)]
    wanted = {n for first, last in pairs for n in range(first, last + 1)} & set(range(10, 20))
    assert found == sorted(wanted)
    assert letters_at_most(ranges, None) >= len(found)


@pytest.mark.parametrize(
    ("choice", "fits"),
    [
        (Choice(), True),
        (Choice(connector="sink"), True),
        (Choice(connector="sin"), False),
        (Choice(stage="value_converter"), True),
        (Choice(stage="TASK_PUT"), False),
        (Choice(exception="DataException"), True),
        (Choice(exception="org.example.DataException"), True),
        (Choice(exception="Exception"), False),
        (Choice(connector="sink", exception="Other"), False),
    ],
)
def test_filters_look_at_the_reason(choice: Choice, fits: bool):
    assert choice.fits(letter()) is fits
    assert choice.fits(letter(reason=Reason())) is (choice == Choice())


def test_offsets_need_a_partition_where_there_are_several():
    with pytest.raises(click.UsageError, match="say with --partition"):
        readable(Kafka(2), "dlq", Choice(((12, 12),)))
    assert readable(Kafka(2), "dlq", Choice(((12, 12),), 1)) == {1: (12, 13)}
    assert readable(Kafka(2), "dlq", Choice()) == {0: (10, 20), 1: (10, 20)}
    with pytest.raises(click.ClickException, match="has no partition 2"):
        readable(Kafka(2), "dlq", Choice(partition=2))
    with pytest.raises(click.ClickException, match="There is no topic other"):
        readable(Kafka(), "other", Choice())


def test_a_topic_whose_ends_are_not_known_is_not_taken_for_empty(monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(click.ClickException, match="try again"):
        readable(Kafka(0), "dlq", Choice())
    monkeypatch.setattr(Kafka, "ends", lambda self, places, **_: dict.fromkeys(places, -1))
    with pytest.raises(click.ClickException, match="try again"):
        readable(Kafka(), "dlq", Choice())


def test_nothing_is_replayed_unless_letters_are_chosen():
    refused = penstock("replay", "dlq", "--bootstrap-servers", "127.0.0.1:1")
    assert refused.exit_code == 2
    assert "--all" in refused.stderr


# How they look ------------------------------------------------------------------------------------


def test_a_list_has_one_row_per_letter_with_its_reason(capsys: pytest.CaptureFixture[str]):
    table([letter(), letter(6, Reason(), partition=1)]).print()
    first, second = capsys.readouterr().out.splitlines()[-3:-1]
    assert first.split("  ")[0].strip() == "5"
    for text in ("1970-01-01T00:00:00.000Z", "orders-2-41", "sink-1", "DataException"):
        assert text in first
    assert "[red]no[/red] because" in first
    assert second.split() == ["1:6", "1970-01-01T00:00:00.000Z", *"-----"]


def test_a_whole_letter_has_headers_text_bytes_and_trace(capsys: pytest.CaptureFixture[str]):
    print_whole("dlq", letter(value=b"\x1b[2J\xff", headers=[("h", None), ("\x1bh", b"x")]))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "1b 5b 32 4a ff" in shown
    assert "Header h: null" in shown
    assert "Header \\x1bh (1 bytes): x" in shown
    assert shown.endswith("Stack trace\nTrace\n\tat line\n")


@given(st.binary(max_size=70))
def test_bytes_are_shown_without_loss(data: bytes):
    shown = "".join(line[10:57] for line in hex_lines(data))
    assert bytes.fromhex(shown) == data
    found = data_of(data)
    assert found is not None
    back = found.text.encode() if found.text is not None else bytes.fromhex(found.hex or "")
    assert back == data


@given(st.text())
def test_nothing_printed_moves_the_cursor_of_a_terminal(text: str):
    assert all(c.isprintable() or c in "\n\t" for c in printable(text))


def test_times_beyond_the_calendar_are_numbers():
    assert time_text(2**62) == str(2**62)
    assert time_text(None) is None


SOURCE_HEADERS: Headers = [
    ("h", b"own"),
    *(
        ("__connect.errors." + name, data)
        for name, data in {
            "connector.name": b"shop",
            "task.id": b"0",
            "stage": b"TRANSFORMATION",
            "topic": b"orders",
            "source.partition": b'{"file":"a"}',
            "source.offset": b'{"line":2}',
            "source.format": b"json",
        }.items()
    ),
]


def source_letter(offset: int = 5) -> Letter:
    return letter(offset, reason_of(SOURCE_HEADERS), headers=own_headers(SOURCE_HEADERS))


def test_a_letter_of_a_source_says_where_the_record_was_read(capsys: pytest.CaptureFixture[str]):
    print_whole("dlq", source_letter())
    shown = {line[:11].strip(): line[11:] for line in capsys.readouterr().out.splitlines()}
    assert shown["Original"] == '{"file":"a"} at {"line":2} for orders'
    assert (shown["Connector"], shown["Encoded by"]) == ("shop-0", "json")
    found = whole(source_letter())
    assert found.source == SourceView("orders", '{"file":"a"}', '{"line":2}', "json")
    assert [name for name, _ in found.headers] == ["h"]
    assert whole(letter()).source is None


# Sending again ------------------------------------------------------------------------------------


def test_a_dry_run_tells_where_letters_go(capsys: pytest.CaptureFixture[str]):
    assert Replay({}, None).rehearse([letter(5), letter(6)])
    shown = capsys.readouterr().out
    assert [r.split() for r in shown.splitlines() if "-41" in r] == [
        ["5", "orders-2-41", "orders-2"],
        ["6", "orders-2-41", "orders-2"],
    ]
    assert "Would send 2 letters to orders." in shown
    assert Replay({}, "aside").rehearse([letter(7, Reason())])
    assert "Would send 1 letter to aside." in capsys.readouterr().out


def test_a_letter_of_a_source_goes_to_the_topic_it_was_for_and_its_key_chooses_the_partition(
    capsys: pytest.CaptureFixture[str],
):
    assert Replay({}, None).rehearse([source_letter()])
    (row,) = [r for r in capsys.readouterr().out.splitlines() if '"line":2' in r]
    assert row.split()[-1] == "orders"


def test_a_letter_that_does_not_say_where_it_came_from_is_left_out(
    capsys: pytest.CaptureFixture[str],
):
    assert not Replay({}, None).rehearse([letter(5, Reason())])
    told = capsys.readouterr().err
    assert "1 letter left out" in told
    assert "--to-topic" in told


def test_a_refused_letter_is_named_with_what_arrived_before():
    work = Replay({"bootstrap.servers": "127.0.0.1:1"}, None)
    with pytest.raises(click.ClickException) as refused:
        work.run([letter(5, value=b"x" * 2_000_000), letter(6)], lambda: None)
    assert "0 letters arrived before that; not acknowledged: offset 5." in refused.value.message


def test_a_kafka_that_is_not_there_is_told_with_what_to_check(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("penstock.cli.dlq.KAFKA_SECONDS", 0.2)
    refused = penstock("list", "dlq", "--bootstrap-servers", "127.0.0.1:1")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: Kafka did not answer in time")
    assert "check --bootstrap-servers" in refused.stderr
