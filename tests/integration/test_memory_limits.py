"""Memory stays bounded, however fast a source and however slow a sink."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Producer

from penstock.testing.kafka import SharedKafka
from tests.integration.workers import JSON, Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

MB = 1 << 20
WATCH_SECONDS = 6.0
GROWTH_MAX_MB = 120  # buffers of one task: 32 MB to send, or 8 MB fetched and a batch, twice over
MESSAGE = b"x" * 4000
MESSAGES = 60_000  # 240 MB, twice what may be held


@pytest.fixture
def worker(tmp_path: Path, kafka: SharedKafka) -> Iterator[Worker]:
    worker = Worker(tmp_path, kafka.bootstrap_servers)
    try:
        yield worker
    finally:
        worker.kill()


def used_mb(worker: Worker) -> float:
    """Of the worker and all its processes, what is shared counted once."""
    assert worker.process is not None
    root = psutil.Process(worker.process.pid)
    total = 0
    for process in (root, *root.children(recursive=True)):
        try:
            total += int(process.memory_full_info().pss)
        except psutil.Error:
            continue
    return total / MB


def peak_mb(worker: Worker, seconds: float = WATCH_SECONDS) -> float:
    end, peak = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        peak = max(peak, used_mb(worker))
        time.sleep(0.1)
    return peak


def piece(pipe: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(pipe, 1)
    return b""


def test_a_sink_that_stands_still_does_not_make_the_worker_read_ahead(
    worker: Worker, kafka: SharedKafka, topic: str
) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "linger.ms": 5})
    for _ in range(MESSAGES):
        while True:
            try:
                producer.produce(topic, MESSAGE)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()
    pipe = worker.folder / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)  # a reader is there, and reads only once
    try:
        worker.add(
            "stuck", {"connector.class": "FileStreamSink", "topics": topic, "file": str(pipe)}
        )
        worker.start().wait_for_rest()
        idle = used_mb(worker)
        assert wait_until(lambda: piece(reading), what="the beginning of a line") == b"x"
        assert peak_mb(worker) < idle + GROWTH_MAX_MB
    finally:
        os.close(reading)


def test_a_source_that_never_waits_is_held_back_by_the_queue_of_its_producer(
    worker: Worker, topic: str
) -> None:
    worker.add(
        "fast",
        {
            "connector.class": "DatagenSource",
            "kafka.topic": topic,
            "quickstart": "users",
            "max.interval": "0",
            "value.converter": JSON,
        },
    )
    worker.start().wait_for_rest()
    idle = used_mb(worker)
    wait_until(lambda: worker.states("fast") == ["RUNNING", "RUNNING"], what="a running task")
    assert peak_mb(worker) < idle + GROWTH_MAX_MB
    assert worker.states("fast") == ["RUNNING", "RUNNING"]
