"""A REST server over 500 connectors, in a process whose threads are busy; ends with its input."""

from __future__ import annotations

import asyncio
import sys
import threading

from penstock.rest.server import RestServer
from penstock.rest.settings import Listener, RestSettings
from tests.unit.rest.fakes import SOURCE, Worker

CONNECTORS = 500
BUSY_THREADS = 2


def work() -> None:
    """Like a task that never waits: it lets go of the interpreter only when it must."""
    numbers = list(range(1000))
    while True:
        sum(number * number for number in numbers)


async def serve() -> None:
    settings = RestSettings(listeners=(Listener("http", "127.0.0.1", 0),))
    server = RestServer(settings)
    worker = Worker(settings)
    await server.start(worker.app)
    for number in range(CONNECTORS):
        name = f"c{number}"
        config = {"connector.class": SOURCE, "topic": "t", "name": name, "tasks.max": "2"}
        await worker.herder.put_connector_config(name, config, replace=True)
    for _ in range(BUSY_THREADS):
        threading.Thread(target=work, daemon=True).start()
    print(server.ports[0], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
