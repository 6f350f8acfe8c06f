"""Which producers tasks are given, and what becomes of them while there is nothing to send."""

from __future__ import annotations

import pytest

from penstock.kafka.producer import KafkaProducer
from penstock.kafka.producer_on_demand import ProducerOnDemand
from penstock.kafka.task_clients import KafkaDeadLetters, KafkaTaskClients
from penstock.runtime.client_settings import ClientSettings
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer

NOWHERE = {"bootstrap.servers": "127.0.0.1:1"}
IDLE = "producer.override.idle.close.ms"


def test_a_source_gets_a_producer_that_goes_when_it_is_idle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []
    init = ProducerOnDemand.__init__

    def noted(self: ProducerOnDemand, make: object, idle_seconds: float) -> None:
        given.append(idle_seconds)
        init(self, lambda: MemoryProducer(MemoryKafka()), idle_seconds)

    monkeypatch.setattr(ProducerOnDemand, "__init__", noted)
    clients = KafkaTaskClients(ClientSettings(NOWHERE | {"producer.idle.close.ms": "2000"}))
    for connector in ({}, {IDLE: "500"}, {IDLE: "0"}):
        clients.producer("c", 0, connector, tracked=False)
    assert given == [2.0, 0.5, 0.0]


def test_a_producer_with_transactions_of_its_own_is_kept() -> None:
    clients = KafkaTaskClients(ClientSettings(NOWHERE))
    wanted = {
        "producer.override.transactional.id": "mine",
        "producer.override.enable.idempotence": "true",
        "producer.override.delivery.timeout.ms": "60000",
    }
    producer = clients.producer("c", 0, wanted, tracked=False)
    assert isinstance(producer, KafkaProducer)
    producer.idle()
    assert not producer._closed  # pyright: ignore[reportPrivateUsage]
    producer.close()


def test_a_producer_of_dead_letters_is_told_when_there_are_none() -> None:
    told: list[str] = []

    class Told(MemoryProducer):
        def flush(self, seconds: float) -> int:
            told.append("flush")
            return super().flush(seconds)

        def idle(self) -> None:
            told.append("idle")

    letters = KafkaDeadLetters("letters", Told(MemoryKafka()))
    assert letters.flush(1.0) == 0
    assert told == ["flush", "idle"]
