"""What host processes cost: start-up, memory, and what a bad neighbour takes away.

python -m benchmarks.hosting [ready] [rest[=TIMES]] [record[=TIMES]] [sources[=N]] [sinks[=N]]
    [neighbours]
"""

from __future__ import annotations

import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import psutil

from penstock.broker import LocalKafka
from penstock.cluster.messages import Report
from penstock.hosting.fleet import HostingSettings
from penstock.hosting.launch import ForkLauncher, Launcher, SpawnLauncher, host_command
from penstock.hosting.plan import HostPlan, plan_bytes
from penstock.hosting.process import ProcessHosts
from penstock.hosting.settings import ConverterSettings, HostSettings
from penstock.sdk.converter import Role
from penstock.testing.memory_kafka import MemoryOffsets
from tests.integration.workers import Worker, wait_until

MB = 1 << 20
STRING = "org.apache.kafka.connect.storage.StringConverter"
NASTY = Path(__file__).parents[1] / "tests" / "unit" / "hosting" / "nasty.py"
ROWS = ("ready", "rest", "record", "sources", "sinks", "neighbours")
NEIGHBOURS = 20
IDLE_TASKS, SETTLE_SECONDS, IDLE_SECONDS = 50, 15, 60
LINGER_SECONDS = 35  # after which a host in which nothing runs has ended
ANSWERS = 10
DEEDS: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "segfault": {"errors.restart.delay.ms": "500", "errors.restart.delay.max.ms": "500"},
    "loop": {},
    "flood": {},
    "grow": {"task.memory.max.mb": "200"},
}


class NoOffsets:
    """Forgotten with the benchmark."""

    def of(self, connector: str, properties: Mapping[str, str]) -> MemoryOffsets:
        return MemoryOffsets()


def hosts_with(launcher: Launcher, reports: list[Report]) -> ProcessHosts:
    settings = HostSettings({role: ConverterSettings(STRING, {}) for role in Role})
    made = ProcessHosts(launcher, NoOffsets(), reports.append, HostingSettings())
    made.set_plan(plan_bytes(HostPlan({"bootstrap.servers": "localhost:1"}, settings, "All")))
    return made


def ready() -> None:
    """From the wish for a host until it has answered a question."""
    for name, launcher in (("fork", ForkLauncher), ("spawn", SpawnLauncher)):
        hosts = hosts_with(launcher(host_command()), [])
        found = [_answered(hosts) for _ in range(12)]
        private = _private(hosts)
        hosts.close()
        print(f"{name:>6}: first {found[0]:.0f} ms, then {statistics.median(found[1:]):.1f} ms "
              f"(least {min(found):.1f}), {private:.1f} MB private")  # fmt: skip


def _answered(hosts: ProcessHosts) -> float:
    began = time.perf_counter()
    hosts.ask("plugins", b"\x90").result(30)
    ms = (time.perf_counter() - began) * 1000
    hosts.end_questions("measured")
    wait_until(lambda: not hosts.hosts(), 10, what="the end of a host")
    return ms


def _private(hosts: ProcessHosts) -> float:
    hosts.ask("plugins", b"\x90").result(30)
    (host,) = hosts.hosts()
    assert host.pid is not None
    return psutil.Process(host.pid).memory_full_info().uss / MB


def rest(times: int) -> None:
    """From the start of a worker's process until `GET /` is answered; Kafka is not there."""
    seconds: list[float] = []
    cpu: list[float] = []  # of the worker's process alone: a machine that is busy does not count
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            worker = Worker(Path(folder), "localhost:1")
            began = time.perf_counter()
            worker.start()
            while not answers(worker.port):
                time.sleep(0.002)
            seconds.append(time.perf_counter() - began)
            used = _tree(worker)[0].cpu_times()
            cpu.append(used.user + used.system)
            worker.kill()
    print(
        f"first REST answer after {statistics.median(seconds):.3f} s (least {min(seconds):.3f}), "
        f"{statistics.median(cpu):.2f} CPU s (least {min(cpu):.2f})",
        flush=True,
    )


def record(kafka: str, times: int) -> None:
    """From the start of a worker with a file source until its first record is produced."""
    from confluent_kafka import Consumer

    steps: dict[str, list[float]] = {}
    for number in range(times):
        with tempfile.TemporaryDirectory() as folder:
            topic = f"first-{number}"
            given, worker = Path(folder, "in.txt"), Worker(Path(folder), kafka)
            given.write_text("first\n")
            source = {"connector.class": "FileStreamSource", "file": str(given), "topic": topic}
            worker.add("first", source)
            settings = {
                "bootstrap.servers": kafka,
                "group.id": topic,
                "auto.offset.reset": "earliest",
            }
            consumer = Consumer({**settings, "topic.metadata.refresh.interval.ms": 20})
            consumer.subscribe([topic])
            consumer.poll(3.0)  # a member of its group, when the worker starts
            began = time.time()
            worker.start()
            while (message := consumer.poll(0.05)) is None or message.error():
                assert time.time() < began + 30, worker.log
            for step, at in [*_told(worker.log), ("produced", message.timestamp()[1] / 1000)]:
                steps.setdefault(step, []).append(at - began)
            consumer.close()
            worker.kill()
    told = (f"{step} after {statistics.median(took):.3f} s" for step, took in steps.items())
    print(", ".join(told), flush=True)


