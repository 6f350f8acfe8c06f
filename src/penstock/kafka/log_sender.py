"""Writes to the topic of a log: in order, acknowledged by all replicas, told about one by one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException, Producer

from penstock.cluster.logs import Entry, OnSent
from penstock.kafka.errors import KafkaRetriableError
from penstock.kafka.retriable import error_of

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
CLOSE_SECONDS = 5.0


class LogSender:
    """A producer, and a thread that hears its acknowledgements. Calls come from any thread."""

    def __init__(self, settings: Mapping[str, Any], topic: str) -> None:
        quiet = {"log_level": 0, "error_cb": _ignore}  # every record's error is told anyway
        self._settings: dict[str, Any] = {"linger.ms": 0, **settings, **quiet}
        self._topic = topic
        self._client: Producer | None = None
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        self._client = Producer(self._settings)
        name = f"log-acks-{self._topic}"
        self._thread = threading.Thread(
            target=self._listen, args=(self._client,), name=name, daemon=True
        )
        self._thread.start()

    def stop(self, seconds: float = CLOSE_SECONDS) -> None:
        """Wait so long for acknowledgements, then give up what is outstanding."""
        client, self._client = self._client, None
        if client is None:
            return
        client.flush(seconds)
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
        client.purge()
        client.flush(POLL_SECONDS)  # tells those who wait that their records were given up
        client.close()

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        """Never blocks. `on_sent` is called on any thread, perhaps before this returns."""

        def told(problem: KafkaError | None, message: object) -> None:
            error = None if problem is None else error_of(problem)
            if on_sent is None:
                if error is not None:
                    _log.error("A record was not written to topic %s: %s", self._topic, error)
                return
            try:
                on_sent(error)
            except Exception:
                _log.exception("A write to topic %s could not be followed up", self._topic)

        try:
            if self._client is None:
                raise KafkaException(KafkaError(KafkaError._STATE))
            self._client.produce(self._topic, value, key, on_delivery=told)
        except BufferError:
            told(KafkaError(KafkaError._QUEUE_FULL), None)
        except KafkaException as error:
            told(error.args[0], None)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        """Raises the first error, or TimeoutError; records may still arrive after that."""
        if not entries:
            return
        outcome = _Outcome(len(entries))
        for key, value in entries:
            self.send(key, value, outcome.sent)
        if not outcome.done.wait(timeout_ms / 1000):
            raise TimeoutError(
                f"Topic {self._topic} did not take {len(entries)} records in {timeout_ms} ms"
            )
        if outcome.error is not None:
            raise outcome.error

    def flush(self, seconds: float) -> None:
        """Wait until everything sent before is acknowledged or refused. Raises TimeoutError."""
        client = self._client
        if client is None:
            raise KafkaRetriableError(f"The log of topic {self._topic} is stopped")
        if client.flush(max(seconds, 0)) > 0:
            raise TimeoutError(f"Topic {self._topic} takes no records")

    def _listen(self, client: Producer) -> None:
        while not self._stopped.is_set():
            client.poll(POLL_SECONDS)


def _ignore(problem: KafkaError) -> None:
    """A reader of the same topic tells when Kafka is out of reach."""


class _Outcome:
    """What became of several records."""

    def __init__(self, outstanding: int) -> None:
        self._lock = threading.Lock()
        self._outstanding = outstanding
        self.done = threading.Event()
        self.error: Exception | None = None

    def sent(self, error: Exception | None) -> None:
        with self._lock:
            self._outstanding -= 1
            self.error = self.error or error
            if self._outstanding == 0:
                self.done.set()
