"""A pretend broker: two logs, and a coordinator of one group that behaves as Kafka's does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.cluster.effects import WriteStatus
from penstock.cluster.logs import LogRecord
from tests.simulation.exactly_once import Producers

REBALANCE_SECONDS = 60.0


@dataclass
class Member:
    """One member as the coordinator knows it."""

    protocols: list[tuple[str, bytes]]
    joined: bool = False  # waits for the round that is under way
    answered: int = -1  # the generation it was told an assignment of


class Coordinator:
    """Members ask; nothing is pushed."""

    def __init__(self) -> None:
        self.members: dict[str, Member] = {}
        self.generation = 0
        self.leader: str | None = None
        self.protocol = ""
        self.state = "empty"
        self.assignments: dict[str, bytes] = {}
        self.since = 0.0
        self._ids = 0

    def join(self, member: str | None, protocols: list[tuple[str, bytes]], now: float) -> str:
        if member is None or member not in self.members:
            self._ids += 1
            member = f"m{self._ids:03}"
            self.members[member] = Member(protocols)
            self._prepare(now)
        known = self.members[member]
        same = known.protocols == protocols
        known.protocols, known.answered = protocols, -1
        untouched = same and (member != self.leader or self.state == "completing")
        if self.state != "preparing" and not untouched:
            self._prepare(now)
        known.joined = True
        self._complete()
        return member

    def leave(self, member: str, now: float) -> None:
        """Also what happens at the end of a session."""
        if self.members.pop(member, None) is None:
            return
        if self.leader == member:
            self.leader = None
        if not self.members:
            self.state = "empty"
            self.generation += 1
        else:
            self._prepare(now)
        self._complete()

    def heartbeat(self, member: str) -> str:
        if member not in self.members:
            return "unknown"
        waits = self.state == "preparing" and not self.members[member].joined
        return "rebalance" if waits else "ok"

    def poll(self, member: str) -> Any:
        """What a member that has joined hears: lead, an assignment, or None to wait."""
        known = self.members.get(member)
        if known is None:
            return "unknown"
        if self.state == "preparing":
            return None if known.joined else "rebalance"
        if self.state == "completing":
            return "lead" if member == self.leader else None
        if known.answered == self.generation:
            return "rebalance"
        known.answered = self.generation
        return (self.generation, self.protocol, self.assignments.get(member, b""))

    def metadata(self) -> dict[str, bytes]:
        return {m: dict(known.protocols)[self.protocol] for m, known in self.members.items()}

    def sync(self, generation: int, assignments: Mapping[str, bytes]) -> None:
        if generation == self.generation and self.state == "completing":
            self.assignments = dict(assignments)
            self.state = "stable"

    def tick(self, now: float) -> None:
        """Members that do not join in time are members no more."""
        if self.state == "preparing" and now - self.since > REBALANCE_SECONDS:
            for member in [m for m, known in self.members.items() if not known.joined]:
                self.leave(member, now)

    def _prepare(self, now: float) -> None:
        if self.state == "preparing":
            return
        self.state, self.since = "preparing", now
        for known in self.members.values():
            known.joined = False

    def _complete(self) -> None:
        joined = all(known.joined for known in self.members.values())
        if self.state != "preparing" or not self.members or not joined:
            return
        self.generation += 1
        self.state = "completing"
        if self.leader not in self.members:
            self.leader = next(iter(self.members))
        common = set.intersection(*({n for n, _ in m.protocols} for m in self.members.values()))
        offered = [name for name, _ in self.members[self.leader].protocols]
        self.protocol = next(name for name in offered if name in common)
        for known in self.members.values():
            known.joined, known.answered = False, -1


@dataclass
class Logs:
    """The config topic, and who said what in the status topic."""

    configs: list[LogRecord] = field(default_factory=list[LogRecord])
    statuses: list[tuple[str, WriteStatus]] = field(default_factory=list[tuple[str, WriteStatus]])
    editions: dict[str, int] = field(default_factory=dict[str, int])  # what connectors see outside
    producers: Producers = field(default_factory=Producers)
    leader_epoch: int = 0  # of the newest leader's claim
    calm: bool = False  # nothing is too slow any more
    fail_after: int | None = None  # entries of the next write that still arrive

    def append(self, entries: Any) -> None:
        for number, (key, value) in enumerate(entries):
            if self.fail_after is not None and number >= self.fail_after:
                self.fail_after = None
                raise TimeoutError("the broker went away in the middle of a write")
            self.configs.append(LogRecord(len(self.configs), key, value))

    def generation(self, connector: str, offset: int) -> int:
        """How often task configurations were committed below an offset."""
        key = f"commit-{connector}".encode()
        return sum(record.key == key for record in self.configs[:offset])


class Reader:
    """A log as one worker reads it: at its own pace, unless it waits for the end."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.at = 0
        self.on_record: Callable[[LogRecord], None] = lambda record: None

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        self.on_record = on_record
        self.read_to_end(0)

    def stop(self) -> None: ...

    def read_one(self) -> bool:
        if self.at == len(self.logs.configs):
            return False
        self.at += 1
        self.on_record(self.logs.configs[self.at - 1])
        return True

    def read_to_end(self, timeout_ms: int) -> None:
        while self.read_one():
            pass

    def send(self, key: bytes, value: bytes | None, on_sent: Any = None) -> None:
        self.logs.append([(key, value)])

    def write(self, entries: Any, timeout_ms: int) -> None:
        self.logs.append(entries)
