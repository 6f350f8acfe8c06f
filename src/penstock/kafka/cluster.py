"""Which Kafka cluster a worker talks to, asked patiently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock.kafka.properties import ClientKind, to_librdkafka

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 1.0  # short, so that nobody waits long for a stop
REMIND_SECONDS = 60.0


class ClusterLookup:
    """Asks for the cluster's id until it gets an answer, on a thread of its own."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._properties = properties
        self._stopped = threading.Event()
        self._last_error = "no answer"

    async def answer(self) -> str | None:
        """The cluster's id. When this is cancelled, so is the asking."""
        loop = asyncio.get_running_loop()
        found: asyncio.Future[str | None] = loop.create_future()

        def settle(set_it: Callable[[Any], None], outcome: Any) -> None:
            if not found.done():
                set_it(outcome)

        def ask() -> None:
            try:
                told = (found.set_result, self.run())
            except Exception as error:
                told = (found.set_exception, error)
            with contextlib.suppress(RuntimeError):  # the loop is closed; nobody listens any more
                loop.call_soon_threadsafe(settle, *told)

        threading.Thread(target=ask, name="cluster-lookup", daemon=True).start()
        try:
            return await found
        finally:
            self._stopped.set()

    def run(self, now: Callable[[], float] = time.monotonic) -> str | None:
        """The cluster's id. Blocks, with one line a minute in the log."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        made = to_librdkafka(self._properties, ClientKind.ADMIN)
        made.report(log, "worker")
        quiet = {"log_level": 0, "error_cb": self._remember}
        settings: dict[str, Any] = {**made.settings, **quiet}
        admin = AdminClient(settings)
        reminded: float | None = None
        while not self._stopped.is_set():
            try:
                found = admin.list_topics(timeout=ATTEMPT_SECONDS).cluster_id
                if found:
                    return found
            except KafkaException as error:
                self._remember(error.args[0])
            if reminded is None or now() - reminded >= REMIND_SECONDS:
                reminded = now()
                log.warning(
                    "Kafka does not answer at bootstrap.servers=%s (%s). Trying on; connectors "
                    "start when it does.",
                    self._properties.get("bootstrap.servers"),
                    self._last_error,
                )
            self._stopped.wait(0.5)
        return None

    def _remember(self, error: object) -> None:
        text = getattr(error, "str", lambda: str(error))()
        if "timed out" not in text.lower() or self._last_error == "no answer":
            self._last_error = text.split(" (after ")[0]
