"""A producer that is made when there is something to send: an idle task needs no threads for it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError

from penstock.kafka.errors import kafka_error
from penstock.runtime.ports import Delivered, OnDelivery, Outgoing, Producer

PROVEN_MAX = 10_000
_PLAIN = (str, int, float, bool)
_PER_CLIENT = frozenset(("client.id",))


class LateProducer:
    """The runtime's producer. All calls but `cancel` come from one thread."""

    def __init__(self, make: Callable[[], Producer]) -> None:
        self._make = make
        self._made: Producer | None = None
        self._over = False
        self._lock = threading.Lock()  # `cancel` and the making exclude each other

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        return (self._made or self._now()).send(outgoing, start, on_delivery)

    def _now(self) -> Producer:
        with self._lock:
            if self._over:
                raise kafka_error(KafkaError(KafkaError._STATE))
            self._made = self._make()
            return self._made

    def poll(self, seconds: float = 0.0) -> None:
        if self._made is not None:
            self._made.poll(seconds)

    def flush(self, seconds: float) -> int:
        return 0 if self._made is None else self._made.flush(seconds)

    @property
    def unanswered(self) -> int:
        return 0 if self._made is None else self._made.unanswered

    @property
    def failure(self) -> Exception | None:
        return None if self._made is None else self._made.failure

    def error_of(self, reason: Any, message: Delivered | None = None) -> Exception:
        made = self._made
        return kafka_error(reason) if made is None else made.error_of(reason, message)

    def close(self, seconds: float = 0.0) -> None:
        with self._lock:
            self._over = True
        if self._made is not None:
            self._made.close(seconds)

    def cancel(self) -> None:
        with self._lock:
            self._over = True
        if self._made is not None:
            self._made.cancel()


class Proven:
    """Settings a client was made with in this process: another one can wait until it is needed.

    Without this, a wrong setting would be told with the first record only. Settings hold secrets,
    so that a digest stands for them.
    """

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def is_new(self, settings: Mapping[str, Any]) -> bool:
        told = sorted(
            (name, value)
            for name, value in settings.items()
            if name not in _PER_CLIENT and isinstance(value, _PLAIN)
        )
        digest = hashlib.blake2b(repr(told).encode(), digest_size=16).digest()
        if digest in self._digests:
            return False
        if len(self._digests) >= PROVEN_MAX:
            self._digests.clear()
        self._digests.add(digest)
        return True
