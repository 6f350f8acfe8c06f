"""Sends dead letters to where they can be tried again, and knows which ones arrived."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from penstock.kafka.connection import watched
from penstock.kafka.errors import kafka_error
from penstock.kafka.letters import Letter, refusing
from penstock.kafka.properties import ClientKind, to_librdkafka

POLL_SECONDS = 0.2
_FORCED: dict[str, Any] = {"acks": "all", "enable.idempotence": True, "log_level": 0}


def producer_settings(java_properties: Mapping[str, str]) -> dict[str, Any]:
    """Whatever the properties say, all replicas acknowledge, and what is tried again is there
    once."""
    given = {name: text for name, text in java_properties.items() if name != "transactional.id"}
    given |= {"acks": "all", "enable.idempotence": "true"}
    settings = to_librdkafka(given, ClientKind.PRODUCER).settings
    return {**watched(settings), **_FORCED}


class LetterSender:
    """A producer whose every letter is acknowledged by all replicas or refused.

    `on_arrival` hears of each acknowledged letter, inside `send` and `finish`. After the first
    refusal nothing more is sent.
    """

    def __init__(
        self, java_properties: Mapping[str, str], on_arrival: Callable[[Letter], None]
    ) -> None:
        with refusing():
            self._client: Any = Producer(producer_settings(java_properties))
        self._on_arrival = on_arrival
        self._last: dict[int, int] = {}
        self._open: dict[tuple[int, int], Letter] = {}
        self._refused: list[Letter] = []
        self._failure: Exception | None = None

    def send(self, letter: Letter, topic: str, partition: int | None) -> bool:
        """False when there was a refusal and it makes no sense to go on.

        Letters come as they are read, in the order of their offsets: one that comes again is not
        sent again.
        """
        if letter.offset <= self._last.get(letter.partition, -1):
            return True
        while self._failure is None and not self._produced(letter, topic, partition):
            self._client.poll(POLL_SECONDS)
        self._last[letter.partition] = letter.offset
        self._client.poll(0)
        return self._failure is None

    def finish(self) -> None:
        """Wait for what is open, at most delivery.timeout.ms. Raises the first refusal."""
        while self._open:
            self._client.poll(POLL_SECONDS)
        if self._failure is not None:
            raise self._failure

    @property
    def unconfirmed(self) -> list[Letter]:
        """Letters that were refused, or given to the client and not acknowledged yet."""
        return [*self._refused, *self._open.values()]

    def close(self) -> None:
        """What is still open is given up."""
        self._client.purge()
        self._client.flush(POLL_SECONDS)
        self._client.close()

    def _produced(self, letter: Letter, topic: str, partition: int | None) -> bool:
        """False while the queue is full."""
        place = (letter.partition, letter.offset)

        def told(problem: KafkaError | None, message: object) -> None:
            self._settle(self._open.pop(place), problem)

        try:
            self._client.produce(
                topic,
                letter.value,
                letter.key,
                partition=-1 if partition is None else partition,
                timestamp=letter.timestamp or 0,
                headers=letter.headers,
                on_delivery=told,
            )
        except BufferError:
            return False
        except KafkaException as error:
            self._settle(letter, error.args[0])
        else:
            self._open[place] = letter
        return True

    def _settle(self, letter: Letter, problem: KafkaError | None) -> None:
        if problem is None:
            self._on_arrival(letter)
            return
        self._refused.append(letter)
        self._failure = self._failure or kafka_error(problem)
