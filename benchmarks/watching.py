"""How far a contestant has come, and what that cost it."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition

from benchmarks.process import Measured
from benchmarks.scenarios import Scenario


@dataclass(frozen=True)
class Sample:
    """One run: records, CPU and wall seconds of its second half, peak memory, first answers."""

    records: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    first_answer: float | None
    first_record: float

    @property
    def per_cpu_second(self) -> float:
        return self.records / self.cpu_seconds

    @property
    def per_second(self) -> float:
        return self.records / max(self.wall_seconds, 1e-9)


class TopicEnd:
    """How many records a topic of one partition holds."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-progress"})
        self._partition = TopicPartition(topic, 0)

    def __call__(self) -> int:
        return int(self._consumer.get_watermark_offsets(self._partition, timeout=10)[1])


class GroupOffsets:
    """How many records a group has committed."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, group: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group})
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]

    def __call__(self) -> int:
        try:
            found = self._consumer.committed(self._partitions, timeout=10)
        except KafkaException:  # the broker is still making room for groups
            return 0
        return sum(max(0, place.offset) for place in found)


class FileLines:
    """How many lines a growing file holds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0
        self._lines = 0

    def __call__(self) -> int:
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                while data := file.read(1 << 20):
                    self._read += len(data)
                    self._lines += data.count(b"\n")
        return self._lines


def watch(
    running: Measured,
    progress: Callable[[], int],
    count: int,
    port: int | None,
    scenario: Scenario,
) -> Sample:
    """Follow a run; what counts is its second half, when everything is warm, or a part of that."""
    first_answer = first_record = None
    half: tuple[int, float, float] | None = None
    while True:
        running.check()
        now = time.monotonic() - running.started
        if port is not None and first_answer is None and answers(port):
            first_answer = time.monotonic() - running.started
        done = progress()
        if done and first_record is None:
            first_record = now
        if half is None and done >= count // 2:
            half = (done, running.cpu_seconds(), time.monotonic())
        if done >= count * scenario.ends_at:
            break
        if now > 300:
            raise TimeoutError(f"{done} of {count} records after {now:.0f} s")
        time.sleep(scenario.look_seconds)
    assert half is not None
    assert first_record is not None
    return Sample(
        records=max(done - half[0], 1),
        cpu_seconds=max(running.cpu_seconds() - half[1], 1e-9),
        wall_seconds=time.monotonic() - half[2],
        peak_bytes=running.peak_bytes,
        first_answer=first_answer,
        first_record=first_record,
    )


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=0.2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
