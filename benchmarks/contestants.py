"""Who does the measured work: Penstock, the Java worker, and the bare client loop."""

from __future__ import annotations

import json
import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Measured
from benchmarks.scenarios import STRING, Scenario
from penstock.broker.java_connect import JavaConnect

CREATE_ATTEMPTS = 240
DRAIN_COMMIT_MS = "100"  # commits are all that tells how far a draining sink is
PLUGINS = Path(__file__).with_name("plugins")


@dataclass(frozen=True)
class Job:
    """One run of one scenario."""

    scenario: Scenario
    bootstrap: str
    folder: Path
    file: Path
    topic: str
    port: int

    @property
    def group(self) -> str:
        """The consumer group of a sink."""
        return f"connect-sink-{self.folder.name}"

    @property
    def worker(self) -> dict[str, str]:
        if self.scenario.transactional:
            return self._base | self._group
        return self._base | {"offset.storage.file.filename": str(self.folder / "offsets")}

    @property
    def _group(self) -> dict[str, str]:
        """A group of one, for what only workers in a group can do."""
        kinds = ("config", "offset", "status")
        topics = {f"{kind}.storage.topic": f"{self.topic}-{kind}" for kind in kinds}
        copies = {f"{kind}.storage.replication.factor": "1" for kind in kinds}
        own = {"group.id": self.topic, "exactly.once.source.support": "enabled"}
        return own | topics | copies

    @property
    def _base(self) -> dict[str, str]:
        return {
            "bootstrap.servers": self.bootstrap,
            "key.converter": STRING,
            "value.converter": STRING,
            "offset.flush.interval.ms": DRAIN_COMMIT_MS if self.scenario.drains else "5000",
            "listeners": f"http://127.0.0.1:{self.port}",
        }

    @property
    def connector(self) -> dict[str, str]:
        usual = {"file": str(self.file), "tasks.max": "1"}
        if self.scenario.kind == "source":
            usual |= {
                "name": "source",
                "connector.class": "FileStreamSource",
                "topic": self.topic,
                "kafka.topic": self.topic,
            }
        else:
            usual |= {
                "name": f"sink-{self.folder.name}",
                "connector.class": "FileStreamSink",
                "topics": self.topic,
            }
        return usual | dict(self.scenario.settings)


def penstock(job: Job) -> Measured:
    worker = job.worker | {"plugin.path": str(PLUGINS)}
    paths = [_write(job.folder / "worker.properties", worker)]
    mode = "distributed" if job.scenario.transactional else "standalone"
    if mode == "standalone":
        paths.append(_write(job.folder / "connector.properties", job.connector))
    command = [sys.executable, "-m", "penstock", mode, *map(str, paths)]
    running = Measured.command(command, job.folder)
    if mode == "distributed":
        _create(job, job.connector)
    return running


def _create(job: Job, connector: Mapping[str, str]) -> None:
    """Ask a worker of a group for the connector, once it listens to such wishes."""
    body = json.dumps({"name": connector["name"], "config": connector}).encode()
    url, kind = f"http://127.0.0.1:{job.port}/connectors", {"Content-Type": "application/json"}
    answer = ""
    for _ in range(CREATE_ATTEMPTS):
        try:
            request = urllib.request.Request(url, body, kind)
            with urllib.request.urlopen(request, timeout=60):
                return
        except urllib.error.HTTPError as error:
            answer = error.read().decode(errors="replace")
        except OSError as error:
            answer = str(error)
        time.sleep(0.25)
    raise TimeoutError(f"the worker takes no connector: {answer[:500]}")


def java(job: Job) -> Measured:
    started = time.monotonic()
    together, connector = job.scenario.transactional, {**job.connector, **job.scenario.java}
    worker = JavaConnect(
        job.folder,
        job.worker,
        None if together else [connector],
        tools=bool(job.scenario.java),
    ).start()
    assert worker.pid is not None
    if together:
        _create(job, connector)
    return Measured(worker.pid, started, worker.stop, job.folder / "java-connect.log")


def bare(job: Job) -> Measured:
    kind = job.scenario.kind
    if kind == "source":
        kind = "transactions" if job.scenario.transactional else kind
        arguments = [job.bootstrap, str(job.file), job.topic, *job.scenario.around]
    else:
        kind = "drain" if job.scenario.drains else kind
        arguments = [job.bootstrap, job.topic, str(job.file), job.group]
    script = str(Path(__file__).with_name("bare.py"))
    return Measured.command([sys.executable, script, kind, *arguments], job.folder)


CONTESTANTS: Mapping[str, Callable[[Job], Measured]] = {
    "bare": bare,
    "penstock": penstock,
    "java": java,
}


def java_found() -> bool:
    """Whether a Java runtime is at hand; the jars come from packages."""
    return shutil.which("java") is not None


def _write(path: Path, properties: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return path
