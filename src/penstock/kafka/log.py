"""A compacted topic as a log that is read from its beginning and then followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from penstock.cluster.logs import Entry, LogRecord, OnSent
from penstock.kafka.admin import KafkaAdmin


class KafkaLog:
    """A `Log` on librdkafka; the properties are Java's. Calls come from any thread.

    `prepare` is called first in `start`, and sees to it that the topic exists.
    """

    def __init__(
        self,
        producer_properties: Mapping[str, str],
        consumer_properties: Mapping[str, str],
        topic: str,
        admin: KafkaAdmin,
        *,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        raise NotImplementedError

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def read_to_end(self, timeout_ms: int) -> None:
        raise NotImplementedError

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        raise NotImplementedError

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        raise NotImplementedError
