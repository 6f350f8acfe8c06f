"""The input of a measurement, and how far a contestant has come with it."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from benchmarks.process import Measured

LINE = "{:09d} " + "x" * 89  # 100 bytes with its line end

STRING = "org.apache.kafka.connect.storage.StringConverter"


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


def make_lines(path: Path, count: int) -> Path:
    if not path.exists():
        with path.open("w") as out:
            for start in range(0, count, 10_000):
                rows = range(start, min(start + 10_000, count))
                out.write("\n".join(LINE.format(row) for row in rows) + "\n")
    return path


def make_topic(bootstrap: str, topic: str, partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        done.result(30)
    time.sleep(0.5)  # a client that asks too early keeps believing the topic is unknown


def fill_topic(bootstrap: str, topic: str, count: int) -> None:
    make_topic(bootstrap, topic)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "batch.size": 262144})
    for row in range(count):
        while True:
            try:
                producer.produce(topic, LINE.format(row).encode())
                break
            except BufferError:
                producer.poll(0.05)
        if row % 1000 == 0:
            producer.poll(0)
    producer.flush()


class TopicEnd:
    """How many records a topic holds."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-progress"})
        self._partition = TopicPartition(topic, 0)

    def __call__(self) -> int:
        return int(self._consumer.get_watermark_offsets(self._partition, timeout=10)[1])


class FileLines:
    """How many 100-byte lines a file holds."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> int:
        return self._path.stat().st_size // 100 if self._path.exists() else 0


def watch(running: Measured, progress: Callable[[], int], count: int, port: int | None) -> Sample:
    """Follow a run to its end; what counts is its second half, when everything is warm."""
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
        if done >= count:
            break
        if now > 300:
            raise TimeoutError(f"{done} of {count} records after {now:.0f} s")
        time.sleep(0.02)
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
