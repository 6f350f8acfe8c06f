"""A host process together with what runs in it and what it uses."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future
from enum import Enum

from penstock.cluster.messages import CheckOffsets, TaskId
from penstock.hosting.balance import Place
from penstock.hosting.host_process import HostProcess
from penstock.hosting.records import ConnectorRecord, TaskRecord
from penstock.hosting.usage import Usage, usage_of

PROVEN_SECONDS = 3.0
MB = 1 << 20


class Use(Enum):
    """What a host is for."""

    SHARED = "shared"
    CONNECTORS = "connectors"  # connector instances, so that a task that crashes spares them
    ALONE = "alone"  # for one task, or one connector instance
    QUESTIONS = "questions"  # about plugins; nothing runs in it


class Member:
    """One of a worker's hosts."""

    def __init__(
        self, process: HostProcess, use: Use, now: float, cohort: int | None = None
    ) -> None:
        self.process = process
        self.use = use
        self.cohort = cohort  # of suspects; nobody else is placed here
        self.tasks: dict[tuple[TaskId, int], TaskRecord] = {}
        self.connectors: dict[tuple[str, int], ConnectorRecord] = {}
        self.answers: dict[int, Future[bytes]] = {}
        self.checks: dict[int, CheckOffsets] = {}
        self.ready = False
        self.tainted = False  # a thread that was given up on is still in it
        self.relocates = False  # it is ended for one task's sake; the others start elsewhere
        self.last_beat = now
        self.silent = False
        self.empty_since: float | None = now
        self.usage: Usage | None = None
        self.load = 0.0
        self.memory_max: int | None = None
        self._measured = now

    @property
    def number(self) -> int:
        return self.process.number

    @property
    def empty(self) -> bool:
        return not (self.tasks or self.connectors or self.answers or self.checks)

    def place(self, now: float) -> Place:
        """As the balance sees it."""
        recent = sum(now - task.placed < PROVEN_SECONDS for task in self.tasks.values())
        return Place(self.number, self.load, len(self.tasks), recent)

    def measure(self, now: float) -> None:
        """Look at what it uses; the load is smoothed over a few looks."""
        if self.process.pid is None:
            return
        usage = usage_of(self.process.pid)
        if usage is None:
            return
        passed = now - self._measured
        if self.usage is not None and passed > 0.05:
            load = max(0.0, usage.cpu_seconds - self.usage.cpu_seconds) / passed
            self.load = 0.5 * (self.load + load)
        self.usage, self._measured = usage, now

    def memory_now(self) -> int | None:
        """Of a host with a limit; looked at more often than the rest."""
        if self.process.pid is None:
            return None
        usage = usage_of(self.process.pid)
        return None if usage is None else usage.memory

    def limit_memory(self, megabytes: int) -> None:
        """From what it has now, so much more may be used."""
        now = self.memory_now()
        if now is not None and megabytes:
            self.memory_max = now + megabytes * MB

    def patience(self) -> float | None:
        """After how long without a sign of life it counts as stuck; None: never."""
        limits = [task.policy.task_stuck_timeout_ms for task in self.tasks.values()]
        return min((limit / 1000 for limit in limits if limit), default=None)

    def names(self) -> list[str]:
        """What runs in it, for people."""
        connectors = (f"connector {name}" for name, _ in self.connectors)
        return [*(f"task {task}" for task, _ in self.tasks), *connectors]


def open_for(members: Iterable[Member], use: Use, cohort: int | None) -> list[Member]:
    """Hosts of this use that one more (of this cohort of suspects) may be placed in."""
    return [
        member
        for member in members
        if member.use is use
        and member.cohort == cohort
        and not member.tainted
        and member.process.asked is None
    ]
