"""How long a line that is added to a file takes to its topic, and what idle connectors cost.

    python -m benchmarks.latency [--records N] [--idle N] [--java] [--json FILE]

One worker follows a file; lines are added at a low rate, and a consumer that waits sees them come:
median and 99th percentile in milliseconds. Then so many file sources are idle for 20 seconds, just
after they sent a line each, and again when their producers have been idle for long.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition

from benchmarks.process import Measured
from benchmarks.scenarios import STRING, make_topic
from benchmarks.watching import TopicEnd, answers
from penstock.broker import LocalKafka
from penstock.broker.java_connect import JavaConnect
from penstock.broker.ports import free_ports

WARM_LINES = 5
BETWEEN_SECONDS = (0.05, 0.15)
IDLE_SECONDS = 20.0
SETTLE_SECONDS = 5.0
GONE_SECONDS = 75.0  # beyond idle.close.ms, and the commit of the lines after a minute
START_SECONDS = 120.0

Latencies = dict[str, float]


def worker_settings(bootstrap: str, folder: Path, port: int | None = None) -> dict[str, str]:
    return {
        "bootstrap.servers": bootstrap,
        "key.converter": STRING,
        "value.converter": STRING,
        "offset.storage.file.filename": str(folder / "offsets"),
        "listeners": f"http://127.0.0.1:{port or free_ports(1)[0]}",
    }


def started(
    bootstrap: str,
    folder: Path,
    connectors: Sequence[Mapping[str, str]],
    *,
    java: bool,
    port: int | None = None,
) -> Measured:
    folder.mkdir()
    worker = worker_settings(bootstrap, folder, port)
    if java:
        began = time.monotonic()
        running = JavaConnect(folder, worker, [dict(c) for c in connectors]).start()
        assert running.pid is not None
        return Measured(running.pid, began, running.stop, folder / "java-connect.log")
    paths = [_written(folder / "worker.properties", worker)]
    paths += [_written(folder / f"{c['name']}.properties", c) for c in connectors]
    command = [sys.executable, "-m", "penstock", "standalone", *map(str, paths)]
    return Measured.command(command, folder)


def _written(path: Path, properties: Mapping[str, str]) -> Path:
    path.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))
    return path


def file_source(name: str, file: Path, topic: str) -> dict[str, str]:
    file.touch()
    return {
        "name": name,
        "connector.class": "FileStreamSource",
        "file": str(file),
        "topic": topic,
        "tasks.max": "1",
    }


def latencies(bootstrap: str, folder: Path, lines: int, *, java: bool = False) -> Latencies:
    """Milliseconds from a line's end of file to the consumer that waits for it."""
    topic, file = f"latency-{folder.name}", folder.with_suffix(".txt")
    make_topic(bootstrap, topic)
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": topic, "fetch.wait.max.ms": 500}
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    running = started(bootstrap, folder, [file_source("lines", file, topic)], java=java)
    found: list[float] = []
    try:
        for number in range(WARM_LINES + lines):
            with file.open("a") as out:
                out.write(f"line {number}\n")
            began = time.perf_counter()
            while (message := consumer.poll(60)) is None or message.error():
                running.check()
            found.append((time.perf_counter() - began) * 1000)
            time.sleep(random.uniform(*BETWEEN_SECONDS))
    finally:
        running.stop()
        consumer.close()
    return percentiles(found[WARM_LINES:])


def start_up(bootstrap: str, folder: Path, times: int, *, java: bool = False) -> Latencies:
    """Seconds from the call of a worker to its first answer, and to its first record; medians."""
    answered: list[float] = []
    recorded: list[float] = []
    for number in range(times):
        place = folder.with_name(f"{folder.name}-{number}")
        topic, file = f"start-{place.name}", place.with_suffix(".txt")
        make_topic(bootstrap, topic)
        source = file_source("lines", file, topic)
        file.write_text("first\n")
        port = free_ports(1)[0]
        end, began = TopicEnd(bootstrap, topic), time.monotonic()
        with ThreadPoolExecutor(1) as pool:  # beside it, as Java's worker is waited for
            waiting = pool.submit(_until, partial(answers, port))
            running = started(bootstrap, place, [source], java=java, port=port)
            try:
                _until(end)
                recorded.append(time.monotonic() - began)
                answered.append(waiting.result() - began)
            finally:
                running.stop()
    median = statistics.median
    return {"first answer s": median(answered), "first record s": median(recorded)}


def _until(there: Callable[[], object]) -> float:
    ends = time.monotonic() + START_SECONDS
    while not there():
        if time.monotonic() > ends:
            raise TimeoutError("the worker has not started")
        time.sleep(0.01)
    return time.monotonic()


def percentiles(found: Sequence[float]) -> Latencies:
    cuts = statistics.quantiles(found, n=100, method="inclusive")
    return {"p50 ms": cuts[49], "p99 ms": cuts[98], "max ms": max(found)}


def idle(bootstrap: str, folder: Path, count: int, *, java: bool = False) -> Latencies:
    """What so many file sources cost that have nothing to read."""
    files = folder.with_suffix(".files")
    files.mkdir()
    topic = f"idle-{folder.name}"
    make_topic(bootstrap, topic)
    names = [f"idle-{number}" for number in range(count)]
    connectors = [file_source(name, files / name, topic) for name in names]
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic})
    running = started(bootstrap, folder, connectors, java=java)
    try:
        for name in names:
            (files / name).write_text("first\n")
        for _ in range(600):  # all are at work once each has sent its line
            end = consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)[1]
            if end >= count:
                break
            time.sleep(0.1)
        sent = time.monotonic()
        time.sleep(SETTLE_SECONDS)
        first, peak = _busy(running), running.peak_bytes / 1e6
        time.sleep(max(0.0, sent + GONE_SECONDS - time.monotonic()))
        later = {"% of a core": _busy(running), "MB": running.memory_bytes() / 1e6}
        return later | {"% of a core at first": first, "MB at most": peak}
    finally:
        running.stop()
        consumer.close()


def _busy(running: Measured) -> float:
    """How much of a core it takes, in percent."""
    before, began = running.cpu_seconds(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    return 100 * (running.cpu_seconds() - before) / (time.monotonic() - began)


Extra = Callable[[str, Path, bool, bool], Latencies]  # broker, folder, whether Java, whether quick

EXTRAS: Mapping[str, Extra] = {
    "start-up": lambda broker, folder, java, quick: start_up(
        broker, folder, 1 if quick else 3, java=java
    ),
    "latency": lambda broker, folder, java, quick: latencies(
        broker, folder, 30 if quick else 100, java=java
    ),
    "idle-50": lambda broker, folder, java, _: idle(broker, folder, 50, java=java),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--records", type=int, default=200, help="lines that are timed")
    parser.add_argument("--idle", type=int, default=50, help="idle connectors")
    parser.add_argument("--java", action="store_true", help="the Java worker as well")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="penstock-latency-"))
    report: dict[str, Latencies] = {}
    try:
        with LocalKafka(jvm_options=()) as kafka:
            for name in ("penstock", *(["java"] if arguments.java else [])):
                java, bootstrap = name == "java", kafka.bootstrap_servers
                if arguments.records:
                    line = latencies(bootstrap, work / name, arguments.records, java=java)
                    report[f"{name}, a line's way"] = line
                if arguments.idle:
                    cost = idle(bootstrap, work / f"{name}-idle", arguments.idle, java=java)
                    report[f"{name}, {arguments.idle} idle sources"] = cost
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for title, figures in report.items():
        print(f"{title}: " + ", ".join(f"{name} {value:.1f}" for name, value in figures.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
