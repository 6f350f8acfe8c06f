"""What the worker makes of the birth and death of a host, in whatever order it hears of them."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from typing import Any

import pytest

from penstock.cluster.messages import StartTask, TargetState, TaskId
from penstock.hosting import host_process
from penstock.hosting.endings import Ending
from penstock.hosting.fleet import Fleet, HostingSettings
from penstock.hosting.host_process import HostProcess
from penstock.hosting.launch import News
from penstock.hosting.members import Use
from penstock.hosting.messages import Ready
from penstock.hosting.policy import TaskPolicy
from penstock.hosting.reception import Reception
from penstock.hosting.records import TaskRecord

TASK = TaskId("c", 0)
START = StartTask(TASK, 1, {}, {}, TargetState.STARTED)


class Launched:
    """A launcher that starts nothing; says whom it was to end."""

    def __init__(self, on_signal: Callable[[int, int], None]) -> None:
        self._on_signal = on_signal
        self.channels: list[socket.socket] = []

    def fileno(self) -> None:
        return None

    def news(self) -> list[News]:
        return []

    def launch(self, number: int, channel: socket.socket, output: int) -> None:
        self.channels.append(channel.dup())

    def signal(self, pid: int, number: int) -> None:
        self._on_signal(pid, number)

    def close(self) -> None:
        for channel in self.channels:
            channel.close()


class Nobody:
    """Cares for nothing that is told, but keeps how a host ended."""

    def __init__(self) -> None:
        self.ends: list[Ending] = []

    def ended(self, host: HostProcess, ending: Ending) -> None:
        self.ends.append(ending)

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *arguments: None


@pytest.mark.parametrize(
    ("status", "asked"),
    [(int(signal.SIGSEGV), None), (7 << 8, None), (int(signal.SIGKILL), host_process.MUTE)],
)
def test_the_late_word_of_an_end_counts_more_than_the_silence_before_it(
    status: int, asked: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_process, "DEATH_SECONDS", 0.001)
    owner: Any = Nobody()

    async def play() -> None:
        launcher = Launched(lambda pid, number: host.died(status))  # at the last moment
        host = HostProcess(1, launcher, owner, asyncio.get_running_loop())
        host.born(4711)
        launcher.close()
        while not owner.ends:
            await asyncio.sleep(0.001)

    asyncio.run(play())
    assert [(ending.status, ending.asked) for ending in owner.ends] == [(status, asked)]


def test_a_host_that_is_ready_before_the_word_of_its_birth_is_known_and_limited() -> None:
    nobody: Any = Nobody()

    async def play() -> None:
        loop = asyncio.get_running_loop()
        fleet = Fleet(loop, Launched(lambda pid, number: None), HostingSettings())
        reception = fleet.owner = Reception(loop, fleet, (nobody, nobody), nobody, nobody)
        member = fleet.open(Use.ALONE)
        policy = TaskPolicy.parse({"task.memory.max.mb": "100"})
        member.tasks[TASK, 1] = TaskRecord(START, policy, member, 0.0)
        reception.heard(member.process, Ready(os.getpid()))
        assert member.process.pid == os.getpid()
        assert member.memory_max is not None
        fleet.close()

    asyncio.run(play())
