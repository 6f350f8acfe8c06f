"""Dead letters of whole tasks: what they hold, and that no offset goes ahead of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.kafka.errors import client_error
from penstock.sdk.record import Header, SourceRecord, TopicPartition
from penstock.sdk.schema import INT32
from penstock.sdk.schema import STRING as TEXT
from penstock.testing.memory_kafka import MemoryKafka
from tests.unit.hosting.mistakes import STRING, TO_NUMBERS, GivenTask, Letters, MistakeRig

TOLERANT = {
    "errors.tolerance": "all",
    "errors.deadletterqueue.topic.name": "letters",
    "errors.deadletterqueue.context.headers.enable": "true",
}
PREFIX = "__connect.errors."


def record(value: Any, number: int, schema: Any = TEXT, **more: Any) -> SourceRecord:
    return SourceRecord(
        "orders",
        value,
        value_schema=schema,
        source_partition={"file": "a"},
        source_offset={"line": number},
        **more,
    )


def source(*records: SourceRecord, **properties: str) -> MistakeRig:
    rig = MistakeRig({"value.converter": STRING})
    GivenTask.given = records
    rig.start("GivenSource", **{**TOLERANT, **properties})
    return rig


def letters(rig: MistakeRig) -> list[Any]:
    return rig.kafka.topic("letters")


def reasons(letter: Any) -> dict[str, str]:
    return {
        name.removeprefix(PREFIX): data.decode()
        for name, data in letter.headers
        if name.startswith(PREFIX)
    }


def test_a_record_that_a_transformation_refuses_is_a_letter_as_it_was_before() -> None:
    rig = source(record("1", 1), record("one", 2, key="k"), record("3", 3), **TO_NUMBERS)
    rig.work()
    (letter,) = letters(rig)
    assert (letter.key, letter.value) == (b"k", b"one")
    told = reasons(letter)
    assert list(told) == [
        "connector.name",
        "task.id",
        "stage",
        "class.name",
        "exception.class.name",
        "exception.message",
        "exception.stacktrace",
        "topic",
        "source.partition",
        "source.offset",
        "source.format",
    ]
    assert told["stage"] == "TRANSFORMATION"
    assert told["class.name"] == "org.apache.kafka.connect.transforms.Cast$Value"
    assert (told["topic"], told["source.format"]) == ("orders", "converter")
    assert told["source.partition"] == '{"file":"a"}'
    assert told["source.offset"] == '{"line":2}'
    assert [r.value for r in rig.kafka.topic("orders")] == [b"1", b"3"]
    assert rig.failure is None


def test_a_record_that_its_converter_refuses_is_a_letter_in_json() -> None:
    rig = source(
        record({"n": 1, "b": b"\xff"}, 1, headers=(Header("h", "x", TEXT),)),
        **{"value.converter": "IntegerConverter"},
    )
    rig.work()
    (letter,) = letters(rig)
    assert json.loads(letter.value) == {"n": 1, "b": "/w=="}
    assert letter.headers[0] == ("h", b"x")
    assert reasons(letter)["source.format"] == "json"
    assert reasons(letter)["stage"] == "VALUE_CONVERTER"


def test_the_letter_of_a_converter_holds_what_the_transformations_made() -> None:
    rig = source(record("7", 1), **TO_NUMBERS, **{"value.converter": "BooleanConverter"})
    rig.work()
    assert [letter.value for letter in letters(rig)] == [b"7"]


def test_a_record_that_kafka_refuses_is_a_letter_in_its_converters_form() -> None:
    rig = MistakeRig({"value.converter": STRING})
    rig.clients.refuse = lambda stored: (
        client_error("RecordTooLargeException", "too large") if stored.value == b"huge" else None
    )
    GivenTask.given = (record("small", 1), record("huge", 2))
    rig.start("GivenSource", **TOLERANT)
    rig.work()
    (letter,) = letters(rig)
    assert letter.value == b"huge"
    assert reasons(letter)["stage"] == "KAFKA_PRODUCE"
    assert rig.store.offsets.pairs() == [({"file": "a"}, {"line": 2})]


def test_letters_have_no_reasons_unless_asked_for() -> None:
    rig = source(
        record("one", 1),
        **TO_NUMBERS,
        **{"errors.deadletterqueue.context.headers.enable": "false"},
    )
    rig.work()
    assert [(each.value, each.headers) for each in letters(rig)] == [(b"one", [])]


def test_the_offset_of_a_source_waits_for_the_letter() -> None:
    rig = MistakeRig({"value.converter": STRING})
    waiting = rig.clients.letters = Letters(rig.kafka, "letters")
    waiting.stuck = True
    GivenTask.given = (record("one", 1), record("2", 2))
    rig.start("GivenSource", **TOLERANT, **TO_NUMBERS)
    rig.work(20)
    assert [r.value for r in rig.kafka.topic("orders")] == [b"2"]
    assert rig.store.offsets.pairs() == []
    waiting.stuck = False
    rig.work(20)
    assert len(letters(rig)) == 1
    assert rig.store.offsets.pairs() == [({"file": "a"}, {"line": 2})]


def test_a_source_fails_when_its_letter_cannot_be_written_and_commits_nothing() -> None:
    rig = MistakeRig({"value.converter": STRING})
    refusing = rig.clients.letters = Letters(rig.kafka, "letters")
    refusing.refusal = client_error("RecordTooLargeException", "(MSG_SIZE_TOO_LARGE)")
    GivenTask.given = (record("one", 1), record("2", 2))
    stop = rig.start("GivenSource", **TOLERANT, **TO_NUMBERS)
    rig.work(20)
    assert rig.failure is not None
    assert "could not be written to the dead letter queue letters" in rig.failure.trace
    assert rig.failure.event is not None
    assert rig.failure.event.hint == "letter-too-large"
    rig.hosts.send(stop)
    rig.work()
    assert rig.store.offsets.pairs() == []


def test_a_source_without_dead_letter_settings_writes_none() -> None:
    rig = MistakeRig({"value.converter": STRING})
    GivenTask.given = (record("one", 1), record("2", 2))
    rig.start("GivenSource", **{"errors.tolerance": "all"}, **TO_NUMBERS)
    rig.work()
    assert rig.clients.letters is None
    assert [r.value for r in rig.kafka.topic("orders")] == [b"2"]


@pytest.mark.parametrize("value", [object(), {1: {2}}, {("a", 1): 2}, float("nan"), 10**40])
def test_any_value_can_be_a_letter(value: Any) -> None:
    rig = source(record(value, 1, INT32), **{"value.converter": "IntegerConverter"})
    rig.work()
    assert len(letters(rig)) == 1
    assert rig.failure is None


def once(box: Letters | None = None) -> MistakeRig:
    """A source with exactly-once support, whose first record can only be a letter."""
    rig = MistakeRig({"value.converter": STRING}, exactly_once=True)
    rig.clients.letters = box
    GivenTask.given = (record("one", 1), record("2", 2))
    rig.start("GivenSource", **TOLERANT, **TO_NUMBERS)
    return rig


def visible(rig: MistakeRig) -> tuple[list[bytes | None], list[bytes | None]]:
    """Records, and the offsets that were committed with them."""
    topics = ("orders", rig.store.offsets.topic)
    records, offsets = ([each.value for each in rig.kafka.topic(topic)] for topic in topics)
    return records, offsets


def test_a_transaction_is_committed_once_its_letters_are_there() -> None:
    rig = once()
    rig.work()
    (letter,) = letters(rig)
    assert letter.value == b"one"
    assert reasons(letter)["source.offset"] == '{"line":1}'
    assert visible(rig) == ([b"2"], [b'{"line":2}'])
    assert rig.failure is None


def test_a_transaction_is_given_up_when_its_letters_do_not_arrive_in_time() -> None:
    box = Letters(MemoryKafka(), "letters")
    box.stuck = True
    rig = once(box)
    rig.work()
    assert rig.failure is not None
    assert "Dead letters did not reach Kafka in time." in rig.failure.trace
    assert visible(rig) == ([], [])


def test_a_transaction_is_given_up_when_a_letter_cannot_be_written() -> None:
    box = Letters(MemoryKafka(), "letters")
    box.refusal = client_error("TopicAuthorizationException", "not authorized")
    rig = once(box)
    rig.work()
    assert rig.failure is not None
    assert rig.failure.event is not None
    assert rig.failure.event.hint == "letters-not-allowed"
    assert visible(rig) == ([], [])


def sink(*values: bytes, stuck: bool = False, refusal: Exception | None = None) -> MistakeRig:
    rig = MistakeRig()
    box = rig.clients.letters = Letters(rig.kafka, "letters")
    box.stuck, box.refusal = stuck, refusal
    for value in values:
        rig.kafka.append("orders", value)
    rig.start("RejectSink", **TOLERANT)
    return rig


PLACE = TopicPartition("orders", 0)
GOOD = b'{"schema":{"type":"int32"},"payload":1}'


def test_the_offset_of_a_sink_waits_for_the_letter() -> None:
    rig = sink(b"hello", GOOD, stuck=True)
    rig.work(30)
    assert rig.kafka.committed == {}
    assert rig.clients.letters is not None
    rig.clients.letters.stuck = False
    rig.work(30)
    assert [letter.value for letter in letters(rig)] == [b"hello"]
    assert rig.kafka.committed == {PLACE: 2}


@pytest.mark.parametrize("value", [b"hello", b'{"schema":{"type":"string"},"payload":"bad"}'])
def test_a_sink_fails_when_its_letter_cannot_be_written_and_commits_nothing(value: bytes) -> None:
    rig = sink(value, GOOD, refusal=client_error("TopicAuthorizationException", "not authorized"))
    rig.work(30)
    assert rig.failure is not None
    assert "could not be written to the dead letter queue letters" in rig.failure.trace
    assert rig.failure.event is not None
    assert rig.failure.event.hint == "letters-not-allowed"
    assert rig.kafka.committed == {}


def test_a_dead_letter_topic_that_cannot_be_made_fails_the_task_at_its_start() -> None:
    rig = MistakeRig()
    rig.clients.letters_fail = client_error(
        "InvalidReplicationFactorException", "(INVALID_REPLICATION_FACTOR)"
    )
    rig.start("RejectSink", **TOLERANT)
    rig.work()
    assert rig.failure is not None
