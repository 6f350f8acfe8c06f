"""Keeps producers of earlier tasks from writing: who takes a transactional id fences them off.

Java's admin client has a call for this, librdkafka's has not. A producer that lives for a moment
does the same: taking the id aborts what its predecessor had begun, and ends its epoch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from penstock.cluster.threads import on_thread
from penstock.runtime import client_ids
from penstock.runtime.client_settings import ClientSettings, source_transactional_id

Config = Mapping[str, str | None]


class ProducerFencer:
    """A `Fencer`. Rounds of one connector take turns, so that none outlives what waited for it."""

    def __init__(
        self, clients: ClientSettings, resolve: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> None:
        self._clients = clients
        self._resolve = resolve
        self._turns: dict[str, asyncio.Lock] = {}

    async def fence(self, connector: str, config: Config, tasks: int) -> None:
        turn = self._turns.setdefault(connector, asyncio.Lock())
        try:
            async with turn:
                if tasks > 0:
                    await on_thread("fencing", self._fence, connector, config, tasks)
        finally:
            if not turn.locked():
                self._turns.pop(connector, None)

    def _fence(self, connector: str, config: Config, tasks: int) -> None:
        from penstock.kafka.fenced_producers import fence_producers  # which reads Kafka's client

        properties = self._resolve({k: v for k, v in config.items() if v is not None})
        admin = self._clients.admin(properties, client_ids.worker_admin(connector))
        group = self._clients.group_id or ""
        ids = [source_transactional_id(group, connector, task) for task in range(tasks)]
        fence_producers(admin, ids)
