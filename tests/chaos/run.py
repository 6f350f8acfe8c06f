"""One run: lines flow while things happen, then everything is healed and counted."""

from __future__ import annotations

import heapq
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.chaos.cluster import Cluster
from tests.chaos.counting import NAME, by_task, wrongs
from tests.chaos.faults import FAULTS, SOURCES, Fault
from tests.chaos.traffic import (
    Appender,
    Outcome,
    Watcher,
    numbers_of_file,
    numbers_of_table,
)
from tests.integration.workers import wait_until

SETTLE_SECONDS = 120.0
LINES_PER_SECOND = 200
CONNECTORS = ("source0", "source1", "file-sink", "table-sink", NAME)


@dataclass
class Chaos:
    """What shall happen."""

    seed: int
    points: int
    exactly_once: bool
    workers: int = 3
    faults: tuple[Fault, ...] = FAULTS
    say: Callable[[str], object] = print


@dataclass
class Report:
    """What came of it."""

    outcomes: list[Outcome]
    happened: Counter[str] = field(default_factory=Counter[str])
    longest_stall: tuple[float, float] = (0.0, 0.0)  # seconds, and when it ended
    restarted_by_hand: int = 0
    counted: int = 0  # records of the connector with many tasks
    wrongs: list[str] = field(default_factory=list[str])  # with what it counted

    @property
    def holds(self) -> bool:
        return all(outcome.holds for outcome in self.outcomes) and not self.wrongs


