"""Where partitions are read from, asked of a pretended client."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Place

from penstock.kafka.errors import KafkaClientError, KafkaRetriableError
from penstock.kafka.positions import LOOKUP_SECONDS, Positions
from penstock.sdk.record import TopicPartition

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)


class Client:
    """Partition 0 was committed at 7, others never; each begins at 3 and ends at 9."""

    def __init__(self, error: KafkaError | None = None) -> None:
        self.error = error
        self.longest = 0.0

    def committed(self, places: list[Place], timeout: float) -> list[Place]:
        self.longest = max(self.longest, timeout)
        if self.error is not None:
            raise KafkaException(self.error)
        return [Place(p.topic, p.partition, OFFSET_INVALID if p.partition else 7) for p in places]

    def get_watermark_offsets(self, place: Place, timeout: float) -> tuple[int, int]:
        self.longest = max(self.longest, timeout)
        return 3, 9


@pytest.mark.parametrize(("reset", "first"), [("earliest", 3), ("latest", 9)])
def test_partitions_go_on_after_the_last_commit_or_as_the_reset_says(
    reset: str, first: int
) -> None:
    client = Client()
    assert Positions(client, reset).of([T0, T1]) == {T0: 7, T1: first}
    assert client.longest == LOOKUP_SECONDS


def test_nobody_is_asked_about_no_partitions() -> None:
    client: Any = None
    assert Positions(client, "earliest").of([]) == {}


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._DESTROY_BROKER,
        KafkaError._WAIT_COORD,
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_MEMBER_ID,
    ],
)
def test_errors_of_brokers_that_come_and_go_are_tried_again(code: int) -> None:
    with pytest.raises(KafkaRetriableError):
        Positions(Client(KafkaError(code)), "earliest").of([T0])


@pytest.mark.parametrize(
    "error",
    [
        KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED),
        KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED),
        KafkaError(KafkaError._AUTHENTICATION),
        KafkaError(KafkaError._TRANSPORT, "over", fatal=True),
    ],
)
def test_refusals_are_for_good(error: KafkaError) -> None:
    with pytest.raises(KafkaClientError):
        Positions(Client(error), "earliest").of([T0])
