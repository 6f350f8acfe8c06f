"""A whole worker beside connectors that crash, hang, grow and print without end."""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from penstock.broker import LocalKafka
from tests.integration.workers import Worker, wait_until
from tests.processes import runs

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
NASTY = Path(__file__).parents[1] / "unit" / "hosting" / "nasty.py"
TELLS_ITS_PROCESS = """
import os
with open({path!r}, "a") as file:
    file.write(str(os.getpid()) + "\\n")
"""


@pytest.fixture
def worker(kafka: LocalKafka, tmp_path: Path) -> Iterator[Worker]:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    tells = TELLS_ITS_PROCESS.format(path=str(tmp_path / "imported"))
    (plugins / "nasty_connectors.py").write_text(NASTY.read_text() + tells)
    made = Worker(
        tmp_path,
        kafka.bootstrap_servers,
        plugin__path=str(plugins),
        penstock__metrics__interval__ms="500",
    )
    made.start().wait_for_rest()
    yield made
    made.kill()


def create(worker: Worker, name: str, **settings: str) -> None:
    given = {"connector.class": "NastySource", "topic": f"{name}-{time.time_ns()}", "deed": "none"}
    given |= {key.replace("__", "."): value for key, value in settings.items()}
    status, body = worker.ask("/connectors", "POST", {"name": name, "config": given})
    assert status == 201, body
    wait_until(lambda: len(worker.states(name)) == 2, what=f"a task of {name}")


def family(worker: Worker) -> list[psutil.Process]:
    """The processes a worker has started, and theirs."""
    assert worker.process is not None
    return psutil.Process(worker.process.pid).children(recursive=True)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [process for process in processes if runs(process)]


def program(process: psutil.Process) -> str:
    try:
        return process.cmdline()[0]
    except (psutil.Error, IndexError):  # it has just begun, or ended
        return ""


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


def trace(worker: Worker, name: str) -> str:
    _, body = worker.ask(f"/connectors/{name}/status")
    return str(body["tasks"][0].get("trace"))


def crashed(worker: Worker, name: str) -> Any:
    """The status of a connector whose task has failed; None as long as it has not."""
    _, body = worker.ask(f"/connectors/{name}/status")
    return body if body["tasks"][0]["state"] == "FAILED" else None


def test_the_worker_imports_no_plugin_and_leaves_nothing_behind_when_it_is_killed(
    worker: Worker,
) -> None:
    create(worker, "good")
    create(worker, "parent", deed="orphan", task__isolation="process")
    wait_until(lambda: "sleep" in map(program, family(worker)), what="a child")
    assert worker.process is not None
    imported = {int(line) for line in (worker.folder / "imported").read_text().split()}
    assert imported
    assert worker.process.pid not in imported
    processes = family(worker)
    assert len(processes) >= 4
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    wait_until(lambda: not alive(processes), 60, what="the end of all its processes")


def test_a_worker_that_is_stopped_leaves_nothing_behind(worker: Worker) -> None:
    create(worker, "good")
    processes = family(worker)
    assert worker.stop() == 0
    wait_until(lambda: not alive(processes), 60, what="the end of all its processes")


TURNS = """
import mmap, sys, time
with open(sys.argv[1], "r+b") as file:
    shared = mmap.mmap(file.fileno(), 8)
turns = 0
while True:
    time.sleep(0.002)
    turns += 1
    shared[:] = turns.to_bytes(8, "little")
"""
TURNS_OF_AN_ANSWER = 3  # of the one who asks, of the worker, and of the one who asks
HARM: dict[str, dict[str, str]] = {
    "segfault": {},
    "exit": {},
    "flood": {},
    "loop": {"task.stuck.timeout.ms": "1500"},
    "deaf": {"after": "1000"},
    "deadlock": {},
    "bomb": {},
    "grow": {"task.memory.max.mb": "200"},
}


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Callable[[], int]]:
    """How often a process got its turn that, like a good task, wants it each 2 ms."""
    path = tmp_path / "turns"
    path.write_bytes(bytes(8))
    process = subprocess.Popen([sys.executable, "-c", TURNS, str(path)])
    try:
        wait_until(lambda: any(path.read_bytes()), what="a first turn")
        yield lambda: int.from_bytes(path.read_bytes(), "little")
    finally:
        process.kill()
        process.wait()


def test_whatever_connectors_do_rest_answers_quickly_and_their_neighbours_go_on(
    worker: Worker, turns: Callable[[], int]
) -> None:
    for number in range(3):
        create(worker, f"good-{number}", task__isolation="process" if number == 0 else "shared")
    wait_until(lambda: all(polled(worker)), what="metrics of all good tasks")
    usual = pace(worker, turns, lambda: time.sleep(3))
    for deed, more in HARM.items():
        create(worker, deed, deed=deed, task__isolation="process", **more)
    seconds: list[float] = []
    late: list[float] = []  # how long this machine keeps a process waiting that has nothing to do

    def ask() -> None:
        for _ in range(400):
            began = time.perf_counter()
            status, _ = worker.ask("/connectors/good-0/status")
            seconds.append(time.perf_counter() - began)
            assert status == 200
            began = time.perf_counter()
            time.sleep(0.005)
            late.append(time.perf_counter() - began - 0.005)

    beside = pace(worker, turns, ask)
    assert percentile(seconds, 99) < 0.1 + TURNS_OF_AN_ANSWER * percentile(late, 99)
    assert beside > usual / 2
    for name in ("good-0", "good-1", "good-2"):
        assert worker.states(name) == ["RUNNING", "RUNNING"]
    wait_until(lambda: worker.states("loop") == ["RUNNING"] * 2, what="a task that is in a loop")
    wait_until(lambda: "SIGSEGV" in trace(worker, "segfault"), what="the reason of a crash")
    wait_until(lambda: "exit status 7" in trace(worker, "exit"), what="the reason of an exit")
    wait_until(lambda: "task.memory.max.mb" in trace(worker, "grow"), what="the limit of memory")
    wait_until(lambda: "processes.max" in trace(worker, "bomb"), what="the limit of processes")
    wait_until(lambda: ours(worker, "loop")["stuck"] == 1, what="a metric of a stuck task")
    assert "Task loop-0 has been inside nasty_connectors.NastyTask." in worker.log
    wait_until(
        lambda: age(worker, "deaf") > 2 and total(worker, "deaf") > 100,
        what="old values of a host that is stuck",
    )
    wait_until(lambda: age(worker, "good-0") < 2, what="new values of another host")
    for deed in HARM:
        assert worker.ask(f"/connectors/{deed}", "DELETE")[0] == 204
    before = total(worker, "good-0")
    wait_until(lambda: total(worker, "good-0") > before, what="more records of a neighbour")


