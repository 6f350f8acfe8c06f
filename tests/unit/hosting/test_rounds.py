"""Hosts are looked after now and then; what costs much is done seldom."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.hosting import rounds
from penstock.hosting.fleet import HostingSettings
from penstock.hosting.rounds import COUNT_SECONDS, Rounds

PID = 4711


class Machine:
    """A machine of so many threads, and one host of so many processes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads, self.processes = 400, 1
        self.killed: list[str] = []
        self.counts = 0
        monkeypatch.setattr(rounds, "machine_threads", lambda: self.threads)
        monkeypatch.setattr(rounds, "group_sizes", self._group_sizes)
        process = SimpleNamespace(pid=PID, kill=self.killed.append)
        members = {1: SimpleNamespace(process=process)}
        fleet = SimpleNamespace(settings=HostingSettings(), members=members)
        crew: Any = SimpleNamespace(fleet=fleet)
        self.rounds = Rounds(asyncio.new_event_loop(), crew)

    def _group_sizes(self) -> dict[int, int]:
        self.counts += 1
        return {PID: self.processes}

    def look(self, now: float) -> None:
        self.rounds._count_processes(now)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Any:
    made = Machine(monkeypatch)
    yield made
    made.rounds._loop.close()


def test_processes_are_counted_when_there_are_many_more_threads(machine: Machine) -> None:
    for now in range(1, 20):
        machine.look(now)
    assert machine.counts == 1
    machine.threads, machine.processes = 480, 81
    machine.look(20)
    assert machine.counts == 2
    assert "it consisted of 81 processes; penstock.hosts.processes.max" in machine.killed[0]


def test_processes_that_begin_while_others_end_are_counted_too_before_long(
    machine: Machine,
) -> None:
    machine.look(1)
    machine.processes = 81  # and as many of somebody else's are gone
    machine.look(2)
    assert machine.killed == []
    machine.look(1 + COUNT_SECONDS)
    assert len(machine.killed) == 1
