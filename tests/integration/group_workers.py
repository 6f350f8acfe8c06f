"""Workers of one group, ours and Java's, for tests."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from pathlib import Path

from penstock.broker.java_connect import JavaConnect
from tests.integration.workers import JSON, Worker, wait_until, write_properties


class Group:
    """The settings that workers of one group share; topics and group have names of their own."""

    def __init__(self, bootstrap: str, folder: Path, **shared: str) -> None:
        self.bootstrap, self.folder = bootstrap, folder
        self.shared = {name.replace("__", "."): value for name, value in shared.items()}
        self.name = f"group-{uuid.uuid4().hex[:8]}"
        self.ours: list[Distributed] = []
        self.javas: list[JavaWorker] = []

    def settings(self) -> dict[str, str]:
        topics = {f"{kind}.storage.topic": f"{self.name}-{kind}" for kind in KINDS}
        copies = {f"{kind}.storage.replication.factor": "1" for kind in KINDS}
        return {
            "group.id": self.name,
            "key.converter": JSON,
            "value.converter": JSON,
            "offset.flush.interval.ms": "1000",
            "offset.storage.partitions": "5",
            "status.storage.partitions": "2",
            "scheduled.rebalance.max.delay.ms": "2000",
            "session.timeout.ms": "6000",
            "heartbeat.interval.ms": "500",
            **topics,
            **copies,
            **self.shared,
        }

    def worker(self, **settings: str) -> Distributed:
        made = Distributed(self, self.folder / f"w{len(self.ours)}", **settings)
        self.ours.append(made)
        return made

    def java(self) -> JavaWorker:
        made = JavaWorker(self, self.folder / f"j{len(self.javas)}")
        self.javas.append(made)
        return made

    def end(self) -> None:
        for worker in self.ours:
            if worker.process is not None and worker.process.poll() is None:
                worker.kill()
        for java in self.javas:
            java.kill()


KINDS = ("config", "offset", "status")


class Distributed(Worker):
    """`penstock distributed` in a folder of its own."""

    def __init__(self, group: Group, folder: Path, **settings: str) -> None:
        folder.mkdir()
        super().__init__(folder, group.bootstrap)
        self.group = group
        del self.settings["offset.storage.file.filename"]
        named = {name.replace("__", "."): value for name, value in settings.items()}
        self.settings |= group.settings() | named

    @property
    def id(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        path = self.folder / "worker.properties"
        write_properties(path, self.settings)
        return [sys.executable, "-m", "penstock", "distributed", str(path), "ignored"]


class JavaWorker(Worker):
    """A Java worker of the same group, asked in the same way."""

    def __init__(self, group: Group, folder: Path) -> None:
        super().__init__(folder, group.bootstrap)
        listener = {"listeners": f"http://127.0.0.1:{self.port}"}
        given = {"bootstrap.servers": group.bootstrap, **listener, **group.settings()}
        self.java = JavaConnect(folder, given)

    @property
    def id(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> JavaWorker:
        self.java.start()
        return self

    def kill(self) -> None:
        self.java.kill()

    def stop(self, seconds: float = 60.0) -> int:
        """End it as an operator would."""
        self.java.stop()
        return 0

    def wait_for_rest(self, seconds: float = 60.0) -> None:
        wait_until(lambda: self.ask("/health")[0] == 200, seconds, what="health")


def places(worker: Worker, names: Sequence[str]) -> dict[str, str]:
    """Where everything of these connectors runs, as a worker shows it; empty if not all does."""
    found: dict[str, str] = {}
    for name in names:
        status, body = worker.ask(f"/connectors/{name}/status")
        if status != 200 or not body["tasks"]:
            return {}
        parts = [body["connector"], *body["tasks"]]
        if {part["state"] for part in parts} != {"RUNNING"}:
            return {}
        found[name] = parts[0]["worker_id"]
        found |= {f"{name}-{part['id']}": part["worker_id"] for part in parts[1:]}
    return found


def shared_evenly(workers: Sequence[Distributed | JavaWorker], names: Sequence[str]) -> bool:
    """Whether everything runs, on these workers, in fair shares, and all of them show the same."""
    seen = [places(worker, names) for worker in workers]
    if not seen[0] or any(other != seen[0] for other in seen):
        return False
    ids = [worker.id for worker in workers]
    for kind in (False, True):
        at = [where for what, where in seen[0].items() if (what not in names) is kind]
        loads = [at.count(worker) for worker in ids]
        if sum(loads) != len(at) or max(loads) - min(loads) > 1:
            return False
    return True
