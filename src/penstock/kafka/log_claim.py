"""Writes to a log so that only the newest of its writers can: in Kafka's transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaException, Message, Producer

from penstock.cluster.logs import Entry
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.kafka.retriable import error_of

CLAIM_SECONDS = 60.0
_ABORT_SECONDS = 5.0


class FencingWriter:
    """A `Writer`; making one keeps all earlier ones of the same transactional id from writing.

    Blocks while it is made, and raises what Kafka has against it. After an error it is of no use.
    """

    def __init__(
        self,
        java_properties: Mapping[str, str],
        topic: str,
        claim_seconds: float = CLAIM_SECONDS,
    ) -> None:
        settings = to_librdkafka(java_properties, ClientKind.PRODUCER).settings
        self._topic = topic
        quiet: dict[str, Any] = {"log_level": 0}
        self._client = Producer({"linger.ms": 0, **settings, **quiet})
        try:
            _told(lambda: self._client.init_transactions(claim_seconds))
        except Exception:
            self.close()
            raise

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> int | None:
        """One transaction."""
        offsets: list[int] = []

        def delivered(error: Any, message: Message) -> None:
            if error is None:
                offsets.append(message.offset() or 0)

        _told(self._client.begin_transaction)
        try:
            for key, value in entries:
                self._client.produce(self._topic, value, key, on_delivery=delivered)
            _told(lambda: self._client.commit_transaction(timeout_ms / 1000))
        except Exception:
            self._abort()
            raise
        return max(offsets) + 1 if offsets else None

    def close(self) -> None:
        self._client.purge()
        self._client.close()

    def _abort(self) -> None:
        """Best effort: a fenced writer cannot, and the transaction times out in the end."""
        try:
            self._client.abort_transaction(_ABORT_SECONDS)
        except KafkaException:
            return


def _told(call: Callable[[], object]) -> None:
    try:
        call()
    except KafkaException as error:
        raise error_of(error.args[0]) from error
