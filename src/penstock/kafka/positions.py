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

from penstock.kafka.errors import KafkaRetriableError
from penstock.kafka.retriable import error_of
from penstock.sdk.record import TopicPartition

LOOKUP_SECONDS = 3.0  # a task that is asked to stop waits for it
_MOVING = frozenset(  # partitions, groups and members; a rebalance or a coordinator follows
    (
        KafkaError._STATE,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._WAIT_CACHE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.STALE_MEMBER_EPOCH,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.UNKNOWN_TOPIC_ID,
        KafkaError.UNSTABLE_OFFSET_COMMIT,
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
    if problem.code() in _MOVING:
        return KafkaRetriableError(f"{problem.str()} ({problem.name()})")
    return error_of(problem)
