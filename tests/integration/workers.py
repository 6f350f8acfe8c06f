"""Real workers as separate processes, for tests."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from penstock.broker.ports import free_ports

STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"


def free_port() -> int:
    return free_ports(1)[0]


def wait_until(
    true: Callable[[], object],
    seconds: float = 60.0,
    *,
    what: str | Callable[[], str] = "what was awaited",
) -> Any:
    """The first true answer; fails after so many seconds."""
    end = time.monotonic() + seconds
    while True:
        answer = true()
        if answer:
            return answer
        if time.monotonic() > end:
            missing = what if isinstance(what, str) else what()
            raise AssertionError(f"{missing} did not come true within {seconds:.0f} s")
        time.sleep(0.05)


class Worker:
    """`penstock standalone` in a folder of its own; may be started, killed and started again."""

    def __init__(self, folder: Path, bootstrap: str, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        self.settings = {
            "bootstrap.servers": bootstrap,
            "key.converter": STRING,
            "value.converter": STRING,
            "offset.storage.file.filename": str(folder / "connect.offsets"),
            "offset.flush.interval.ms": "1000",
            "listeners": f"http://127.0.0.1:{self.port}",
            "consumer.session.timeout.ms": "6000",
        } | {name.replace("__", "."): value for name, value in settings.items()}
        self.answer_seconds = 100.0
        self.headers = {"Content-Type": "application/json"}
        self.connectors: list[Path] = []
        self.process: subprocess.Popen[bytes] | None = None

    def add(self, name: str, properties: Mapping[str, str]) -> Path:
        """A connector file that the next start gets."""
        path = self.folder / f"{name}.properties"
        write_properties(path, {"name": name, **properties})
        self.connectors.append(path)
        return path

    def command(self) -> Sequence[str]:
        worker = self.folder / "worker.properties"
        write_properties(worker, self.settings)
        paths = [str(worker), *map(str, self.connectors)]
        return [sys.executable, "-m", "penstock", "standalone", *paths]

    def start(self) -> Worker:
        with (self.folder / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    @property
    def log(self) -> str:
        path = self.folder / "worker.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = 60.0) -> int:
        """End it as an operator would; the exit status."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not stop within {seconds} s:\n{self.log[-3000:]}") from None

    def exit_status(self, seconds: float = 60.0) -> int:
        assert self.process is not None
        return self.process.wait(seconds)

    def ask(self, path: str, method: str = "GET", body: object = None) -> tuple[int, Any]:
        """Status and parsed body of a REST answer; (0, None) while nothing listens."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=data,
            method=method,
            headers=self.headers,
        )
        try:
            status, text = _answer(request, self.answer_seconds)
        except (OSError, http.client.HTTPException):  # also in the middle of an answer
            return 0, None
        return status, json.loads(text) if text else None

    def wait_for_rest(self, seconds: float = 60.0) -> None:
        wait_until(lambda: self._alive() and self.ask("/health")[0] == 200, seconds, what="health")

    def _alive(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, f"the worker ended:\n{self.log[-3000:]}"
        return True

    def states(self, connector: str) -> list[str]:
        """The states of a connector and its tasks."""
        status, body = self.ask(f"/connectors/{connector}/status")
        if status != 200:
            return []
        return [body["connector"]["state"], *(task["state"] for task in body["tasks"])]


def _answer(request: urllib.request.Request, seconds: float) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def write_properties(path: Path, properties: Mapping[str, str]) -> None:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))


def ended(workers: Sequence[Worker]) -> Iterator[None]:
    """End whatever still runs."""
    yield
    for worker in workers:
        if worker.process is not None and worker.process.poll() is None:
            worker.kill()