def _told(log: str) -> list[tuple[str, float]]:
    """When a worker said that it listens and that it has everything, from its log."""
    found: list[tuple[str, float]] = []
    for step, words in (("listens", " INFO Listening on"), ("started", "Kafka Connect started")):
        line = next(line for line in log.splitlines() if words in line)
        at = datetime.strptime(line[1:24], "%Y-%m-%d %H:%M:%S,%f").astimezone()
        found.append((step, at.timestamp()))
    return found


def answers(port: int) -> bool:
    """Asked as cheaply as can be, so as not to take the worker's core."""
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: worker\r\n\r\n")
            return bool(connection.recv(1))
    except OSError:
        return False


def idle(kafka: str, kind: str, tasks: int) -> None:
    """A worker without work, and then with this many connectors of one task that have none."""
    with tempfile.TemporaryDirectory() as folder:
        flush = "60000"  # the default; each interval wakes a task once
        worker = Worker(Path(folder), kafka, offset__flush__interval__ms=flush).start()
        try:
            worker.wait_for_rest()
            worker.ask("/connector-plugins")
            alone = Used.by(worker)
            time.sleep(LINGER_SECONDS)
            quiet = Used.by(worker)
            _create_idle(worker, kind, 0, Path(folder))
            wait_until(lambda: _running(worker) == 1, 60, what="a running task")
            time.sleep(2)
            first = Used.by(worker)
            for number in range(1, tasks):
                _create_idle(worker, kind, number, Path(folder))
            wait_until(lambda: _running(worker) == tasks, 240, what="running tasks")
            time.sleep(SETTLE_SECONDS)
            before = Used.by(worker)
            time.sleep(IDLE_SECONDS)
            used = Used.by(worker)
            hosts = len(worker.ask("/penstock/v1/hosts")[1])
            cpu = (used.cpu_seconds - before.cpu_seconds) / (used.at - before.at)
            more = (used.pss - first.pss) / max(1, tasks - 1)
            print(
                f"{kind}: worker {alone.pss / MB:.0f} MB, {quiet.pss / MB:.0f} without the host "
                f"that knew of plugins, with a first task {first.pss / MB:.0f}, "
                f"with {tasks} in {hosts} hosts {used.pss / MB:.0f} MB: {more / MB:.2f} MB a task; "
                f"{used.threads} threads, {used.files} files, {cpu:.2%} of a core "
                f"({cpu * 60:.2f} CPU s a minute), wake-ups {used.shares_since(before)}",
                flush=True,
            )
        finally:
            worker.kill()


class Busy(NamedTuple):
    """What threads of one name did."""

    cpu_seconds: float = 0.0
    wake_ups: float = 0.0


class Used(NamedTuple):
    """By a worker and all that it has started."""

    at: float
    pss: int
    cpu_seconds: float
    threads: int
    files: int
    by_thread: Mapping[str, Busy]

    def shares_since(self, before: Used) -> str:
        """Of a core, and wake-ups a second, by what threads are called; librdkafka's are rdk."""
        seconds = self.at - before.at
        parts = {
            name: Busy(
                (busy.cpu_seconds - before.by_thread.get(name, Busy()).cpu_seconds) / seconds,
                (busy.wake_ups - before.by_thread.get(name, Busy()).wake_ups) / seconds,
            )
            for name, busy in self.by_thread.items()
        }
        most = sorted(parts.items(), key=lambda part: -part[1].cpu_seconds)
        told = [f"{name} {busy.cpu_seconds:.2%} and {busy.wake_ups:.0f}" for name, busy in most[:6]]
        return f"{sum(busy.wake_ups for busy in parts.values()):.0f} a second: {', '.join(told)}"

    @classmethod
    def by(cls, worker: Worker) -> Used:
        tree = _tree(worker)
        times = [process.cpu_times() for process in tree]
        return cls(
            time.monotonic(),
            sum(process.memory_full_info().pss for process in tree),
            sum(each.user + each.system for each in times),
            sum(process.num_threads() for process in tree),
            sum(process.num_fds() for process in tree),
            _by_thread(tree),
        )