class Run:
    """A cluster, its lines, and the dice."""

    def __init__(self, chaos: Chaos, folder: Path) -> None:
        self.chaos, self.folder = chaos, folder
        self.dice = random.Random(chaos.seed)
        self.cluster = Cluster(folder, chaos.workers, exactly_once=chaos.exactly_once)
        self.report = Report([])
        self._ends: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = count()
        self._began = time.monotonic()

    def go(self) -> Report:
        try:
            self.cluster.start()
            self._create()
            self._flow()
            return self.report
        finally:
            self.cluster.end()

    def _create(self) -> None:
        cluster, folder = self.cluster, self.folder
        self.appenders = [Appender(folder / f"in{n}", LINES_PER_SECOND) for n in range(2)]
        for number, appender in enumerate(self.appenders):
            cluster.create(f"source{number}", cluster.source(f"lines{number}", appender.path))
        cluster.create("file-sink", cluster.file_sink("lines0", folder / "out"))
        cluster.create("table-sink", cluster.table_sink("lines1", folder / "lines.db"))
        cluster.create(NAME, cluster.counting(NAME, 3))
        topics = ("lines0", "lines1", NAME)
        self.watchers = [Watcher(cluster.bootstrap, topic) for topic in topics]

    def _flow(self) -> None:
        for thread in (*self.appenders, *self.watchers):
            thread.start()
        wait_until(lambda: all(w.values for w in self.watchers), SETTLE_SECONDS, what="first lines")
        for point in range(self.chaos.points):
            self._strike(point)
            self._let_pass(self.dice.uniform(0.1, 3.0))
        self._let_pass(None)
        self.cluster.heal()
        self.cluster.wishes_end()
        written = [appender.end() for appender in self.appenders]
        self._settle(written)
        self._stop_sources()
        stored = self._counted_to()
        for watcher in self.watchers:
            watcher.end()
        self._count(written, [watcher.seen for watcher in self.watchers[:2]])
        self._check_counts(stored)

    def _strike(self, point: int) -> None:
        fault = self.dice.choices(self.chaos.faults, [f.weight for f in self.chaos.faults])[0]
        self.report.happened[fault.name] += 1
        now = time.monotonic() - self._began
        self.chaos.say(f"{point + 1:4}/{self.chaos.points} {now:6.1f} s  {fault.name}")
        recovery = fault.strike(self.cluster, self.dice)
        if recovery is not None:
            after, end = recovery
            heapq.heappush(self._ends, (time.monotonic() + after, next(self._numbers), end))

    def _let_pass(self, seconds: float | None) -> None:
        """Wait, and end what is to end meanwhile; None: until all has ended."""
        until = None if seconds is None else time.monotonic() + seconds
        while self._ends and (until is None or self._ends[0][0] <= until):
            at, _, end = heapq.heappop(self._ends)
            time.sleep(max(0.0, at - time.monotonic()))
            end()
        if until is not None:
            time.sleep(max(0.0, until - time.monotonic()))

    def _settle(self, written: list[int]) -> None:
        """All connectors run, and the last line is everywhere."""
        for name in CONNECTORS:
            wait_until(lambda name=name: self._runs(name), SETTLE_SECONDS, what=f"{name} running")
        places: tuple[tuple[Callable[[], list[int]], int], ...] = (
            (lambda: self.watchers[0].seen, written[0]),
            (lambda: self.watchers[1].seen, written[1]),
            (lambda: numbers_of_file(self.folder / "out"), written[0]),
            (self._rows, written[1]),
        )
        before, end = -1, time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < end:
            found = [seen() for seen, _ in places]
            if all(last - 1 in seen[-1000:] for seen, (_, last) in zip(found, places, strict=True)):
                return
            if (now := sum(map(len, found))) > before:  # what is left over is still being moved
                before, end = now, time.monotonic() + SETTLE_SECONDS
            time.sleep(0.5)

    def _runs(self, name: str) -> bool:
        states = self.cluster.states(name)
        if "FAILED" in states:
            self.report.restarted_by_hand += 1
            self.cluster.ask(
                f"/connectors/{name}/restart?includeTasks=true&onlyFailed=true", "POST"
            )
            time.sleep(1)
        if {"PAUSED", "STOPPED"} & set(states):
            self.cluster.ask(f"/connectors/{name}/resume", "PUT")
        return bool(states) and set(states) == {"RUNNING"}

    def _stop_sources(self) -> None:
        """None of their tasks runs any more, all they wrote is read, and in the table."""
        for name in SOURCES:
            self._stop(name)
        for watcher in self.watchers:
            wait_until(watcher.has_all, SETTLE_SECONDS, what=f"the end of topic {watcher.topic}")
        end = time.monotonic() + SETTLE_SECONDS  # then what is missing is counted
        while len(self._rows()) < len(self.watchers[1].values) and time.monotonic() < end:
            time.sleep(0.5)

    def _stop(self, name: str) -> None:
        path = f"/connectors/{name}/stop"
        wait_until(lambda: self.cluster.ask(path, "PUT")[0] == 204, SETTLE_SECONDS, what="a stop")

        def stopped() -> bool:
            status, body = self.cluster.ask(f"/connectors/{name}/status")
            return status == 200 and body["connector"]["state"] == "STOPPED" and not body["tasks"]

        wait_until(stopped, SETTLE_SECONDS, what=f"{name} stopped")

    def _counted_to(self) -> dict[int, int]:
        """The offset of each task."""
        path = f"/connectors/{NAME}/offsets"
        body = wait_until(lambda: self.cluster.ask(path)[1], SETTLE_SECONDS, what="offsets")
        return {it["partition"]["task"]: it["offset"]["next"] for it in body["offsets"]}

    def _rows(self) -> list[int]:
        return numbers_of_table(self.folder / "lines.db")

    def _check_counts(self, stored: dict[int, int]) -> None:
        values, leaps = self.watchers[2].values, self.cluster.leaps
        self.report.counted = len(values)
        if not self.chaos.exactly_once:
            return
        seen = by_task(values)
        for task in sorted(seen.keys() | stored.keys()):
            certain = leaps.certain.get(task, 0)
            found = wrongs(seen.get(task, []), leaps.wanted[task], certain, stored.get(task))
            self.report.wrongs += [f"task {task}: {what}" for what in found]

    def _count(self, written: list[int], seen: list[list[int]]) -> None:
        lines, exact = [range(count) for count in written], self.chaos.exactly_once
        out = [n for n in numbers_of_file(self.folder / "out") if n < written[0]]
        rows = self._rows()
        self.report.outcomes = [
            Outcome("topic of source 0", lines[0], seen[0], exact),
            Outcome("topic of source 1", lines[1], seen[1], exact),
            Outcome("file sink", lines[0], out, exactly_once=False),
            Outcome("table sink, of what its topic has", seen[1], rows, exactly_once=True),
        ]
        stalled, until = max(w.longest_stall for w in self.watchers)
        self.report.longest_stall = (stalled, until - self._began)
