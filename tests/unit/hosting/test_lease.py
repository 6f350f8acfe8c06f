"""Tasks that may run for some time only, in processes and in threads."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from penstock.cluster.messages import StopTask, TaskId, TaskStopped
from penstock.hosting.lease import Watch, ended_by_lease
from penstock.hosting.thread import ThreadHosts
from tests.unit.hosting.process_rig import SHARED, ProcessRig
from tests.unit.hosting.rig import PATIENCE_SECONDS, HostRig

TASK = TaskId("c", 0)


@pytest.fixture
def rig() -> Iterator[ProcessRig]:
    made = ProcessRig(SHARED)
    yield made
    made.close()


def running(rig: HostRig) -> None:
    rig.start_task(until="1000000")
    rig.until(lambda: len(rig.values()) > 3 and rig.states() == ["RUNNING"])


def test_a_host_ends_with_its_lease_and_that_is_no_failure_of_its_task(rig: ProcessRig) -> None:
    over: list[float] = []
    rig.hosts.when_out_of_time(lambda: over.append(time.monotonic()))
    rig.hosts.renew(time.monotonic() + 60)
    running(rig)
    until = time.monotonic() + 0.3
    rig.hosts.renew(until)
    rig.until(lambda: bool(over))
    assert over[0] >= until
    rig.heard_out()
    written = len(rig.values())
    assert rig.states() == ["RUNNING"]
    rig.send(StopTask(TASK, 1, 1000))
    rig.until(lambda: isinstance(rig.reports[-1], TaskStopped))
    assert len(rig.values()) == written


def test_a_host_goes_on_as_long_as_its_lease_is_renewed(rig: ProcessRig) -> None:
    rig.hosts.renew(time.monotonic() + 60)
    running(rig)
    until = time.monotonic() + 2
    rig.hosts.renew(until)  # both are there before the first is over, however busy the machine
    rig.hosts.renew(until + 60)
    time.sleep(until + 0.1 - time.monotonic())
    before = len(rig.values())
    rig.until(lambda: len(rig.values()) > before + 2)
    assert rig.states() == ["RUNNING"]


def test_a_lease_can_be_ended_at_once(rig: ProcessRig) -> None:
    over: list[bool] = []
    rig.hosts.when_out_of_time(lambda: over.append(True))
    rig.hosts.renew(time.monotonic() + 60)
    running(rig)
    rig.hosts.renew(time.monotonic())
    rig.until(lambda: bool(over))


def test_a_host_that_begins_after_its_lease_does_nothing(rig: ProcessRig) -> None:
    over: list[bool] = []
    rig.hosts.when_out_of_time(lambda: over.append(True))
    rig.hosts.renew(time.monotonic() - 1)
    rig.start_task(until="1000000")
    rig.until(lambda: bool(over))
    assert rig.values() == []


def test_tasks_in_threads_are_cut_off_and_say_nothing_more() -> None:
    rig = HostRig(ThreadHosts)
    running(rig)
    assert isinstance(rig.hosts, ThreadHosts)
    rig.hosts.cut_off()
    rig.send(StopTask(TASK, 1, 60_000))
    rig.until(lambda: isinstance(rig.reports[-1], TaskStopped))
    assert rig.states() == ["RUNNING"]


def test_a_watch_calls_when_the_time_is_over_and_not_before() -> None:
    over: list[float] = []
    watch = Watch(lambda: over.append(time.monotonic()))
    watch.renew(time.monotonic() + 60)
    until = time.monotonic() + 0.02
    watch.renew(until)
    end = time.monotonic() + PATIENCE_SECONDS
    while not over and time.monotonic() < end:
        time.sleep(0.005)
    assert over[0] >= until


def test_only_the_alarm_is_the_end_of_a_lease() -> None:
    assert ended_by_lease(signal.SIGALRM)
    assert not ended_by_lease(signal.SIGKILL)
    assert not ended_by_lease(0)
    assert not ended_by_lease(None)
