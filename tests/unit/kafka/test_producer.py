"""Handing batches over to librdkafka, which needs no broker for that."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from confluent_kafka import KafkaError

from penstock.kafka.producer import KafkaProducer
from penstock.kafka.producer_on_demand import ProducerOnDemand
from penstock.runtime.ports import BatchRefusedError, Outgoing

NOWHERE: dict[str, Any] = {"bootstrap.servers": "127.0.0.1:1", "log_level": 0}
VALUES = [b"a", None, b"c"]


class Client:
    """Notes how `produce` is called, by the names that the real one has."""

    def __init__(self) -> None:
        self.produced: list[dict[str, Any]] = []

    def produce(
        self,
        topic: str,
        value: Any = None,
        key: Any = None,
        partition: int = -1,
        callback: Any = None,
        on_delivery: Any = None,
        timestamp: int = 0,
        headers: Any = (),
    ) -> None:
        assert callback is None or on_delivery is None
        self.produced.append(
            {
                "topic": topic,
                "value": value,
                "key": key,
                "partition": partition,
                "told": callback or on_delivery,
                "timestamp": timestamp,
                "headers": list(headers),
            }
        )


def produced(outgoing: Outgoing, start: int, told: Any = None) -> list[dict[str, Any]]:
    producer = KafkaProducer(NOWHERE, tracked=True)
    producer.close()
    producer._closed = False  # pyright: ignore[reportPrivateUsage]
    client = Client()
    producer._client = client  # type: ignore[assignment]
    assert producer.send(outgoing, start, told) == len(outgoing) - start
    return client.produced


def tell(error: Any, message: Any) -> None: ...


@pytest.mark.parametrize("given", list(product((False, True), repeat=5)))
def test_each_record_gets_what_its_columns_say(given: tuple[bool, ...]) -> None:
    keys, partitions, timestamps, headers, told = (
        column if wanted else None
        for wanted, column in zip(
            given,
            (
                [b"k", None, b"l"],
                [3, None, 5],
                [1000, None, 3000],
                [[("h", b"1")], None, [("h", None)]],
                [tell, None, tell],
            ),
            strict=True,
        )
    )
    outgoing = Outgoing("t", VALUES, keys, partitions, timestamps, headers)  # type: ignore[arg-type]

    def at(column: Any, index: int, otherwise: Any = None) -> Any:
        return otherwise if column is None or column[index] is None else column[index]

    for start in (0, 1):
        assert produced(outgoing, start, told) == [
            {
                "topic": "t",
                "value": VALUES[i],
                "key": at(keys, i),
                "partition": at(partitions, i, -1),
                "told": at(told, i),
                "timestamp": at(timestamps, i, 0),
                "headers": at(headers, i, []),
            }
            for i in range(start, 3)
        ]


def test_one_callback_is_that_of_all_records() -> None:
    assert [call["told"] for call in produced(Outgoing("t", VALUES), 0, tell)] == [tell] * 3


def test_a_full_queue_takes_what_fits_and_goes_on_there() -> None:
    producer = KafkaProducer(NOWHERE | {"queue.buffering.max.messages": 2}, tracked=False)
    outgoing = Outgoing("t", [b"a", b"b", b"c", b"d", b"e"])
    assert producer.send(outgoing) == 2
    assert producer.send(outgoing, 2) == 0
    producer._client.purge()  # pyright: ignore[reportPrivateUsage]
    producer.poll(0)
    assert producer.send(outgoing, 2) == 2
    producer.close()


def test_a_record_that_is_refused_is_told_and_the_others_are_taken() -> None:
    producer = KafkaProducer(NOWHERE | {"message.max.bytes": 1000}, tracked=True)
    values = [b"a", b"x" * 2000, b"c"]
    each: list[list[Any]] = [[], [], []]

    def teller(told: list[Any]) -> Any:
        return lambda error, message: told.append((error.name(), message.value()))

    assert producer.send(Outgoing("t", values), 0, list(map(teller, each))) == 3
    assert each == [[], [("MSG_SIZE_TOO_LARGE", values[1])], []]
    producer._client.purge()  # pyright: ignore[reportPrivateUsage]
    producer.poll(0)
    assert each[2] == [("_PURGE_QUEUE", b"c")]
    producer.close()


def test_without_callbacks_a_refused_record_is_the_failure_of_the_producer() -> None:
    producer = KafkaProducer(NOWHERE | {"message.max.bytes": 1000}, tracked=False)
    assert producer.send(Outgoing("t", [b"a", b"x" * 2000])) == 2
    assert "large" in str(producer.failure)
    producer.close()


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 keys, partitions or the like for 3"):
        Outgoing("t", VALUES, keys=[b"k"])


class Sent:
    """A record the client has given up, in the place of its message."""

    def __init__(self, size: int) -> None:
        self._value = b"x" * size

    def topic(self) -> str:
        return "t"

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return self._value


@pytest.mark.parametrize(
    ("settings", "size", "whole_batch"),
    [
        ({}, 500, True),
        ({}, 999_998, True),
        ({}, 999_999, False),
        ({"batch.size": 501}, 499, True),
        ({"batch.size": 501}, 500, False),
        ({"batch.num.messages": 1}, 500, False),
    ],
)
def test_a_record_that_was_perhaps_not_alone_is_told_from_one_that_is_too_large(
    settings: dict[str, Any], size: int, whole_batch: bool
) -> None:
    producer = KafkaProducer(NOWHERE | settings, tracked=True)
    message: Any = Sent(size)
    told = producer.error_of(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), message)
    assert isinstance(told, BatchRefusedError) == whole_batch
    assert "(MSG_SIZE_TOO_LARGE)" in str(told)
    assert ("producer.override.batch.size" in str(told)) == whole_batch
    other = producer.error_of(KafkaError(KafkaError.TOPIC_EXCEPTION), message)
    assert not isinstance(other, BatchRefusedError)
    producer.close()


def test_a_record_that_the_client_refuses_is_too_large_by_itself() -> None:
    producer = KafkaProducer(NOWHERE | {"message.max.bytes": 1000}, tracked=True)
    told: list[Exception] = []
    outgoing = Outgoing("t", [b"x" * 2000])
    producer.send(
        outgoing, 0, lambda error, message: told.append(producer.error_of(error, message))
    )
    assert [type(error).__name__ for error in told] == ["RecordTooLargeException"]
    producer.close()


def test_a_producer_made_late_tells_of_batches_too() -> None:
    late = ProducerOnDemand(lambda: KafkaProducer(NOWHERE, tracked=True))
    late.send(Outgoing("t", [b"a"]), 0, tell)
    message: Any = Sent(500)
    refused = late.error_of(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), message)
    assert isinstance(refused, BatchRefusedError)
    late.close()


@pytest.fixture
def silent() -> Iterator[KafkaProducer]:
    """A producer whose broker says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        producer = KafkaProducer({"bootstrap.servers": address}, tracked=False)
        yield producer
        producer.close()


def test_a_producer_is_at_rest_when_all_it_was_given_is_answered(silent: KafkaProducer) -> None:
    silent.poll(0)
    assert silent.at_rest
    told: list[Any] = []
    silent.send(Outgoing("t", [b"a"]), 0, lambda error, message: told.append(error))
    assert not silent.at_rest
    silent._client.purge()  # pyright: ignore[reportPrivateUsage]
    assert not silent.at_rest  # an answer that was not told yet
    silent.poll(0)
    assert len(told) == 1
    assert silent.at_rest


def test_a_producer_that_failed_is_not_at_rest(silent: KafkaProducer) -> None:
    silent.send(Outgoing("t", [b"a"]))
    silent._client.purge()  # pyright: ignore[reportPrivateUsage]
    silent.poll(0)
    assert silent.unanswered == 0
    assert not silent.at_rest


def test_a_producer_whose_brokers_are_away_is_not_at_rest() -> None:
    producer = KafkaProducer({"bootstrap.servers": "127.0.0.1:1"}, tracked=True)
    end = time.monotonic() + 60
    while producer.at_rest or producer.unanswered:
        assert time.monotonic() < end
        producer.poll(0.01)
    assert not producer.at_rest
    producer.close()
