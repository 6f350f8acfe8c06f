"""Many connectors in a group of workers: creating them, asking meanwhile, losing a worker.

    python -m benchmarks.scale [--connectors 1000] [--workers 3] [--java | --only-java] [--json F]

Each connector is a file source with one task and a file of one line; all write to one topic. Every
fifth is a file sink that reads that topic, with `--sinks`. Four clients create them through REST,
each at another worker; one more asks for statuses all the while. `java` is a second row, of Java's
workers on the same machine, one group after the other.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import platform
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.runs import NO_SYNC
from benchmarks.scale_workers import GroupWorker, group_settings, java_found
from penstock.broker import LocalKafka

CLIENTS = 4
LIMIT_SECONDS = 900.0
RETRY_SECONDS = 0.25
SETTLED_TWICE = 2  # answers in a row that show everything running
FIGURES = {
    "created s": "until the last connector was created",
    "all run s": "until all connectors and tasks were shown running, from the first POST on",
    "POST p50 ms": "of creations, retries included",
    "POST p99 ms": "",
    "GET p50 ms": "of one connector's status, while others are created",
    "GET p99 ms": "",
    "list p50 ms": "of all statuses, while others are created",
    "list p99 ms": "",
    "retries": "creations that were answered 409 or 500, and were asked again",
    "CPU s": "of all workers, until all ran",
    "MB per worker": "proportional set size with its hosts, when all ran",
    "settled s": "from the kill of a worker until all ran again",
    "moved": "instances that run on another worker after the kill, per instance of the dead one",
}


@dataclass
class Times:
    """Seconds of answers, by kind of question."""

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def add(self, kind: str, seconds: float) -> None:
        self.seconds.setdefault(kind, []).append(seconds)

    def ms(self, kind: str, percent: int) -> float:
        found = sorted(self.seconds.get(kind, [0.0]))
        return 1000 * found[min(len(found) * percent // 100, len(found) - 1)]


class Client:
    """One kept connection to a worker's REST interface."""

    def __init__(self, port: int, times: Times) -> None:
        self._port, self._times = port, times
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: object = None, kind: str = "") -> tuple[int, Any]:
        data = None if body is None else json.dumps(body)
        began = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
            self._connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection = None
            return 0, None
        if kind:
            self._times.add(kind, time.monotonic() - began)
        return answer.status, json.loads(text) if text else None


