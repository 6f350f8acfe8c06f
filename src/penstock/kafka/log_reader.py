"""Reads the topic of a log from its beginning, and goes on reading what comes."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as Place

from penstock.cluster.logs import LogRecord

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
BATCH_RECORDS = 500
PROBE_SECONDS = 1.0
GROUP = "penstock-log"  # required by the client, never joined
CLOSE_SECONDS = 10.0
_OUT_OF_REACH = frozenset((KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION))
_SKIPPED = frozenset((KafkaError._BAD_MSG, KafkaError._BAD_COMPRESSION))


class LogReader:
    """A consumer on a thread of its own; brokers may go and come back.

    Positions come from records and, since records that nobody is handed (transaction markers) move
    them, too, from the client's word that a partition was read to its end.
    """

    def __init__(
        self, settings: Mapping[str, Any], topic: str, on_record: Callable[[LogRecord], None]
    ) -> None:
        self._topic = topic
        self._on_record = on_record
        self._positions: dict[int, int] = {}
        self._moved = threading.Condition()
        self._stopped = threading.Event()
        self._trouble: str | None = None  # why nothing can be read at the moment
        self._probe_at = 0.0
        self._client: Any = Consumer({"group.id": GROUP, **settings, **self._forced()})
        self._thread = threading.Thread(target=self._run, name=f"log-{topic}", daemon=True)

    def _forced(self) -> dict[str, Any]:
        return {
            "allow.auto.create.topics": False,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "enable.partition.eof": True,
            "log_level": 0,
            "error_cb": self._heard,
        }

    def start(self, partitions: Iterable[int]) -> None:
        with contextlib.suppress(KafkaException):  # a client that knows leaders starts sooner
            self._client.list_topics(self._topic, timeout=PROBE_SECONDS)
        self._client.assign([Place(self._topic, p, OFFSET_BEGINNING) for p in partitions])
        self._thread.start()

    def stop(self) -> None:
        """What is being handed over is finished first."""
        self._stopped.set()
        with self._moved:
            self._moved.notify_all()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)
        if not self._thread.ident:  # never started
            self._client.close()

    @property
    def in_reach(self) -> bool:
        return self._trouble is None

    def wait_for(self, ends: Mapping[int, int], seconds: float) -> bool:
        """Whether everything below these offsets was handed over in time."""

        def reached() -> bool:
            return self._stopped.is_set() or all(
                self._positions.get(partition, 0) >= end for partition, end in ends.items()
            )

        with self._moved:
            return self._moved.wait_for(reached, max(seconds, 0)) and not self._stopped.is_set()

    def behind(self, ends: Mapping[int, int]) -> dict[int, tuple[int, int]]:
        """Of each partition that is not read to its end: how far it is, and the end."""
        places = {partition: self._positions.get(partition, 0) for partition in ends}
        return {p: (places[p], end) for p, end in ends.items() if places[p] < end}

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                try:
                    self._take(self._batch())
                except KafkaException as error:
                    self._lost(str(error.args[0]))
                    self._stopped.wait(PROBE_SECONDS)
                if self._trouble is not None and time.monotonic() >= self._probe_at:
                    self._probe()
        except Exception:
            _log.exception("Topic %s is not read any further", self._topic)
        finally:
            self._client.close()

    def _batch(self) -> list[Message]:
        """What is there, without waiting for more once something is."""
        first = self._client.poll(POLL_SECONDS)
        return [] if first is None else [first, *self._client.consume(BATCH_RECORDS, 0)]

    def _take(self, messages: list[Message]) -> None:
        reached: dict[int, int] = {}
        for message in messages:
            if self._stopped.is_set():
                return
            partition, offset, problem = message.partition(), message.offset(), message.error()
            if partition is None or offset is None:
                self._refused(problem)
            elif problem is None:
                self._hand_over(message, partition, offset)
                reached[partition] = offset + 1
            elif problem.code() == KafkaError._PARTITION_EOF:
                reached[partition] = offset
            elif problem.code() in _SKIPPED:
                self._skip(partition, offset, problem.str())
            else:
                self._refused(problem)
        if reached:
            with self._moved:
                self._positions |= reached
                self._moved.notify_all()

    def _hand_over(self, message: Message, partition: int, offset: int) -> None:
        key: Any = message.key()
        value: Any = message.value()
        try:
            self._on_record(LogRecord(offset, key, value))
        except Exception as error:
            self._skip(partition, offset, f"{type(error).__name__}: {error}")

    def _skip(self, partition: int, offset: int, reason: str) -> None:
        _log.error(
            "The record at offset %d of partition %d of topic %s is of no use and skipped: %s",
            offset,
            partition,
            self._topic,
            reason,
        )

    # Outages ------------------------------------------------------------------------------------

    def _heard(self, problem: KafkaError) -> None:
        if problem.code() in _OUT_OF_REACH:
            self._lost(problem.str())

    def _refused(self, problem: KafkaError | None) -> None:
        if problem is not None:
            self._lost(problem.str())

    def _lost(self, reason: str) -> None:
        """One line when trouble begins, one when it is over."""
        if self._trouble is None and not self._stopped.is_set():
            _log.warning("Topic %s is out of reach for now: %s", self._topic, reason)
        self._trouble = reason
        self._probe_at = time.monotonic() + PROBE_SECONDS

    def _probe(self) -> None:
        try:
            self._client.list_topics(self._topic, timeout=PROBE_SECONDS)
        except KafkaException:
            self._probe_at = time.monotonic() + PROBE_SECONDS
            return
        self._trouble = None
        _log.warning("Topic %s can be read again", self._topic)
