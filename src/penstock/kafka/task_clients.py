"""The Kafka clients of tasks, made from worker and connector settings."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from penstock.kafka.connection import watched
from penstock.kafka.consumer import KafkaConsumer
from penstock.kafka.producer import KafkaProducer
from penstock.kafka.producer_on_demand import ProducerOnDemand, Proven
from penstock.kafka.properties import ClientKind, Translated, to_librdkafka
from penstock.kafka.topic_admin import KafkaTopicAdmin
from penstock.kafka.transactions import KafkaTransactions
from penstock.runtime import client_ids
from penstock.runtime.client_settings import ClientSettings, source_transactional_id
from penstock.runtime.ports import Headers, Outgoing, Producer
from penstock.runtime.topic_creation import TopicToCreate
from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)

_RECORDS_MAX = 500
_QUEUE_FULL_SECONDS = 60.0  # brokers may be away
_QUEUE_POLL_SECONDS = 0.1
_CLOSE_SECONDS = 5.0


class KafkaTaskClients:
    """Makes clients as Java Connect configures them."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._proven = Proven()

    def producer(
        self, name: str, task: int, connector: Mapping[str, str], *, tracked: bool
    ) -> Producer:
        """Made at once only where it is the first with such settings, to tell what is wrong."""
        client_id = client_ids.producer(name, task)
        return self._producer(connector, client_id, tracked=tracked)

    def _producer(self, connector: Mapping[str, str], client_id: str, *, tracked: bool) -> Producer:
        properties = self._settings.producer(connector, client_id)
        made = _translated(properties, ClientKind.PRODUCER, client_id)
        settings = _watched(made, "producer")
        if "transactional.id" in settings:
            return KafkaProducer(settings, tracked=tracked)
        producer = ProducerOnDemand(
            lambda: KafkaProducer(settings, tracked=tracked), made.ours["idle.close.ms"] / 1000
        )
        if self._proven.is_new(settings):
            producer.ready()
        return producer

    def transactional_producer(
        self, name: str, task: int, connector: Mapping[str, str], *, tracked: bool
    ) -> KafkaTransactions:
        client_id = client_ids.producer(name, task)
        group = self._settings.group_id
        if group is None:
            raise ConnectError(
                f"{name} cannot be exactly-once: its worker has no group.id, which transactional "
                "ids begin with; only distributed workers support exactly-once sources."
            )
        transactional_id = source_transactional_id(group, name, task)
        properties = self._settings.exactly_once_producer(connector, client_id, transactional_id)
        made = _translated(properties, ClientKind.PRODUCER, client_id)
        return KafkaTransactions(_watched(made, "producer"), tracked=tracked)

    def consumer(self, name: str, task: int, connector: Mapping[str, str]) -> KafkaConsumer:
        client_id = client_ids.consumer(name, task)
        properties = self._settings.consumer(name, connector, client_id)
        made = _translated(properties, ClientKind.CONSUMER, client_id)
        records = int(made.ours.get("max.poll.records", _RECORDS_MAX))
        return KafkaConsumer(_watched(made, "consumer"), records_max=records)

    def topic_admin(self, name: str, task: int, connector: Mapping[str, str]) -> KafkaTopicAdmin:
        client_id = client_ids.admin(name, task)
        properties = self._settings.admin(connector, client_id)
        made = _translated(properties, ClientKind.ADMIN, client_id)
        return KafkaTopicAdmin(watched(made.settings, _place("admin")))

    def dead_letters(
        self,
        name: str,
        task: int,
        connector: Mapping[str, str],
        topic: str,
        replication_factor: int,
    ) -> KafkaDeadLetters:
        with closing(self.topic_admin(name, task, connector)) as admin:
            _ensure_letters(admin, TopicToCreate(topic, 1, replication_factor, {}))
        client_id = client_ids.dead_letter_producer(name, task)
        return KafkaDeadLetters(topic, self._producer(connector, client_id, tracked=True))


def _ensure_letters(admin: KafkaTopicAdmin, topic: TopicToCreate) -> None:
    """Raises if there is no such topic and it cannot be made."""
    try:
        there = admin.existing([topic.name]) or admin.create(topic)
        reason = None if there else admin.refusal
    except Exception as error:
        reason = error
    if reason is not None:
        raise ConnectError(
            f"Could not initialize dead letter queue with topic={topic.name}"
        ) from reason


def _watched(made: Translated, client: str) -> dict[str, Any]:
    """Settings of a client that tells itself when its brokers are away."""
    return watched(made.settings, _place(client), reminds=False)


def _place(client: str) -> str:
    """Where the settings of a connector's client stand."""
    worker = "no prefix or admin." if client == "admin" else f"the prefix {client}."
    return (
        f"The settings meant have {worker} in the worker's file, or {client}.override. in the "
        "connector's."
    )


def _translated(properties: Mapping[str, str], kind: ClientKind, client_id: str) -> Translated:
    made = to_librdkafka(properties, kind)
    made.report(log, client_id)
    return made


class KafkaDeadLetters:
    """Writes to a dead letter topic, and remembers what could not be written."""

    def __init__(self, topic: str, producer: Producer) -> None:
        self._topic = topic
        self._producer = producer
        self._failure: Exception | None = None
        self._failures = 0

    def send(
        self, key: bytes | None, value: bytes | None, timestamp: int | None, headers: Headers
    ) -> None:
        letter = Outgoing(
            self._topic,
            [value],
            [key],
            None,
            None if timestamp is None else [timestamp],
            [headers] if headers else None,
        )
        end = time.monotonic() + _QUEUE_FULL_SECONDS
        while self._producer.send(letter, 0, self._written) == 0:
            if time.monotonic() > end:
                raise TimeoutError("The queue of the dead letter producer is full.")
            self._producer.poll(_QUEUE_POLL_SECONDS)
        self._producer.poll(0)

    def _written(self, error: object, message: object) -> None:
        if error is not None:
            reason = self._producer.error_of(error)
            log.error("A record did not reach the dead letter topic %s: %s", self._topic, reason)
            self._failure = self._failure or reason
            self._failures += 1

    @property
    def topic(self) -> str:
        return self._topic

    @property
    def failure(self) -> Exception | None:
        return self._failure or self._producer.failure

    @property
    def failures(self) -> int:
        return self._failures

    def flush(self, seconds: float) -> int:
        left = self._producer.flush(seconds)
        self._producer.idle()
        return left

    def close(self) -> None:
        self._producer.close(_CLOSE_SECONDS)

    def cancel(self) -> None:
        self._producer.cancel()
