"""Who does the measured work: Penstock, the Java worker, and the bare client loop."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Measured
from benchmarks.scenarios import STRING, Scenario
from penstock.broker.java_connect import JavaConnect


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
    def worker(self) -> dict[str, str]:
        return {
            "bootstrap.servers": self.bootstrap,
            "key.converter": STRING,
            "value.converter": STRING,
            "offset.storage.file.filename": str(self.folder / "offsets"),
            "offset.flush.interval.ms": "5000",
            "listeners": f"http://127.0.0.1:{self.port}",
        }

    @property
    def connector(self) -> dict[str, str]:
        place = {"file": str(self.file), "tasks.max": "1", **self.scenario.settings}
        if self.scenario.kind == "source":
            return place | {
                "name": "source",
                "connector.class": "FileStreamSource",
                "topic": self.topic,
            }
        return place | {
            "name": f"sink-{self.folder.name}",
            "connector.class": "FileStreamSink",
            "topics": self.topic,
        }


def penstock(job: Job) -> Measured:
    paths = [_write(job.folder / "worker.properties", job.worker)]
    paths.append(_write(job.folder / "connector.properties", job.connector))
    return Measured.command(
        [sys.executable, "-m", "penstock", "standalone", *map(str, paths)], job.folder
    )


def java(job: Job) -> Measured:
    started = time.monotonic()
    worker = JavaConnect(job.folder, job.worker, [job.connector]).start()
    assert worker.pid is not None
    return Measured(worker.pid, started, worker.stop, job.folder / "java-connect.log")


def bare(job: Job) -> Measured:
    kind = job.scenario.kind
    if kind == "source":
        arguments = [job.bootstrap, str(job.file), job.topic, *job.scenario.around]
    else:
        arguments = [job.bootstrap, job.topic, str(job.file), f"bare-{job.folder.name}"]
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
