"""Dead letters: what their headers say, and that each is sent once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.kafka.errors import KafkaClientError
from penstock.kafka.letter_sender import LetterSender, producer_settings
from penstock.kafka.letters import Headers, Letter, LetterReader, Reason, own_headers, reason_of
from penstock.runtime.dead_letters import PREFIX
from penstock.sdk.errors import ConfigError

NOWHERE = {"bootstrap.servers": "127.0.0.1:1"}
NAMES = st.text().filter(lambda name: not name.startswith(PREFIX))
DATA = st.none() | st.binary()


def letter(offset: int, value: bytes = b"v", partition: int = 0) -> Letter:
    return Letter(partition, offset, None, None, value, [], Reason())


@pytest.fixture
def sender() -> Iterator[LetterSender]:
    made = LetterSender(NOWHERE, lambda letter: None)
    yield made
    made.close()


@given(
    st.lists(st.tuples(NAMES, DATA)),
    st.lists(st.tuples(st.text().map(PREFIX.__add__), DATA)),
)
def test_own_headers_are_those_that_do_not_tell_the_reason(own: Headers, reason: Headers):
    assert own_headers([*reason, *own]) == own
    reason_of([*own, *reason])  # whatever somebody writes into them


def test_the_reason_is_read_from_the_headers_added_last():
    texts = {
        "topic": "orders",
        "partition": "3",
        "offset": "41",
        "connector.name": "sink",
        "task.id": "1",
        "stage": "TASK_PUT",
        "class.name": "c.Sink",
        "exception.class.name": "java.lang.RuntimeException",
        "exception.message": "no",
        "exception.stacktrace": "at …",
    }
    headers: Headers = [(PREFIX + name, text.encode()) for name, text in texts.items()]
    older: Headers = [(PREFIX + "topic", b"before"), (PREFIX + "stage", b"TRANSFORMATION")]
    assert reason_of(older + headers) == Reason(
        "orders",
        3,
        41,
        "sink",
        "1",
        "TASK_PUT",
        "c.Sink",
        "java.lang.RuntimeException",
        "no",
        "at …",
    )


@pytest.mark.parametrize("data", [None, b"", b"x", b"-1", "²".encode(), b"\xff"])
def test_a_number_that_is_none_is_not_known(data: bytes | None):
    assert reason_of([(PREFIX + "partition", data)]) == Reason()


def test_a_letter_that_comes_again_is_not_sent_again(sender: LetterSender):
    again = [letter(3), letter(3), letter(2), letter(4), letter(3, partition=1)]
    assert all(sender.send(each, "t", None) for each in again)
    places = [(each.partition, each.offset) for each in sender.unconfirmed]
    assert places == [(0, 3), (0, 4), (1, 3)]
    assert len(sender._client) == len(places)


def test_a_refused_letter_ends_the_sending(sender: LetterSender):
    assert not sender.send(letter(1, b"x" * 2_000_000), "t", None)
    assert not sender.send(letter(2), "t", None)
    assert [each.offset for each in sender.unconfirmed] == [1]
    with pytest.raises(KafkaClientError, match="MSG_SIZE_TOO_LARGE"):
        sender.finish()


def test_acknowledgement_by_all_replicas_cannot_be_turned_off():
    weak = {"acks": "0", "enable.idempotence": "false", "transactional.id": "worker"}
    settings = producer_settings(NOWHERE | weak)
    assert (settings["acks"], settings["enable.idempotence"]) == ("all", True)
    assert "transactional.id" not in settings


def test_settings_that_no_client_takes_are_one_sentence():
    with pytest.raises(ConfigError, match=r"socket\.timeout\.ms"):
        LetterReader(NOWHERE | {"socket.timeout.ms": "soon"}, "t")
