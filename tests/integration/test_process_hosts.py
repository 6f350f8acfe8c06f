"""What only hosts in processes can show: connectors that harm the process they are in."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.cluster.host_views import CallView
from penstock.cluster.messages import (
    ConnectorChanged,
    StartConnector,
    StartTask,
    State,
    StopTask,
    TargetState,
    TaskChanged,
    TaskId,
    TaskStopped,
)
from penstock.hosting.fleet import AskedError, HostEnded
from penstock.hosting.host_process import OUTPUT_BYTES, OUTPUT_PAUSE_SECONDS, HostProcess
from penstock.hosting.launch import SpawnLauncher
from tests.unit.hosting.process_rig import COMMAND, SHARED, ProcessRig
from tests.unit.hosting.rig import PATIENCE_SECONDS

pytestmark = pytest.mark.integration
ALONE = {"task__isolation": "process"}


@pytest.fixture
def rig() -> Iterator[ProcessRig]:
    made = ProcessRig(SHARED)
    yield made
    made.close()


def start(rig: ProcessRig, name: str, **more: str) -> TaskId:
    given = {"name": name, "connector.class": "NastySource", "topic": name, "deed": "none"}
    given |= {key.replace("__", "."): value for key, value in more.items()}
    task = TaskId(name, 0)
    rig.send(StartTask(task, 1, given, given, TargetState.STARTED))
    return task


def states(rig: ProcessRig, task: TaskId) -> list[str]:
    changes = [r for r in rig.reports if isinstance(r, TaskChanged) and r.id == task]
    return [change.state.value for change in changes]


def failure(rig: ProcessRig, task: TaskId) -> str:
    """Waits until the task has failed; why."""
    rig.until(lambda: states(rig, task)[-1:] == ["FAILED"])
    (report,) = [
        r
        for r in rig.reports
        if isinstance(r, TaskChanged) and r.id == task and r.state is State.FAILED
    ]
    assert report.failure is not None
    assert report.trace == report.failure.trace
    return report.failure.message or ""


def works(rig: ProcessRig, task: TaskId) -> None:
    """It goes on producing."""
    rig.until(lambda: "RUNNING" in states(rig, task))
    before = len(rig.values(task.connector))
    rig.until(lambda: len(rig.values(task.connector)) > before + 2)


@pytest.mark.parametrize(
    ("deed", "words"),
    [
        ("segfault", ["killed by signal 11 (SIGSEGV)", "Segmentation fault", "nasty.py"]),
        ("abort", ["killed by signal 6 (SIGABRT)", "about to abort"]),
        ("exit", ["ended by itself with exit status 7"]),
    ],
)
def test_a_crash_fails_the_task_and_says_what_happened(
    rig: ProcessRig, deed: str, words: list[str]
) -> None:
    neighbour = start(rig, "good", **ALONE)
    task = start(rig, "bad", deed=deed, **ALONE)
    text = failure(rig, task)
    for word in words:
        assert word in text
    works(rig, neighbour)
    assert states(rig, neighbour) == ["RUNNING"]
    rig.send(StopTask(task, 1, 100))
    rig.until(lambda: TaskStopped(task, 1) in rig.reports)


def test_after_a_crash_the_tasks_of_the_host_do_not_share_one_again(rig: ProcessRig) -> None:
    rig.hosts._fleet.settings.hosts_max = 1
    good, bad = start(rig, "good"), start(rig, "bad")
    works(rig, good)
    (host,) = rig.hosts.hosts()
    assert host.pid
    os.kill(host.pid, signal.SIGKILL)
    failure(rig, good)
    failure(rig, bad)
    for task in (good, bad):
        rig.send(StopTask(task, 1, 100))
        start(rig, task.connector)
    rig.until(lambda: len({view.host for view in rig.hosts.tasks()} - {None}) == 2)


def test_memory_beyond_the_limit_ends_the_task_only(rig: ProcessRig) -> None:
    neighbour = start(rig, "good")
    task = start(rig, "bad", deed="grow", task__memory__max__mb="100")
    text = failure(rig, task)
    assert "MB of memory; task.memory.max.mb allows its task 100 MB" in text
    works(rig, neighbour)


def test_a_flood_of_output_keeps_nobody_from_working(
    rig: ProcessRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces: list[bytes] = []
    piece = HostProcess._piece
    monkeypatch.setattr(
        HostProcess, "_piece", lambda self: pieces.append(piece(self)) or pieces[-1]
    )
    neighbour = start(rig, "good", **ALONE)
    works(rig, neighbour)
    start(rig, "bad", deed="flood", **ALONE)
    rig.until(lambda: len(pieces) > 2)
    began, before = time.monotonic(), len(pieces)
    works(rig, neighbour)
    assert len(rig.hosts.hosts()) == 2
    rig.until(lambda: len(pieces) > before + 2)
    taken = len(pieces) - before
    assert taken <= (time.monotonic() - began) / OUTPUT_PAUSE_SECONDS + 1  # and no more: it waits
    assert max(map(len, pieces)) <= OUTPUT_BYTES


def test_a_task_that_forks_is_refused(rig: ProcessRig) -> None:
    assert "must not fork its process" in failure(rig, start(rig, "bad", deed="fork"))


def test_a_task_that_starts_processes_without_end_is_ended(rig: ProcessRig) -> None:
    task = start(rig, "bad", deed="bomb", **ALONE)
    assert "penstock.hosts.processes.max allows 64" in failure(rig, task)


def test_what_a_task_has_started_ends_with_it(rig: ProcessRig) -> None:
    seconds = f"61.{os.getpid()}"  # other tests start such processes as well
    task = start(rig, "bad", deed="orphan", seconds=seconds, **ALONE)
    rig.until(lambda: processes(seconds) == 1)
    rig.send(StopTask(task, 1, 60_000))
    rig.until(lambda: TaskStopped(task, 1) in rig.reports)
    rig.until(lambda: processes(seconds) == 0)


def processes(argument: str) -> int:
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            found += command.split(b"\0")[:2] == [b"sleep", argument.encode()]
    return found


@pytest.mark.parametrize("deed", ["loop", "deadlock", "deaf"])
def test_a_task_that_never_returns_is_given_up_and_its_neighbours_start_elsewhere(
    rig: ProcessRig, tmp_path: Path, deed: str
) -> None:
    rig.hosts._fleet.settings.hosts_max = 1
    neighbour = start(rig, "good")
    works(rig, neighbour)
    task = start(rig, "bad", deed=deed, announced=str(tmp_path / "announced"))
    rig.until((tmp_path / "announced").exists)
    hosts = {view.host for view in rig.hosts.tasks()}
    assert len(hosts) == 1
    rig.send(StopTask(task, 1, 200))
    rig.until(lambda: TaskStopped(task, 1, cancelled=True) in rig.reports)
    rig.until(lambda: {view.host for view in rig.hosts.tasks()}.isdisjoint(hosts))
    works(rig, neighbour)
    rig.until(lambda: len(rig.hosts.hosts()) == 1)
    assert set(states(rig, neighbour)) == {"RUNNING"}


def calls(rig: ProcessRig) -> list[CallView]:
    return [view.call for view in rig.hosts.tasks() if view.call]


def test_a_stuck_task_is_told_with_its_stack(
    rig: ProcessRig, caplog: pytest.LogCaptureFixture
) -> None:
    task = start(rig, "bad", deed="deadlock", task__stuck__timeout__ms="700")
    poll = "tests.unit.hosting.nasty.NastyTask.poll"  # the rig may be slow as well
    rig.until(lambda: (poll, True) in [(c.what, c.stuck) for c in calls(rig)])
    rig.until(lambda: "lock.acquire()" in caplog.text)
    assert f"bad-0 has been inside {poll} for" in caplog.text
    assert states(rig, task) == ["RUNNING"]


@pytest.mark.parametrize("deed", ["loop", "deaf"])
def test_a_stuck_task_is_restarted_if_that_is_wanted(rig: ProcessRig, deed: str) -> None:
    stuck = {"task__stuck__timeout__ms": "700", "task__stuck__action": "restart"}
    task = start(rig, "bad", deed=deed, **stuck)
    rig.until(lambda: len(rig.values("bad")) >= 4)
    assert set(states(rig, task)) == {"RUNNING"}
    (view,) = rig.hosts.tasks()
    assert view.restarts >= 1
    assert view.last_error is not None


def test_a_connector_that_crashes_fails(rig: ProcessRig) -> None:
    given = {"name": "c", "connector.class": "NastySource", "connector.deed": "exit"}
    rig.send(StartConnector("c", 1, given, TargetState.STARTED))
    rig.until(lambda: rig.states() == ["FAILED"])
    (report,) = [r for r in rig.reports if isinstance(r, ConnectorChanged)]
    assert "connector c ended by itself with exit status 9" in (report.trace or "")


def test_questions_are_answered_or_end_with_an_error(rig: ProcessRig) -> None:
    assert rig.hosts.ask("echo", b"hello").result(PATIENCE_SECONDS) == b"hello"
    with pytest.raises(AskedError, match="no such thing") as caught:
        rig.hosts.ask("raise", b"no such thing").result(PATIENCE_SECONDS)
    assert caught.value.kind == "builtins:ValueError"
    with pytest.raises(HostEnded, match="exit status 3"):
        rig.hosts.ask("exit", b"").result(PATIENCE_SECONDS)
    assert rig.hosts.ask("echo", b"again").result(PATIENCE_SECONDS) == b"again"


def test_hosts_in_which_nothing_runs_end() -> None:
    rig = ProcessRig(SHARED, idle_seconds=0.3)
    try:
        answer = rig.hosts.ask("echo", b"hello")
        assert len(rig.hosts.hosts()) == 1
        assert answer.result(PATIENCE_SECONDS) == b"hello"
        rig.until(lambda: not rig.hosts.hosts())
    finally:
        rig.close()


def test_without_a_nursery_hosts_start_from_nothing() -> None:
    rig = ProcessRig(SpawnLauncher(COMMAND))
    try:
        good, bad = start(rig, "good"), start(rig, "bad", deed="segfault", **ALONE)
        assert "SIGSEGV" in failure(rig, bad)
        works(rig, good)
    finally:
        rig.close()


def test_when_the_nursery_dies_tasks_fail_and_can_be_started_again() -> None:
    rig = ProcessRig()
    try:
        task = start(rig, "good")
        works(rig, task)
        launcher: Any = rig.launcher
        launcher._process.kill()
        failure(rig, task)
        rig.send(StopTask(task, 1, 100))
        rig.reports.clear()
        works(rig, start(rig, "good"))
    finally:
        rig.close()


def test_a_wrong_setting_of_ours_fails_the_task(rig: ProcessRig) -> None:
    task = start(rig, "bad", task__isolation="perhaps")
    assert "task.isolation" in failure(rig, task)
