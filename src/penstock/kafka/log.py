"""A compacted topic as a log that is read from its beginning and then followed."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from typing import TypeVar

from penstock.cluster.logs import Entry, LogRecord, OnSent
from penstock.kafka.admin import KafkaAdmin
from penstock.kafka.log_reader import LogReader
from penstock.kafka.log_sender import LogSender
from penstock.kafka.properties import ClientKind, Translated, to_librdkafka
from penstock.kafka.retriable import is_retriable
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import TopicPartition

T = TypeVar("T")

_log = logging.getLogger(__name__)

METADATA_SECONDS = 30.0
FIRST_READ_SECONDS = 15 * 60.0
_ATTEMPT_SECONDS = 5.0
_PATIENCE_SECONDS = 15.0  # longer than most transactions of a writer that is gone
_ASK_AGAIN_SECONDS = 0.1
_ASK_AGAIN_SECONDS_MAX = 1.0


class KafkaLog:
    """A `Log` on librdkafka; the properties are Java's. Calls come from any thread.

    `prepare` is called first in `start`, and sees to it that the topic exists. With
    `past_open_transactions` the end of a log that is read committed is where the last record lies,
    though its transaction, or one before it, may still be open: reading waits for their end.
    """

    def __init__(
        self,
        producer_properties: Mapping[str, str],
        consumer_properties: Mapping[str, str],
        topic: str,
        admin: KafkaAdmin,
        *,
        prepare: Callable[[], None] = lambda: None,
        metadata_seconds: float = METADATA_SECONDS,
        past_open_transactions: bool = False,
    ) -> None:
        self._topic = topic
        self._admin = admin
        self._prepare = prepare
        self._metadata_seconds = metadata_seconds
        self._sender = LogSender(_translated(producer_properties, ClientKind.PRODUCER), topic)
        self._consumer = _translated(consumer_properties, ClientKind.CONSUMER)
        read_committed = self._consumer.get("isolation.level") == "read_committed"
        self._stable_ends = read_committed and not past_open_transactions
        self._reader: LogReader | None = None
        self._partitions: list[TopicPartition] = []
        self._stopped = threading.Event()

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        """Returns when everything that is there was handed over.

        Raises ConnectError when the topic is not there or cannot be read.
        """
        self._prepare()
        count = self._partition_count()
        self._partitions = [TopicPartition(self._topic, number) for number in range(count)]
        with ExitStack() as started:
            reader = LogReader(self._consumer, self._topic, on_record)
            started.callback(reader.stop)
            reader.start(range(count))
            self._sender.start()
            started.callback(self._sender.stop)
            deadline = time.monotonic() + FIRST_READ_SECONDS
            try:
                self._reach(reader, self._ends(deadline), deadline)
            except TimeoutError as error:
                raise ConnectError(f"{error}; check the connection to Kafka") from error
            self._reader = reader
            started.pop_all()

    def stop(self) -> None:
        """Also ends a `start` that still waits, on another thread."""
        self._stopped.set()
        reader, self._reader = self._reader, None
        if reader is not None:
            self._sender.stop(*(() if reader.in_reach else (0,)))
            reader.stop()

    def read_to_end(self, timeout_ms: int) -> None:
        """The end is that of now, after everything this log has sent before."""
        reader = self._reader
        if reader is None:
            raise ConnectError(f"The log of topic {self._topic} is not running")
        deadline = time.monotonic() + timeout_ms / 1000
        self._sender.flush(timeout_ms / 1000)
        self._reach(reader, self._ends(deadline), deadline)

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self._sender.send(key, value, on_sent)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self._sender.write(entries, timeout_ms)

    # Parts --------------------------------------------------------------------------------------

    def _reach(self, reader: LogReader, ends: Mapping[int, int], deadline: float) -> None:
        if reader.wait_for(ends, min(_PATIENCE_SECONDS, deadline - time.monotonic())):
            return
        self._check_running()
        self._explain(reader, ends)
        if not reader.wait_for(ends, deadline - time.monotonic()):
            self._check_running()
            raise TimeoutError(f"Topic {self._topic} could not be read to its end in time")

    def _explain(self, reader: LogReader, ends: Mapping[int, int]) -> None:
        """Where a broker answers and a partition stands still, a transaction is open there."""
        if not reader.in_reach or self._consumer.get("isolation.level") != "read_committed":
            return
        for partition, (position, end) in reader.behind(ends).items():
            _log.warning(
                "Partition %d of topic %s can be read only to offset %d of %d: a transaction is "
                "open there. If that stays so, the transaction hangs, because no producer is left "
                "that could end it: `kafka-transactions.sh find-hanging` shows it, and "
                "`kafka-transactions.sh abort` ends it.",
                partition,
                self._topic,
                position,
                end,
            )

    def _ends(self, deadline: float) -> dict[int, int]:
        """Where each partition ends now. Raises TimeoutError."""
        found = self._insist(
            deadline,
            lambda seconds: self._admin.ends(
                self._partitions, read_committed=self._stable_ends, timeout_seconds=seconds
            ),
        )
        if found is None:
            raise TimeoutError(f"The end of topic {self._topic} could not be looked up in time")
        return {place.partition: end for place, end in found.items()}

    def _partition_count(self) -> int:
        def look(seconds: float) -> int | None:
            return self._admin.partitions([self._topic], timeout_seconds=seconds).get(self._topic)

        count = self._insist(time.monotonic() + self._metadata_seconds, look)
        if count is None:
            raise ConnectError(
                f"Could not look up partition metadata for topic '{self._topic}' in the allotted "
                "period. This could indicate a connectivity issue, unavailable topic partitions, "
                "or if this is your first use of the topic it may have taken too long to create."
            )
        return count

    def _insist(self, deadline: float, ask: Callable[[float], T | None]) -> T | None:
        """Ask until there is an answer; None when the time is over."""
        pause = _ASK_AGAIN_SECONDS
        while (left := deadline - time.monotonic()) > 0:
            try:
                if (answer := ask(min(left, _ATTEMPT_SECONDS))) is not None:
                    return answer
            except Exception as error:
                if not is_retriable(error):
                    raise
                self._admin.look_anew(self._topic, min(left, _ATTEMPT_SECONDS))
            self._stopped.wait(min(pause, left))
            self._check_running()
            pause = min(pause * 2, _ASK_AGAIN_SECONDS_MAX)
        return None

    def _check_running(self) -> None:
        if self._stopped.is_set():
            raise ConnectError(f"The log of topic {self._topic} was stopped")


def _translated(properties: Mapping[str, str], kind: ClientKind) -> dict[str, object]:
    made: Translated = to_librdkafka(properties, kind)
    made.report(_log, properties.get("client.id", "worker"))
    return dict(made.settings)
