"""The host processes of a worker: starting them, choosing among them, asking them questions.

Everything here happens on the event loop of the hosts.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from msgspec import Struct, field

from penstock.cluster.messages import Failure
from penstock.hosting.balance import choose
from penstock.hosting.host_process import HostProcess, Owner
from penstock.hosting.launch import Born, Dead, Launcher, Lost, NotBorn
from penstock.hosting.members import Member, Use, open_for
from penstock.hosting.messages import Ask, Lease, SetLevels, Setup
from penstock.sdk.errors import RetriableError

log = logging.getLogger(__name__)


class HostEnded(RetriableError):
    """The process in which something ran is gone."""


class HostingSettings(Struct):
    """What hosts need of a worker's settings."""

    hosts_max: int = 2
    processes_max: int = 64
    properties: Mapping[str, str] = field(default_factory=dict[str, str])
    beat_seconds: float = 1.0
    measure_seconds: float = 5.0
    idle_seconds: float = 30.0  # then a host in which nothing runs ends


class AskedError(Exception):
    """What answering a question raised in a host."""

    def __init__(self, kind: str, message: str, failure: Failure | None) -> None:
        super().__init__(message)
        self.kind = kind  # module:class
        self.failure = failure


class Fleet:
    """All hosts, by number."""

    owner: Owner  # hears what becomes of them

    def __init__(
        self, loop: asyncio.AbstractEventLoop, launcher: Launcher, settings: HostingSettings
    ) -> None:
        self.members: dict[int, Member] = {}
        self.settings = settings
        self.plan: bytes | None = None
        self.levels: dict[str, int] = {}
        self.closing = False
        self.lease: float | None = None  # until when hosts may go on; None: for ever
        self.out_of_time: Callable[[], None] = lambda: None  # a host was ended by its lease
        self._loop = loop
        self._launcher = launcher
        self._numbers = itertools.count(1)
        self._questions = itertools.count(1)
        self._watched: int | None = None

    def for_task(self, now: float, cohort: int | None) -> Member:
        """A host that tasks share: the one with most room, or a new one."""
        open_now = open_for(self.members.values(), Use.SHARED, cohort)
        hosts_max = self.settings.hosts_max if cohort is None else 1
        number = choose([member.place(now) for member in open_now], hosts_max)
        return self.open(Use.SHARED, cohort) if number is None else self.members[number]

    def for_connector(self, cohort: int | None) -> Member:
        """The host that connector instances share."""
        open_now = open_for(self.members.values(), Use.CONNECTORS, cohort)
        return open_now[0] if open_now else self.open(Use.CONNECTORS, cohort)

    def for_questions(self) -> Member:
        for member in self.members.values():
            if member.use is Use.QUESTIONS and member.process.asked is None:
                return member
        return self.open(Use.QUESTIONS)

    def open(self, use: Use, cohort: int | None = None) -> Member:
        number = next(self._numbers)
        process = HostProcess(number, self._launcher, self.owner, self._loop)
        member = self.members[number] = Member(process, use, time.monotonic(), cohort)
        self._watch_launcher()
        lease = None if use is Use.QUESTIONS else self.lease
        beat, measure = self.settings.beat_seconds, self.settings.measure_seconds
        process.send(Setup(self.plan or b"", self.levels, beat, lease, measure))
        return member

    def _watch_launcher(self) -> None:
        """The launcher may have begun to have something to watch."""
        descriptor = self._launcher.fileno()
        if descriptor != self._watched:
            if self._watched is not None:
                self._loop.remove_reader(self._watched)
            if descriptor is not None:
                self._loop.add_reader(descriptor, self._news)
            self._watched = descriptor

    def _news(self) -> None:
        descriptor = self._watched
        for news in self._launcher.news():
            match news:
                case Born(number, pid):
                    if member := self.members.get(number):
                        member.process.born(pid)
                case Dead(pid, status, peak_kb):
                    self._died(pid, status, peak_kb)
                case NotBorn(number, reason):
                    if member := self.members.get(number):
                        member.process.asked = f"it could not be started: {reason}"
                        member.process.died(None)
                case Lost():
                    if descriptor is not None:
                        self._loop.remove_reader(descriptor)
                    self._watched = None
                    self._lost()

    def _died(self, pid: int, status: int, peak_kb: int) -> None:
        for member in list(self.members.values()):
            if member.process.pid == pid:
                member.process.died(status, peak_kb)

    def _lost(self) -> None:
        if not self.closing:
            log.error("The process that starts task hosts is gone, and all hosts with it")
        for member in list(self.members.values()):
            member.process.died(None)

    def warm_up(self) -> None:
        """Let what starts hosts be ready before the first is wanted."""
        warm_up: Any = getattr(self._launcher, "warm_up", None)
        if warm_up is not None:
            warm_up()
            self._watch_launcher()

    # Questions ----------------------------------------------------------------------------------

    def ask(self, question: str, body: bytes, answer: Future[bytes]) -> None:
        member = self.for_questions()
        number = next(self._questions)
        member.answers[number] = answer
        member.empty_since = None
        member.process.send(Ask(number, question, body))

    def end_questions(self, why: str) -> None:
        for member in self.members.values():
            if member.use is Use.QUESTIONS:
                member.process.kill(why)

    def set_levels(self, levels: Mapping[str, int]) -> None:
        self.levels = {**self.levels, **levels}
        for member in self.members.values():
            member.process.send(SetLevels(dict(levels)))

    def renew(self, until: float) -> None:
        """Hosts in which anything of connectors runs may go on until then."""
        self.lease = until
        for member in self.members.values():
            if member.use is not Use.QUESTIONS:
                member.process.send(Lease(until))

    def lease_over(self) -> bool:
        """Nothing that hosts say counts any more, except that something has ended."""
        return self.lease is not None and time.monotonic() >= self.lease

    def close(self) -> None:
        """End every host."""
        self.closing = True
        self._launcher.close()
        if self._watched is not None:
            self._loop.remove_reader(self._watched)
            self._watched = None
        for member in list(self.members.values()):
            member.process.died(None)