def _by_thread(tree: Sequence[psutil.Process]) -> dict[str, Busy]:
    found: dict[str, Busy] = {}
    for process in tree:
        for thread in process.threads():
            with suppress(FileNotFoundError):  # it has ended just now
                place = Path(f"/proc/{process.pid}/task/{thread.id}")
                told, nanoseconds = (
                    (place / "status").read_text(),
                    (place / "schedstat").read_text(),
                )
                lines = dict(line.split(":\t", 1) for line in told.splitlines() if ":\t" in line)
                name, more = lines["Name"], int(lines["voluntary_ctxt_switches"])
                seconds, wake_ups = found.get(name, Busy())
                spent = int(nanoseconds.split()[0]) / 1e9  # the kernel's other times are too coarse
                found[name] = Busy(seconds + spent, wake_ups + more)
    return found


def _create_idle(worker: Worker, kind: str, number: int, folder: Path) -> None:
    path = folder / f"{number}.txt"
    path.touch()
    if kind == "sources":
        _create(worker, f"idle-{number}", "FileStreamSource", file=str(path))
    else:
        _create(worker, f"idle-{number}", "FileStreamSink", file=str(path), topics="idle")


def neighbours(kafka: str, seconds: float = 8.0) -> None:
    """Records of 20 tasks beside one that does harm, against the same beside a good one."""
    with tempfile.TemporaryDirectory() as folder:
        plugins = Path(folder, "plugins")
        plugins.mkdir()
        (plugins / "nasty_connectors.py").write_text(NASTY.read_text())
        worker = Worker(Path(folder), kafka, plugin__path=str(plugins)).start()
        try:
            worker.wait_for_rest()
            for number in range(NEIGHBOURS):
                _create(worker, f"good-{number}", "NastySource", deed="none", topic="neighbours")
            wait_until(lambda: _running(worker) == NEIGHBOURS, 60, what="running neighbours")
            time.sleep(3)
            for deed, more in DEEDS.items():
                _beside(worker, kafka, deed, more, seconds)
        finally:
            worker.kill()


def _beside(worker: Worker, kafka: str, deed: str, more: Mapping[str, str], seconds: float) -> None:
    alone = _rate(kafka, seconds)
    name = f"bad-{deed}"
    given = {"deed": deed, "topic": "bad", "task.isolation": "process", **more}
    _create(worker, name, "NastySource", **given)
    time.sleep(1)
    beside = _rate(kafka, seconds)
    worker.ask(f"/connectors/{name}", "DELETE")
    time.sleep(1)
    again = _rate(kafka, seconds)
    usual = (alone + again) / 2
    ratio = beside / usual
    print(f"{deed:>9}: {usual:.0f}/s without, {beside:.0f}/s beside: {ratio:.3f}", flush=True)


def _rate(kafka: str, seconds: float) -> float:
    before, began = _end(kafka), time.monotonic()
    time.sleep(seconds)
    return (_end(kafka) - before) / (time.monotonic() - began)


def _end(kafka: str) -> int:
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "benchmark"})
    try:
        found = consumer.get_watermark_offsets(TopicPartition("neighbours", 0), timeout=10)
        return found[1]
    finally:
        consumer.close()


def _create(worker: Worker, name: str, kind: str, **settings: str) -> None:
    config = {"connector.class": kind, "topic": name, **settings}
    status, body = worker.ask("/connectors", "POST", {"name": name, "config": config})
    assert status == 201, json.dumps(body)


def _running(worker: Worker) -> int:
    tasks = worker.ask("/penstock/v1/tasks")[1] or []
    return sum(task["state"] == "RUNNING" for task in tasks)


def _tree(worker: Worker) -> list[psutil.Process]:
    assert worker.process is not None
    process = psutil.Process(worker.process.pid)
    return [process, *process.children(recursive=True)]


def main(wanted: list[str]) -> None:
    chosen = {each.partition("=")[0]: each.partition("=")[2] for each in wanted or ROWS}
    if unknown := chosen.keys() - set(ROWS):
        sys.exit(f"There are {', '.join(ROWS)}, and not {', '.join(unknown)}.")
    if "ready" in chosen:
        ready()
    if "rest" in chosen:
        rest(int(chosen["rest"] or ANSWERS))
    if chosen.keys() & {"record", "sources", "sinks", "neighbours"}:
        with LocalKafka() as kafka:
            _with_kafka(kafka.bootstrap_servers, chosen)


def _with_kafka(kafka: str, chosen: Mapping[str, str]) -> None:
    if "record" in chosen:
        record(kafka, int(chosen["record"] or ANSWERS))
    for kind in ("sources", "sinks"):
        if kind in chosen:
            idle(kafka, kind, int(chosen[kind] or IDLE_TASKS))
    if "neighbours" in chosen:
        neighbours(kafka)


if __name__ == "__main__":
    main(sys.argv[1:])