@dataclass(frozen=True)
class Wish:
    connectors: int
    workers: int
    max_delay_ms: int
    sinks: bool


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--connectors", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--max-delay-ms", type=int, default=5000)
    parser.add_argument("--sinks", action="store_true", help="every fifth connector is a sink")
    parser.add_argument("--java", action="store_true", help="Java's workers as well")
    parser.add_argument("--only-java", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    given = parser.parse_args()
    wish = Wish(given.connectors, given.workers, given.max_delay_ms, given.sinks)
    kinds = ["java"] if given.only_java else ["penstock", "java"] if given.java else ["penstock"]
    if "java" in kinds and not java_found():
        parser.error("no Java runtime was found")
    report: dict[str, dict[str, float]] = {}
    for kind in kinds:
        report[kind] = run(kind, wish)
        Console().print(table(report, wish))
        if given.json:
            machine = {"python": platform.python_version(), "machine": platform.machine()}
            text = json.dumps({"machine": machine, "wish": vars(wish)} | report, indent=2)
            given.json.write_text(text + "\n")
    return 0


def run(kind: str, wish: Wish) -> dict[str, float]:
    """One group on a broker of its own."""
    folder = Path(tempfile.mkdtemp(prefix="penstock-scale-"))
    workers: list[GroupWorker] = []
    try:
        with LocalKafka(settings=NO_SYNC, jvm_options=(), heap_mb=1024) as kafka:
            settings = group_settings(kafka.bootstrap_servers, "scale", wish.max_delay_ms)
            for number in range(wish.workers):
                made = GroupWorker(folder / f"w{number}", settings, java=kind == "java")
                workers.append(made)
                made.start()
            return Run(folder, workers, wish).figures()
    finally:
        for worker in workers:
            worker.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Run:
    """What happens to one group, and how long it takes."""

    def __init__(self, folder: Path, workers: Sequence[GroupWorker], wish: Wish) -> None:
        self.folder, self.workers, self.wish = folder, workers, wish
        self.times = Times()
        self.retries = 0
        self.names = [f"c{number:04}" for number in range(wish.connectors)]

    def figures(self) -> dict[str, float]:
        for worker in self.workers:
            health = Client(worker.port, self.times)
            until(lambda ask=health.ask: ask("GET", "/health")[0] == 200, 120, "a healthy worker")
        before = self.cpu()
        began = time.monotonic()
        self.create_all()
        created = time.monotonic() - began
        self.wait_until_all_run(self.workers)
        all_run = time.monotonic() - began
        cpu = self.cpu() - before
        memory = statistics.mean(worker.memory_mb() for worker in self.workers)
        settled, moved = self.lose_one()
        return {
            "created s": created,
            "all run s": all_run,
            **{
                f"{kind} p{percent} ms": self.times.ms(kind, percent)
                for kind in ("POST", "GET", "list")
                for percent in (50, 99)
            },
            "retries": self.retries,
            "CPU s": cpu,
            "MB per worker": memory,
            "settled s": settled,
            "moved": moved,
        }

    def cpu(self) -> float:
        return sum(worker.cpu_seconds() for worker in self.workers)

    # Creating -----------------------------------------------------------------------------------

    def create_all(self) -> None:
        ended = threading.Event()
        asking = threading.Thread(target=self.ask_all_the_while, args=(ended,))
        asking.start()
        try:
            shares = [self.names[number::CLIENTS] for number in range(CLIENTS)]
            with ThreadPoolExecutor(CLIENTS) as pool:
                list(pool.map(self.create_share, range(CLIENTS), shares))
        finally:
            ended.set()
            asking.join()

    def create_share(self, number: int, names: Sequence[str]) -> None:
        client = Client(self.workers[number % len(self.workers)].port, self.times)
        for name in names:
            body = {"name": name, "config": self.config(name)}
            for attempt in itertools.count():
                status, answer = client.ask("POST", "/connectors", body, "POST")
                if status == 201 or (status == 409 and attempt and "exists" in str(answer)):
                    break
                if status not in (0, 409, 500) or attempt == 100:
                    raise RuntimeError(f"{name} was not created: {status} {answer}")
                self.retries += 1
                time.sleep(RETRY_SECONDS)

    def config(self, name: str) -> dict[str, str]:
        path = self.folder / f"{name}.txt"
        common = {"file": str(path), "tasks.max": "1"}
        if self.wish.sinks and int(name[1:]) % 5 == 4:
            return {"connector.class": "FileStreamSink", "topics": "lines", **common}
        path.write_text(f"{name}\n")
        return {"connector.class": "FileStreamSource", "topic": "lines", **common}

    def ask_all_the_while(self, ended: threading.Event) -> None:
        clients = [Client(worker.port, self.times) for worker in self.workers]
        for number in itertools.count():
            client = clients[number % len(clients)]
            name = self.names[number * 7919 % len(self.names)]
            client.ask("GET", f"/connectors/{name}/status", kind="GET")
            if number % 20 == 0:
                client.ask("GET", "/connectors?expand=status", kind="list")
            if ended.wait(0.05):
                return

    # Running ------------------------------------------------------------------------------------

    def places(self, client: Client) -> dict[str, str]:
        """Where all that runs is, by name and number."""
        status, body = client.ask("GET", "/connectors?expand=status")
        if status != 200:
            return {}
        found: dict[str, str] = {}
        for name, shown in body.items():
            for part in (shown["status"]["connector"], *shown["status"]["tasks"]):
                if part["state"] == "RUNNING":
                    found[f"{name} {part.get('id', '')}"] = part["worker_id"]
        return found

    def wait_until_all_run(self, workers: Sequence[GroupWorker]) -> None:
        ids = {worker.id for worker in workers}
        client = Client(workers[0].port, self.times)
        seen = 0

        def all_run() -> bool:
            nonlocal seen
            places = self.places(client)
            whole = len(places) == 2 * len(self.names) and set(places.values()) <= ids
            seen = seen + 1 if whole else 0
            return seen >= SETTLED_TWICE

        until(all_run, LIMIT_SECONDS, "all connectors and tasks running")

    def lose_one(self) -> tuple[float, float]:
        survivors, lost = self.workers[:-1], self.workers[-1]
        client = Client(survivors[0].port, self.times)
        before = self.places(client)
        began = time.monotonic()
        lost.kill()
        self.wait_until_all_run(survivors)
        settled = time.monotonic() - began
        after = self.places(client)
        moved = sum(after[key] != place for key, place in before.items())
        return settled, moved / max(sum(place == lost.id for place in before.values()), 1)


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.2)


def table(report: dict[str, dict[str, float]], wish: Wish) -> Table:
    what = "file sources" if not wish.sinks else "file sources, every fifth a file sink"
    title = f"{wish.connectors} {what}, {wish.workers} workers, delay {wish.max_delay_ms} ms"
    shown = Table("", *report, title=title)
    for figure in FIGURES:
        shown.add_row(figure, *(f"{row[figure]:,.2f}" for row in report.values()))
    return shown


if __name__ == "__main__":
    sys.exit(main())
