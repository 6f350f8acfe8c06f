"""A producer that is there while it is needed: an idle task needs no threads for one."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from confluent_kafka import KafkaError

from penstock.kafka.errors import kafka_error
from penstock.runtime.ports import Delivered, OnDelivery, Outgoing, Producer

PROVEN_MAX = 10_000
_PLAIN = (str, int, float, bool)
_PER_CLIENT = frozenset(("client.id",))


class Resting(Producer, Protocol):
    """A producer that knows whether it may be given up."""

    @property
    def at_rest(self) -> bool:
        """Whether all it was given has arrived, and it has nothing more to tell."""
        ...


class ProducerOnDemand:
    """Made for a record; given up when there was none for `idle_seconds` (0: never).

    The next one has the same settings. All calls but `cancel` come from one thread.
    """

    def __init__(
        self,
        make: Callable[[], Resting],
        idle_seconds: float = 0.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._idle_seconds = idle_seconds
        self._now = now
        self._made: Resting | None = None
        self._used_at = 0.0
        self._over = False
        self._lock = threading.Lock()  # `cancel` excludes making and giving up

    def ready(self) -> Resting:
        """Made now, if it is not there; raises what is wrong with its settings."""
        self._used_at = self._now()
        if self._made is not None:
            return self._made
        with self._lock:
            if self._over:
                raise kafka_error(KafkaError(KafkaError._STATE))
            self._made = self._make()
            return self._made

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        return self.ready().send(outgoing, start, on_delivery)

    def idle(self) -> None:
        made = self._made
        if made is None or not self._idle_seconds:
            return
        if self._now() - self._used_at < self._idle_seconds or not made.at_rest:
            return
        with self._lock:
            if self._over:
                return  # `close` may come late, but it comes
            self._made = None
        made.close()

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
            made = self._made
        if made is not None:
            made.cancel()


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
