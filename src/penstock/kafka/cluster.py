"""Which Kafka cluster a worker talks to, asked patiently."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from penstock.kafka.connection import Watch
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)

ATTEMPT_SECONDS = 1.0  # short, so that nobody waits long for a stop
REMIND_SECONDS = 60.0
QUICK_MS = 10  # a client waits half of its backoff before it asks the first broker it hears of
_BACKOFF = "reconnect.backoff.ms"


class ClusterLookup:
    """Asks for the cluster's id until it gets an answer, on a thread of its own."""

    def __init__(self, properties: Mapping[str, str]) -> None:
        self._properties = properties
        self._stopped = threading.Event()

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
        """The cluster's id. Blocks, with one line a minute in the log, while nobody answers.

        Raises ConnectError or ConfigError when somebody is there, but with these settings it can
        never work.
        """
        made = to_librdkafka(self._properties, ClientKind.ADMIN)
        made.report(log, "worker")
        watch = Watch(made.settings)
        settings = {**made.settings, "log_level": 0, "error_cb": watch.heard}
        quick = _BACKOFF not in self._properties  # at first: who is away is not asked so often
        admin = self._client({**settings, _BACKOFF: QUICK_MS} if quick else settings)
        reminded: float | None = None
        while not self._stopped.is_set():
            try:
                found = admin.list_topics(timeout=ATTEMPT_SECONDS).cluster_id
                if found:
                    return found
            except KafkaException:
                admin.poll(0)  # raises what its watch says
                if quick:
                    quick, admin = False, self._client(settings)
            if reminded is None or now() - reminded >= REMIND_SECONDS:
                reminded = now()
                log.warning(
                    "Kafka does not answer at bootstrap.servers=%s (%s). Trying on; connectors "
                    "start when it does.",
                    self._properties.get("bootstrap.servers"),
                    watch.last,
                )
            self._stopped.wait(0.5)
        return None

    def _client(self, settings: dict[str, Any]) -> AdminClient:
        try:
            return AdminClient(settings)
        except KafkaException as error:
            raise ConnectError(
                f"A client for Kafka cannot be made: {error.args[0].str()}."
            ) from error
