"""The runtime's producer, on librdkafka."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from penstock.kafka.errors import kafka_error
from penstock.runtime.ports import Headers, OnDelivery, Outgoing

_CONDITIONAL = {"delivery.report.only.error": True}
_RECORD_REFUSED = frozenset(
    (
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.TOPIC_EXCEPTION,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
    )
)


class Refused:
    """A record the client would not even queue, in the place of a delivered message."""

    __slots__ = ("_key", "_topic", "_value")

    def __init__(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        self._topic = topic
        self._key = key
        self._value = value

    def topic(self) -> str:
        return self._topic

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value


class KafkaProducer:
    """Sends batches. With `tracked`, every delivery is told; without, errors only.

    `settings` are librdkafka's. All calls but `cancel` come from one thread.
    """

    def __init__(self, settings: Mapping[str, Any], *, tracked: bool) -> None:
        extra: dict[str, Any] = {} if tracked else {**_CONDITIONAL, "on_delivery": self._delivered}
        self._client = Producer({**settings, **extra})
        self._closed = False
        self._released = False
        self._lock = threading.Lock()  # `cancel` and `close` exclude each other
        self._failure: Exception | None = None

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        taken = 0
        while True:
            if self._closed:
                raise kafka_error(KafkaError(KafkaError._STATE))
            taken += self._send(outgoing, start + taken, on_delivery)
            at = start + taken
            if at >= len(outgoing) or not self._refused(outgoing, at, on_delivery):
                return taken
            taken += 1

    def _send(
        self, outgoing: Outgoing, start: int, on_delivery: OnDelivery | Sequence[OnDelivery] | None
    ) -> int:
        """Send until the queue is full or a record is refused (`_error` says which)."""
        self._error: KafkaError | None = None
        sent = 0
        produce, topic = self._client.produce, outgoing.topic
        one = on_delivery if callable(on_delivery) else None
        values = outgoing.values[start:] if start else outgoing.values
        try:
            if outgoing.headers or outgoing.timestamps or one is not on_delivery:
                for sent, arguments in enumerate(_rows(outgoing, start, on_delivery)):  # noqa: B007
                    produce(topic, *arguments)
            elif outgoing.keys is None and outgoing.partitions is None and on_delivery is None:
                for sent, value in enumerate(values):  # noqa: B007
                    produce(topic, value)
            elif outgoing.partitions is None and on_delivery is None:
                keys = outgoing.keys or ()
                for sent, (value, key) in enumerate(zip(values, keys[start:], strict=True)):  # noqa: B007
                    produce(topic, value, key)
            else:
                for sent, (value, key, at) in enumerate(_keyed(outgoing, start)):  # noqa: B007
                    produce(topic, value, key, at, one)
        except BufferError:
            return sent
        except KafkaException as error:
            self._error = error.args[0]
            return sent
        return len(values)

    def _refused(
        self, outgoing: Outgoing, at: int, on_delivery: OnDelivery | Sequence[OnDelivery] | None
    ) -> bool:
        """Tell of the record at `at`; False if it was not refused, but the queue is full."""
        error = self._error
        if error is None:
            return False
        if error.code() not in _RECORD_REFUSED:
            raise kafka_error(error)
        key = None if outgoing.keys is None else outgoing.keys[at]
        message = Refused(outgoing.topic, key, outgoing.values[at])
        if on_delivery is None:
            self._delivered(error, message)
        elif callable(on_delivery):
            on_delivery(error, message)
        else:
            on_delivery[at](error, message)
        return True

    def _delivered(self, error: KafkaError | None, message: object) -> None:
        if error is not None and self._failure is None:
            self._failure = kafka_error(error)

    def poll(self, seconds: float = 0.0) -> None:
        if not self._closed:
            self._client.poll(seconds)

    def flush(self, seconds: float) -> int:
        return 0 if self._closed else self._client.flush(seconds)

    @property
    def failure(self) -> Exception | None:
        return self._failure

    def error_of(self, reason: Any) -> Exception:
        return kafka_error(reason)

    def close(self, seconds: float = 0.0) -> None:
        with self._lock:
            if seconds > 0 and not self._closed:
                self._client.flush(seconds)
            self._closed = True
            if not self._released:
                self._released = True
                self._client.purge()
                self._client.close()

    def cancel(self) -> None:
        """The client is not released here: its thread may be inside it."""
        with self._lock:
            self._closed = True
            if not self._released:
                self._client.purge()


def _keyed(outgoing: Outgoing, start: int) -> Any:
    size = len(outgoing) - start
    keys = outgoing.keys[start:] if outgoing.keys is not None else [None] * size
    return zip(outgoing.values[start:], keys, _partitions(outgoing, start, size), strict=True)


def _partitions(outgoing: Outgoing, start: int, size: int) -> Sequence[int]:
    if outgoing.partitions is None:
        return [-1] * size
    return [-1 if at is None else at for at in outgoing.partitions[start:]]


def _rows(
    outgoing: Outgoing, start: int, on_delivery: OnDelivery | Sequence[OnDelivery] | None
) -> Any:
    """Arguments of `produce` after the topic; those at the end only where there are any."""
    size = len(outgoing) - start
    keys = outgoing.keys[start:] if outgoing.keys is not None else [None] * size
    if on_delivery is None or callable(on_delivery):
        callbacks: Sequence[OnDelivery | None] = [on_delivery] * size
    else:
        callbacks = on_delivery[start:]
    columns: list[Sequence[Any]] = [
        outgoing.values[start:],
        keys,
        _partitions(outgoing, start, size),
        callbacks,
    ]
    if outgoing.timestamps is not None or outgoing.headers is not None:
        stamps: Sequence[int | None] = outgoing.timestamps or [None] * len(outgoing)
        columns += [[None] * size, [stamp or 0 for stamp in stamps[start:]]]
    if outgoing.headers is not None:
        empty: Headers = []
        columns.append([headers or empty for headers in outgoing.headers[start:]])
    return zip(*columns, strict=True)