def metrics(worker: Worker, group: str, connector: str) -> dict[str, Any]:
    found = worker.ask("/penstock/v1/metrics")[1]
    (one,) = [g for g in found if g["group"] == group and g["tags"].get("connector") == connector]
    return one


def counted(worker: Worker, connector: str) -> dict[str, Any]:
    return metrics(worker, "source-task-metrics", connector)["metrics"]


def ours(worker: Worker, connector: str) -> dict[str, Any]:
    return metrics(worker, "penstock-task-metrics", connector)["metrics"]


def age(worker: Worker, connector: str) -> float:
    return metrics(worker, "source-task-metrics", connector)["age_seconds"] or 0.0


def total(worker: Worker, connector: str) -> int:
    """Of the records it has polled."""
    return counted(worker, connector)["source-record-poll-total"]


def polled(worker: Worker) -> list[int]:
    """By each of the good connectors."""
    return [total(worker, f"good-{number}") for number in range(3)]


def pace(worker: Worker, turns: Callable[[], int], meanwhile: Callable[[], object]) -> float:
    """Of the good connectors together: records for each turn that this machine gives a process."""
    before, turns_before = sum(polled(worker)), turns()
    meanwhile()
    return (sum(polled(worker)) - before) / max(1, turns() - turns_before)


def test_a_task_that_crashed_is_back_after_a_moment(worker: Worker) -> None:
    marker = str(worker.folder / "crashed")
    create(worker, "once", deed="once", marker=marker, errors__restart__delay__ms="5000")
    told = wait_until(lambda: crashed(worker, "once"), what="a failed task")
    (task,) = worker.ask("/penstock/v1/tasks")[1]  # before it is back: first look, then compare
    measured, seen = ours(worker, "once"), time.time()
    assert told["connector"]["state"] == "RUNNING"
    assert "Task once-0 is restarted in " in told["tasks"][0]["trace"]
    assert "Task once-0 is restarted in " in worker.log
    assert measured["healing-next-restart-timestamp"] > seen * 1000
    assert (task["id"], task["state"], task["host"]) == ("once-0", "FAILED", None)
    assert "SIGSEGV" in task["last_error"]["message"]
    assert seen < task["healing"]["next_at"] < time.time() + 10
    assert (task["healing"]["restarts"], task["healing"]["restarts_max"]) == (0, 10)
    wait_until(lambda: worker.states("once") == ["RUNNING", "RUNNING"], what="a restarted task")
    (task,) = worker.ask("/penstock/v1/tasks")[1]
    assert (task["state"], task["restarts"], task["errors"]) == ("RUNNING", 1, 1)
    assert (task["healing"]["restarts"], task["healing"]["next_at"]) == (1, None)
    hosts: list[Any] = worker.ask("/penstock/v1/hosts")[1]
    assert [host["tasks"] for host in hosts if host["id"] == task["host"]] == [["once-0"]]


def test_a_wrong_setting_of_ours_is_refused(worker: Worker) -> None:
    config = {"connector.class": "NastySource", "topic": "t", "deed": "none"}
    wrong = config | {"task.isolation": "perhaps", "errors.restart.max": "many"}
    status, body = worker.ask("/connectors", "POST", {"name": "w", "config": wrong})
    assert (status, body["error_code"]) == (400, 400)
    assert "contains the following 2 error(s)" in body["message"]
    assert "task.isolation" in body["message"]
    path = "/connector-plugins/NastySource/config/validate"
    _, usual = worker.ask(path, "PUT", {**config, "name": "w"})
    _, given = worker.ask(path, "PUT", {**config, "name": "w", "task.isolation": "process"})
    assert given == usual


def test_plugins_whose_import_ends_the_process_are_left_out(
    kafka: LocalKafka, tmp_path: Path
) -> None:
    for folder, text in (("good", NASTY.read_text()), ("bad", "import os\nos._exit(5)\n")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}_connectors.py").write_text(text)
    path = f"{tmp_path / 'bad'},{tmp_path / 'good'}"
    worker = Worker(tmp_path, kafka.bootstrap_servers, plugin__path=path)
    try:
        worker.start().wait_for_rest()
        create(worker, "works")
        wait_until(lambda: worker.states("works") == ["RUNNING"] * 2, what="a running task")
        assert f"The plugins of {tmp_path / 'bad'} are left out" in worker.log
        assert "exit status 5" in worker.log
    finally:
        worker.kill()
