"""Where the partitions of a group are to be read from: what was committed, or its reset policy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    OFFSET_INVALID,
    KafkaError,
    KafkaException,
)
from confluent_kafka import TopicPartition as Place

from penstock.kafka.errors import KafkaRetriableError, kafka_error
from penstock.sdk.record import TopicPartition

LOOKUP_SECONDS = 3.0  # a task that is asked to stop waits for it
_FOR_GOOD = frozenset(  # whatever else goes wrong, a rebalance, a coordinator or a broker follows
    (
        KafkaError._AUTHENTICATION,
        KafkaError._FATAL,
        KafkaError._INVALID_ARG,
        KafkaError._UNSUPPORTED_FEATURE,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.FENCED_INSTANCE_ID,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.INVALID_GROUP_ID,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.UNSUPPORTED_VERSION,
    )
)


class Positions:
    """Asks with the group's own consumer."""

    def __init__(self, client: Any, reset: str) -> None:
        self._client = client
        self._from_beginning = reset in ("earliest", "smallest", "beginning")

    def of(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        """Raises KafkaRetriableError, and soon, when nobody can tell now."""
        if not partitions:
            return {}
        places = [Place(topic, partition) for topic, partition in partitions]
        try:
            found = self._client.committed(places, timeout=LOOKUP_SECONDS)
            return {TopicPartition(p.topic, p.partition): self._of(p) for p in found}
        except KafkaException as error:
            raise _error_of(error.args[0]) from error

    def _of(self, place: Place) -> int:
        if place.error is not None:
            raise KafkaException(place.error)
        if place.offset not in (OFFSET_INVALID, OFFSET_BEGINNING, OFFSET_END):
            return place.offset
        low, high = self._client.get_watermark_offsets(place, timeout=LOOKUP_SECONDS)
        return low if self._from_beginning else high


def _error_of(problem: KafkaError) -> Exception:
    if problem.fatal() or problem.code() in _FOR_GOOD:
        return kafka_error(problem)
    return KafkaRetriableError(f"{problem.str()} ({problem.name()})")
