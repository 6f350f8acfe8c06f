"""Dead letters: records of a dead letter topic, with what their headers say about the reason."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as Place

from penstock.kafka.connection import watched
from penstock.kafka.errors import kafka_error
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.runtime.dead_letters import PREFIX
from penstock.sdk.errors import ConfigError, ConnectError

POLL_SECONDS = 0.2
SILENCE_SECONDS = 30.0
BATCH_LETTERS = 500
_FORCED: dict[str, Any] = {
    "group.id": "penstock-letters",  # required by the client, never joined
    "allow.auto.create.topics": False,
    "auto.offset.reset": "error",
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    "isolation.level": "read_committed",
    "log_level": 0,
}

Headers = list[tuple[str, bytes | None]]


class Reason(msgspec.Struct, frozen=True):
    """What the headers say; everything is None in a topic without context headers."""

    topic: str | None = None
    partition: int | None = None
    offset: int | None = None
    connector: str | None = None
    task: str | None = None
    stage: str | None = None
    class_name: str | None = None
    exception: str | None = None
    message: str | None = None
    stacktrace: str | None = None
    source_partition: str | None = None  # of a source connector's record, as JSON
    source_offset: str | None = None
    source_format: str | None = None  # how key and value are encoded: converter or json


class Letter(msgspec.Struct, frozen=True):
    """A record of a dead letter topic; `headers` are its own, without those of the reason."""

    partition: int
    offset: int
    timestamp: int | None
    key: bytes | None
    value: bytes | None
    headers: Headers
    reason: Reason


def reason_of(headers: Headers) -> Reason:
    """Of several headers of one name, the last was added last."""
    known = {name.removeprefix(PREFIX): data for name, data in headers if name.startswith(PREFIX)}
    texts = {name: data.decode("utf-8", "replace") for name, data in known.items() if data}
    return Reason(
        texts.get("topic"),
        _number(texts.get("partition")),
        _number(texts.get("offset")),
        texts.get("connector.name"),
        texts.get("task.id"),
        texts.get("stage"),
        texts.get("class.name"),
        texts.get("exception.class.name"),
        texts.get("exception.message"),
        texts.get("exception.stacktrace"),
        texts.get("source.partition"),
        texts.get("source.offset"),
        texts.get("source.format"),
    )


def own_headers(headers: Headers) -> Headers:
    return [(name, data) for name, data in headers if not name.startswith(PREFIX)]


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None


@contextmanager
def refusing() -> Generator[None]:
    """What a client says when it is made is about its settings."""
    try:
        yield
    except KafkaException as error:
        raise ConfigError(f"No Kafka client has these settings: {error.args[0].str()}") from error


class LetterReader:
    """Reads parts of a topic, each record once. The properties are those of a Java client."""

    def __init__(self, java_properties: Mapping[str, str], topic: str) -> None:
        settings = to_librdkafka(java_properties, ClientKind.CONSUMER).settings
        self._topic = topic
        with refusing():
            self._client: Any = Consumer({**watched(settings), **_FORCED})

    def read(self, ranges: Mapping[int, tuple[int, int]]) -> Iterator[Letter]:
        """From each partition its offsets in the half-open range, one partition after another.

        Offsets nobody can read (removed meanwhile, markers of transactions) are passed over.
        """
        for partition, (start, end) in sorted(ranges.items()):
            if start < end:
                yield from self._partition(partition, start, end)

    def _partition(self, partition: int, start: int, end: int) -> Iterator[Letter]:
        self._client.assign([Place(self._topic, partition, start)])
        heard = time.monotonic()
        while True:
            messages: Sequence[Any] = self._client.consume(BATCH_LETTERS, POLL_SECONDS)
            if not messages and time.monotonic() - heard > SILENCE_SECONDS:
                raise ConnectError(
                    f"Partition {partition} of topic {self._topic} could not be read to offset "
                    f"{end}: nothing came for {SILENCE_SECONDS:.0f} s; check the connection to "
                    "Kafka"
                )
            for message in messages:
                problem = message.error()
                if problem is not None and problem.code() != KafkaError._PARTITION_EOF:
                    raise kafka_error(problem)
                if problem is None and message.offset() < end:
                    yield _letter(message)
                if message.offset() >= end - (problem is None):
                    return
            if messages:
                heard = time.monotonic()  # after all was taken, which may have needed its time

    def close(self) -> None:
        self._client.close()


def _letter(message: Any) -> Letter:
    kind, stamp = message.timestamp()
    headers: Headers = message.headers() or []
    return Letter(
        message.partition(),
        message.offset(),
        stamp if kind else None,
        message.key(),
        message.value(),
        own_headers(headers),
        reason_of(headers),
    )
