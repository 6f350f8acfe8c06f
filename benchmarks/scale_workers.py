"""Workers of one group for the scale benchmark, ours or Java's, and what they cost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from penstock.broker.java_connect import JavaConnect
from penstock.broker.ports import free_ports

STRING = "org.apache.kafka.connect.storage.StringConverter"
JAVA_HEAP_MB = 2048


class GroupWorker:
    """One worker process; `start` returns at once for ours, and when it is up for Java's."""

    def __init__(self, folder: Path, settings: Mapping[str, str], *, java: bool) -> None:
        folder.mkdir(parents=True)
        self.port = free_ports(1)[0]
        self.id = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._settings = {**settings, "listeners": f"http://{self.id}"}
        self._java = java
        self._pid: int | None = None
        self._end: Callable[[], None] = lambda: None

    def start(self) -> None:
        if self._java:
            worker = JavaConnect(self._folder, self._settings, heap_mb=JAVA_HEAP_MB).start()
            self._pid, self._end = worker.pid, worker.kill
            return
        path = self._folder / "worker.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in self._settings.items()))
        with (self._folder / "worker.log").open("wb") as out:
            command = [sys.executable, "-m", "penstock", "distributed", str(path)]
            process = subprocess.Popen(command, cwd=self._folder, stdout=out, stderr=out)
        self._pid = process.pid

        def end() -> None:
            process.kill()
            process.wait()

        self._end = end

    def tree(self) -> list[psutil.Process]:
        if self._pid is None:
            return []
        root = psutil.Process(self._pid)
        return [root, *root.children(recursive=True)]

    def memory_mb(self) -> float:
        """Proportional set size of the worker and its hosts."""
        return sum(process.memory_full_info().pss for process in self.tree()) / 1e6

    def cpu_seconds(self) -> float:
        times = [process.cpu_times() for process in self.tree()]
        return sum(it.user + it.system for it in times)

    def kill(self) -> None:
        """SIGKILL, as a machine that is gone."""
        self._end()
        self._pid, self._end = None, lambda: None


def group_settings(bootstrap: str, group: str, max_delay_ms: int) -> dict[str, str]:
    """The same for both kinds."""
    topics = {f"{kind}.storage.topic": f"{group}-{kind}" for kind in KINDS}
    copies = {f"{kind}.storage.replication.factor": "1" for kind in KINDS}
    return {
        "bootstrap.servers": bootstrap,
        "group.id": group,
        "key.converter": STRING,
        "value.converter": STRING,
        "offset.storage.partitions": "25",
        "status.storage.partitions": "5",
        "scheduled.rebalance.max.delay.ms": str(max_delay_ms),
        "session.timeout.ms": "10000",
        "heartbeat.interval.ms": "3000",
        **topics,
        **copies,
    }


KINDS = ("config", "offset", "status")


def java_found() -> bool:
    return shutil.which("java") is not None
