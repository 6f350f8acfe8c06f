"""How a consumer asks its client for records."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import Message

from penstock.kafka import consumer
from penstock.kafka.consumer import KafkaConsumer


class Client:
    """Has what is `here` at once; what is to come `later` comes during a wait."""

    def __init__(self) -> None:
        self.here: list[Message] = []
        self.later: list[Message] = []
        self.asked: list[tuple[int, float]] = []

    def consume(self, records: int, seconds: float) -> list[Message]:
        self.asked.append((records, seconds))
        if seconds and not self.here:
            self.here, self.later = self.later, []
        taken, self.here = self.here[:records], self.here[records:]
        return taken


def messages(start: int, end: int) -> list[Message]:
    made: Any = Message  # its own annotations leave the arguments out
    return [made(topic="t", partition=0, offset=offset) for offset in range(start, end)]


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client()
    monkeypatch.setattr(consumer, "Consumer", lambda settings: made)
    return made


def test_what_is_here_is_taken_without_a_wait(client: Client) -> None:
    reader = KafkaConsumer({}, records_max=3)
    client.here = messages(0, 5)
    assert reader.consume(1.0).offsets() == [0, 1, 2]
    assert reader.consume(1.0).offsets() == [3, 4]
    assert client.asked == [(3, 0), (3, 0)]


def test_a_quiet_topic_costs_one_call_per_wait(client: Client) -> None:
    reader = KafkaConsumer({}, records_max=3)
    for _ in range(3):
        assert len(reader.consume(1.0)) == 0
    assert client.asked == [(3, 0), (1, 1.0), (1, 1.0), (1, 1.0)]


def test_records_that_end_a_wait_come_together_up_to_the_limit(client: Client) -> None:
    reader = KafkaConsumer({}, records_max=3)
    reader.consume(1.0)
    client.later = messages(0, 4)
    assert reader.consume(1.0).offsets() == [0, 1, 2]
    assert reader.consume(1.0).offsets() == [3]
    assert client.here == client.later == []


def test_a_look_without_a_wait_finds_what_came_since_a_quiet_one(client: Client) -> None:
    reader = KafkaConsumer({}, records_max=3)
    reader.consume(1.0)
    client.here = messages(0, 1)
    assert reader.consume(0.0).offsets() == [0]
