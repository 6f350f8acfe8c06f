"""The runtime's producer, on librdkafka."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat
from operator import length_hint
from typing import Any, cast

from confluent_kafka import KafkaError, KafkaException, Producer

from penstock.kafka.client_log import ClientLog
from penstock.kafka.errors import kafka_error
from penstock.runtime.ports import BatchRefusedError, Delivered, OnDelivery, Outgoing

_BATCH_BYTES = 1_000_000  # the client's default
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
        if heard := settings.get("error_cb"):
            extra["error_cb"] = self._noting(heard)
        self._trouble = ClientLog(str(settings.get("client.id", "producer")))
        self._wrong: Exception | None = None  # with the connection, for good
        self._waiting = 0
        self._client = Producer({**settings, **extra, "logger": self._trouble})
        self._closed = False
        self._released = False
        self._lock = threading.Lock()  # `cancel` and `close` exclude each other
        self._failure: Exception | None = None
        self._batch_bytes = int(settings.get("batch.size", _BATCH_BYTES))
        self._batch_records = int(settings.get("batch.num.messages", 0))

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
        produce, topic = self._client.produce, outgoing.topic
        values = list(outgoing.values[start:])
        left = iter(values)
        arguments = _arguments(outgoing, start, on_delivery)
        try:
            # without a step of Python per record, which would cost a third of `produce` itself
            deque(map(produce, repeat(topic), left, *arguments), maxlen=0)
        except BufferError:
            pass
        except KafkaException as error:
            self._error = error.args[0]
        else:
            return len(values)
        return len(values) - length_hint(left) - 1  # of a list's iterator, it is the length

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

    def _delivered(self, error: KafkaError | None, message: Any) -> None:
        if error is not None and self._failure is None:
            self._failure = self.error_of(error, message)

    def _noting(self, heard: Callable[[KafkaError], None]) -> Callable[[KafkaError], None]:
        """What `heard` raises is kept: in the midst of `flush`, nobody would get to see it."""

        def note(error: KafkaError) -> None:
            try:
                heard(error)
            except Exception as wrong:
                self._wrong = self._wrong or wrong

        return note

    def _served(self, serve: Callable[[float], int], seconds: float) -> None:
        """Let the client call back. It is the client that raises errors that are fatal to it."""
        try:
            serve(seconds)
        except (KafkaException, SystemError) as error:
            raised = error.__cause__ if isinstance(error, SystemError) else error
            known = isinstance(raised, KafkaException)  # else a callback in between has cost it
            reason = raised.args[0] if known else KafkaError(KafkaError._FATAL)
            self._failure = self._failure or self.error_of(reason)

    def poll(self, seconds: float = 0.0) -> None:
        if not self._closed:
            self._served(self._client.poll, seconds)
            if self._wrong is not None:
                raise self._wrong
            if self._trouble.in_trouble:
                self._hear()

    def _hear(self) -> None:
        """Fewer records that wait: Kafka took some."""
        before, self._waiting = self._waiting, len(self._client)
        self._trouble.heard_from(answered=self._waiting < before)

    def flush(self, seconds: float) -> int:
        if self._closed:
            return 0
        before = len(self._client)
        self._served(self._client.flush, seconds)
        self._waiting = left = len(self._client)
        if left == 0 and self._trouble.in_trouble:
            self._trouble.heard_from(answered=before > 0)
        return left

    @property
    def unanswered(self) -> int:
        return 0 if self._closed else len(self._client)

    def idle(self) -> None:
        """It is kept: whoever made it knows whether it can be made again."""

    @property
    def at_rest(self) -> bool:
        if self._closed or self._trouble.in_trouble or self.failure is not None:
            return False
        return len(self._client) == 0

    @property
    def failure(self) -> Exception | None:
        return self._failure or self._wrong

    def error_of(self, reason: Any, message: Delivered | None = None) -> Exception:
        """Kafka refuses batches for their size, of which only one record may be too large."""
        too_large = reason.code() == KafkaError.MSG_SIZE_TOO_LARGE
        if too_large and message is not None and not self._alone(message):
            return BatchRefusedError(
                f"Topic {message.topic()} takes no batches of up to {self._batch_bytes} bytes, as "
                f"they are sent: {reason.str()} ({reason.name()}). Set "
                "producer.override.batch.size below the topic's max.message.bytes."
            )
        return kafka_error(reason)

    def _alone(self, message: Delivered | Refused) -> bool:
        """Whether the record certainly was the only one of its batch."""
        if isinstance(message, Refused) or self._batch_records == 1:
            return True
        size = len(message.value() or b"") + len(message.key() or b"")
        return size >= self._batch_bytes  # the client adds it to no other and no other to it

    def close(self, seconds: float = 0.0) -> None:
        with self._lock:
            if seconds > 0 and not self._closed:
                self._served(self._client.flush, seconds)
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


def _arguments(
    outgoing: Outgoing,
    start: int,
    on_delivery: OnDelivery | Sequence[OnDelivery] | None,
) -> list[Iterable[Any]]:
    """What `produce` takes after topic and value, by position: keywords cost twice as much.

    Without the arguments at the end that no record has.
    """
    keys, partitions = outgoing.keys, outgoing.partitions
    stamps, headers = outgoing.timestamps, outgoing.headers
    columns: list[Iterable[Any]] = [
        repeat(None) if keys is None else keys[start:],
        repeat(-1) if partitions is None else _numbers(partitions[start:], -1),
        on_delivery[start:] if isinstance(on_delivery, Sequence) else repeat(on_delivery),
        repeat(None),  # a second name of the callback
        repeat(0) if stamps is None else _numbers(stamps[start:], 0),
        () if headers is None else [found or [] for found in headers[start:]],
    ]
    if headers is not None:
        return columns
    if stamps is not None:
        return columns[:5]
    given = [keys is not None, partitions is not None, on_delivery is not None]
    return columns[: max((i + 1 for i in range(3) if given[i]), default=0)]


def _numbers(column: Sequence[int | None], otherwise: int) -> Iterable[int]:
    if None not in column:
        return cast("Sequence[int]", column)
    return [otherwise if number is None else number for number in column]
