"""Producers that wait for a first record."""

from __future__ import annotations

import pytest

from penstock.kafka.late_producer import LateProducer, Proven
from penstock.runtime.ports import Outgoing
from penstock.sdk.errors import ConnectError
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer

ONE = Outgoing("topic", [b"value"])


class Making:
    """Counts how often a producer is made."""

    def __init__(self) -> None:
        self.kafka = MemoryKafka()
        self.made: list[MemoryProducer] = []

    def __call__(self) -> MemoryProducer:
        self.made.append(MemoryProducer(self.kafka))
        return self.made[-1]


def test_nothing_is_made_before_there_is_something_to_send() -> None:
    making = Making()
    producer = LateProducer(making)
    producer.poll()
    assert producer.flush(1) == 0
    assert producer.failure is None
    producer.close(1)
    assert making.made == []


def test_the_first_record_makes_a_producer_and_the_second_finds_it() -> None:
    making = Making()
    producer = LateProducer(making)
    assert producer.send(ONE) == 1
    assert producer.send(ONE) == 1
    assert producer.flush(1) == 0
    assert len(making.made) == 1
    assert [stored.value for stored in making.kafka.topic("topic")] == [b"value"] * 2


@pytest.mark.parametrize("end", [LateProducer.close, LateProducer.cancel])
def test_after_its_end_none_is_made_any_more(end: object) -> None:
    making = Making()
    producer = LateProducer(making)
    assert callable(end)
    end(producer)
    with pytest.raises(ConnectError):
        producer.send(ONE)
    assert making.made == []


def test_settings_are_new_once_whoever_they_are_for() -> None:
    proven = Proven()
    assert proven.is_new({"client.id": "a", "acks": "all", "error_cb": print})
    assert not proven.is_new({"client.id": "b", "acks": "all", "error_cb": repr})
    assert proven.is_new({"client.id": "a", "acks": "1"})
