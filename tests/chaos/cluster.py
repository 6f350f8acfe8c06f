"""A broker, workers that reach it by relays of their own, and what they shall move."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil

from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports
from tests.chaos import counting
from tests.integration.group_workers import Distributed, Group
from tests.integration.relay import Relay
from tests.integration.workers import JSON, STRING, wait_until

EXAMPLE = Path(__file__).parents[2] / "examples" / "penstock-sqlite" / "src"
SESSION_SECONDS = 3.0
REST_SECONDS = 60.0
ASK_SECONDS = 15.0


class Cluster:
    """Started by `start`; everything of it ends with `end`."""

    def __init__(self, folder: Path, workers: int, *, exactly_once: bool) -> None:
        self.folder = folder
        self.exactly_once = exactly_once
        self._ports = [free_ports(2) for _ in range(workers)]
        self.kafka = LocalKafka(folder / "kafka", settings=self._listeners())
        self.relays: list[Relay] = []
        self._resources = ExitStack()
        self.workers: list[Distributed] = []
        self.frozen: dict[int, list[psutil.Process]] = {}
        self.leaps = counting.Leaps()
        self._wishes: dict[str, ThreadPoolExecutor] = {}

    def _listeners(self) -> dict[str, str]:
        """Beside the usual listener one for each worker, which it is told by its relay's port."""
        port, controller = free_ports(2)
        usual = f"PLAINTEXT://127.0.0.1:{port}"
        own = [f"W{n}://127.0.0.1:{inside}" for n, (inside, _) in enumerate(self._ports)]
        told = [f"W{n}://127.0.0.1:{outside}" for n, (_, outside) in enumerate(self._ports)]
        kinds = [f"{name}:PLAINTEXT" for name in ("PLAINTEXT", "CONTROLLER")]
        kinds += [f"W{n}:PLAINTEXT" for n in range(len(self._ports))]
        self.bootstrap = f"127.0.0.1:{port}"
        return {
            "listeners": ",".join([usual, f"CONTROLLER://127.0.0.1:{controller}", *own]),
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "advertised.listeners": ",".join([usual, *told]),
            "listener.security.protocol.map": ",".join(kinds),
            "inter.broker.listener.name": "PLAINTEXT",
            "group.min.session.timeout.ms": "1000",
        }

    def start(self) -> None:
        self.kafka.start()
        group = Group(self.bootstrap, self.folder)
        for number, (inside, outside) in enumerate(self._ports):
            relay = Relay(("127.0.0.1", inside), outside)
            self.relays.append(self._resources.enter_context(relay))
            self.workers.append(group.worker(**self._settings(number, outside)))
        for worker in self.workers:
            worker.answer_seconds = ASK_SECONDS
            worker.start()
        self.workers[0].wait_for_rest(REST_SECONDS)

    def _settings(self, number: int, port: int) -> dict[str, str]:
        session = str(int(SESSION_SECONDS * 1000))
        given = {
            "bootstrap.servers": f"127.0.0.1:{port}",
            "session.timeout.ms": session,
            "heartbeat.interval.ms": "300",
            "rebalance.timeout.ms": "8000",
            "scheduled.rebalance.max.delay.ms": "0",
            "task.shutdown.graceful.timeout.ms": "2000",
            "offset.flush.interval.ms": "500",
            "consumer.session.timeout.ms": session,
            "consumer.heartbeat.interval.ms": "300",
            "producer.transaction.timeout.ms": "10000",
            "plugin.path": f"{EXAMPLE},{counting.plugin_path(self.folder)}",
        }
        if self.exactly_once:
            given |= {"exactly.once.source.support": "enabled"}
        return {name.replace(".", "__"): value for name, value in given.items()}

    # What is moved --------------------------------------------------------------------------------

    @property
    def _exactly(self) -> dict[str, str]:
        return {"exactly.once.support": "required"} if self.exactly_once else {}

    def source(self, topic: str, path: Path) -> dict[str, str]:
        return {
            "connector.class": "FileStreamSource",
            "file": str(path),
            "topic": topic,
            "value.converter": STRING,
            "batch.size": "20",
            **self._exactly,
        }

    def counting(self, topic: str, tasks: int) -> dict[str, str]:
        return {
            "connector.class": "Counting",
            "topic": topic,
            "tasks.max": str(tasks),
            "value.converter": STRING,
            **self._exactly,
        }

    def file_sink(self, topic: str, path: Path) -> dict[str, str]:
        return {
            "connector.class": "FileStreamSink",
            "file": str(path),
            "topics": topic,
            "value.converter": STRING,
            "consumer.override.isolation.level": "read_committed",
        }

    def table_sink(self, topic: str, database: Path) -> dict[str, str]:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE lines (n INTEGER)")
        return {
            "connector.class": "SqliteSink",
            "database": str(database),
            "table": "lines",
            "topics": topic,
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "transforms": "row",
            "transforms.row.type": "org.apache.kafka.connect.transforms.HoistField$Value",
            "transforms.row.field": "n",
            "consumer.override.isolation.level": "read_committed",
            "consumer.override.auto.offset.reset": "earliest",
        }

    def create(self, name: str, config: dict[str, str]) -> None:
        def made() -> bool:
            return self.ask(f"/connectors/{name}/config", "PUT", config)[0] in (200, 201)

        wait_until(made, REST_SECONDS, what=f"connector {name}")

    # Asking ---------------------------------------------------------------------------------------

    def ask(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        """Of the first worker that answers. What was asked for may happen without an answer."""
        for number, worker in enumerate(self.workers):
            if number in self.frozen:
                continue
            status, answer = worker.ask(path, method, body)
            if status and status < 500 and status != 409:
                return status, answer
        return 0, None

    def wish(self, connector: str, wish: Callable[[], object]) -> None:
        """Ask for something when what was asked of the connector before is answered, or was not."""
        if connector not in self._wishes:
            self._wishes[connector] = ThreadPoolExecutor(1)
        self._wishes[connector].submit(wish)

    def wishes_end(self) -> None:
        for wishes in self._wishes.values():
            wishes.shutdown()
        self._wishes = {}

    def states(self, connector: str) -> list[str]:
        status, body = self.ask(f"/connectors/{connector}/status")
        if status != 200 or not body["tasks"]:
            return []
        return [body["connector"]["state"], *(task["state"] for task in body["tasks"])]

    # What happens to workers ----------------------------------------------------------------------

    def running(self, number: int) -> bool:
        process = self.workers[number].process
        return process is not None and process.poll() is None

    def tree(self, number: int) -> list[psutil.Process]:
        """The worker and its hosts."""
        process = self.workers[number].process
        if process is None or process.poll() is not None:
            return []
        with contextlib.suppress(psutil.Error):
            root = psutil.Process(process.pid)
            return [root, *root.children(recursive=True)]
        return []

    def freeze(self, number: int, *, hosts: bool) -> None:
        self.frozen[number] = self.tree(number) if hosts else self.tree(number)[:1]
        for process in self.frozen[number]:
            with contextlib.suppress(psutil.Error):
                process.suspend()

    def thaw(self, number: int) -> None:
        for process in self.frozen.pop(number, []):
            with contextlib.suppress(psutil.Error):
                process.resume()

    def kill(self, number: int) -> None:
        self.thaw(number)
        if self.running(number):
            self.workers[number].kill()

    def heal(self) -> None:
        """Everything up again, as it was at the start."""
        for relay in self.relays:
            relay.release()
        for number in list(self.frozen):
            self.thaw(number)
        if not self.kafka.running:
            self.kafka.start()
        for number, worker in enumerate(self.workers):
            if not self.running(number):
                worker.start()

    def end(self) -> None:
        for number in range(len(self.workers)):
            for process in self.tree(number):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            self.kill(number)
        self._resources.close()
        self.kafka.stop()
