"""Follows a topic from its beginning with a plain client: for the demo and for looking around."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from penstock.sdk.errors import ConnectError


class TopicReader:
    """Reads every record of a topic, outside any consumer group."""

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self._topic = topic
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": "penstock-reader",  # required by the client, never joined
                "enable.auto.commit": False,
                "allow.auto.create.topics": False,
                "log_level": 2,
            }
        )

    def wait_for_topic(self, seconds: float) -> None:
        """Start at the beginning once the topic exists. Raises `ConnectError` if it never does."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = self._consumer.list_topics(self._topic, 5).topics[self._topic]
            if found.error is None and found.partitions:
                places = [TopicPartition(self._topic, number, 0) for number in found.partitions]
                self._consumer.assign(places)
                return
            time.sleep(0.1)
        raise ConnectError(f"The topic {self._topic} did not appear within {seconds:.0f} s.")

    def read(self, records: int, seconds: float) -> list[tuple[bytes | None, bytes | None]]:
        """Key and value of the next records; fewer when the time is over."""
        found: list[tuple[bytes | None, bytes | None]] = []
        deadline = time.monotonic() + seconds
        while len(found) < records and (left := deadline - time.monotonic()) > 0:
            for message in self._consumer.consume(records - len(found), min(left, 0.2)):
                if message.error() is None:
                    key, value = message.key(), message.value()
                    found.append((_bytes(key), _bytes(value)))
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._consumer.close()


def _bytes(data: str | bytes | None) -> bytes | None:
    return data.encode() if isinstance(data, str) else data
