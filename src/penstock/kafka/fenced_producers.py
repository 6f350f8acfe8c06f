"""Takes transactional ids for a moment, so that producers that had them write no more."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaException, Producer

from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.kafka.retriable import error_of
from penstock.sdk.errors import ConnectError

FENCE_SECONDS = 90.0
PRODUCERS_MAX = 8
_TRANSACTION_MS = 60_000


def fence_producers(
    java_properties: Mapping[str, str],
    transactional_ids: Sequence[str],
    seconds: float = FENCE_SECONDS,
) -> None:
    """Java properties of an admin client. Blocks; raises ConnectError for the first that fails."""
    settings = dict(to_librdkafka(java_properties, ClientKind.ADMIN).settings)
    timeout = min(int(settings.get("socket.timeout.ms", _TRANSACTION_MS)), _TRANSACTION_MS)
    settings |= {"socket.timeout.ms": timeout, "log_level": 0}
    fencing = _Fencing(settings, transactional_ids, time.monotonic() + seconds)
    threads = [
        threading.Thread(target=fencing.work, name="fencing-producer", daemon=True)
        for _ in range(min(PRODUCERS_MAX, len(transactional_ids)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if fencing.error is not None:
        raise fencing.error


class _Fencing:
    """Ids that are left, and the first error; several threads work on them."""

    def __init__(self, settings: dict[str, Any], ids: Sequence[str], end: float) -> None:
        self._settings = settings
        self._left = deque(ids)
        self._end = end
        self.error: Exception | None = None

    def work(self) -> None:
        while self.error is None:
            try:
                transactional_id = self._left.popleft()
            except IndexError:
                return
            try:
                self._fence(transactional_id)
            except Exception as error:
                self.error = self.error or error

    def _fence(self, transactional_id: str) -> None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise ConnectError(f"There was no time left to fence off {transactional_id}")
        producer = Producer({**self._settings, "transactional.id": transactional_id})
        try:
            producer.init_transactions(left)
        except KafkaException as error:
            raise error_of(error.args[0]) from error
        finally:
            producer.close()
