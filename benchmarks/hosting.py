"""What host processes cost: start-up, memory, and what a bad neighbour takes away.

python -m benchmarks.hosting [ready] [memory] [neighbours]
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

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
NEIGHBOURS = 20
DEEDS: Mapping[str, Mapping[str, str]] = {
    "none": {},
    "segfault": {},
    "deadlock": {},
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


def memory(kafka: str, tasks: int = 100) -> None:
    """A worker without work, and then with idle file sources."""
    with tempfile.TemporaryDirectory() as folder:
        worker = Worker(Path(folder), kafka).start()
        try:
            worker.wait_for_rest()
            worker.ask("/connector-plugins")
            idle = _pss(worker)
            for number in range(tasks):
                path = Path(folder, f"{number}.txt")
                path.touch()
                _create(worker, f"idle-{number}", "FileStreamSource", file=str(path))
            wait_until(lambda: _running(worker) == tasks, 120, what="running tasks")
            time.sleep(5)
            before, began = _cpu(worker), time.monotonic()
            time.sleep(20)
            cpu = (_cpu(worker) - before) / (time.monotonic() - began) * 60
            busy = _pss(worker)
            hosts = len(worker.ask("/penstock/v1/hosts")[1])
            print(
                f"idle worker {idle:.0f} MB; with {tasks} idle tasks in {hosts} hosts "
                f"{busy:.0f} MB, {(busy - idle) / tasks:.2f} MB a task, {cpu:.2f} CPU s a minute"
            )
        finally:
            worker.kill()


def neighbours(kafka: str, seconds: float = 10.0) -> None:
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
    print(f"{deed:>9}: {usual:.0f}/s without, {beside:.0f}/s beside: {beside / usual - 1:+.1%}")


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


def _pss(worker: Worker) -> float:
    return sum(process.memory_full_info().pss for process in _tree(worker)) / MB


def _cpu(worker: Worker) -> float:
    times = [process.cpu_times() for process in _tree(worker)]
    return sum(each.user + each.system for each in times)


def main(wanted: list[str]) -> None:
    with_kafka: dict[str, Callable[[str], None]] = {"memory": memory, "neighbours": neighbours}
    if not wanted or "ready" in wanted:
        ready()
    chosen = [run for name, run in with_kafka.items() if not wanted or name in wanted]
    if chosen:
        with LocalKafka() as kafka:
            for run in chosen:
                run(kafka.bootstrap_servers)


if __name__ == "__main__":
    main(sys.argv[1:])
