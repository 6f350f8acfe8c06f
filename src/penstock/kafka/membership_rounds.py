"""What a member keeps from round to round: what it was given, and what it remembers as a leader."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from msgspec.structs import replace

from penstock.cluster.assignor import AssignorState
from penstock.cluster.assignor_work import NOTHING, Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.events import Detached, Rebalanced
from penstock.cluster.leading import Group, lead
from penstock.cluster.membership_bytes import (
    Assignment,
    Metadata,
    read_assignment,
    read_metadata,
    write_assignment,
)
from penstock.cluster.protocol import Protocol as ConnectProtocol
from penstock.cluster.state import CONNECTOR

Owners = Mapping[str, Mapping[int, str]]


class Configs(Protocol):
    """The config topic, as a member needs it."""

    def configs(self) -> ConfigState: ...

    def newest_configs(self) -> ConfigState: ...


class Rounds:
    """Bytes in, bytes and events out; called by one thread at a time, except for `forget`."""

    def __init__(
        self,
        url: str,
        max_delay_ms: int,
        configs: Configs,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._url = url
        self._max_delay_ms = max_delay_ms
        self._configs = configs
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._protocol = ConnectProtocol.EAGER
        self._assignor = AssignorState()
        self._owners: Owners = {}
        self._completed = -1  # the generation of the last assignment that arrived
        self.allocation: Assignment | None = None
        self._told = 0  # events

    @property
    def eager(self) -> bool:
        """Whether everything has to end before the next round."""
        return self._protocol is ConnectProtocol.EAGER

    def held(self) -> Work:
        """What nobody else is given before this member gives it up."""
        allocation = self.allocation
        return NOTHING if allocation is None else allocation.work()

    def released(self, noted: int, running: Work) -> bool:
        """Whether the next round can be joined: all that was taken away has ended.

        `noted` is how many events the control plane has taken note of.
        """
        return noted == self._told and not (running - self.held())

    def forget(self) -> Detached:
        """All that runs here is to stop; the group will hear that nothing does.

        What a leader remembers is of no use any more either, as it does not know what has
        happened since.
        """
        with self._lock:
            self.allocation = None
            self._assignor = AssignorState()
            return Detached(self._next())

    def _next(self) -> int:
        self._told += 1
        return self._told

    def metadata(self) -> Metadata:
        """What to tell the group when joining."""
        return Metadata(self._url, _read(self._configs.configs()), self.allocation)

    def lead(
        self, protocol: str, leader: str, members: Mapping[str, bytes], generation: int
    ) -> dict[str, bytes]:
        """Assignments for all members.

        They are told up to where the configurations that were dealt go, which may be further than
        this leader told when it joined: a Java worker that is given a connector it has not read of
        fails it for good.
        """
        agreed = ConnectProtocol.of_protocol(protocol)
        told = {name: read_metadata(agreed.version, data) for name, data in members.items()}
        configs = self._configs.configs()
        told[leader] = replace(told[leader], offset=max(told[leader].offset, _read(configs)))
        group = Group(
            agreed, leader, told, generation, self._completed, self._now_ms(), self._max_delay_ms
        )
        with self._lock:
            led = lead(group, configs, self._configs.newest_configs, self._assignor)
            self._assignor = led.state
        self._owners = owners(led.work, {name: member.url for name, member in told.items()})
        return {
            name: write_assignment(agreed.version, assignment)
            for name, assignment in led.assignments.items()
        }

    def joined(self, generation: int, member: str, protocol: str, data: bytes) -> Rebalanced:
        """A round is complete; what the control plane is to hear of it."""
        agreed = ConnectProtocol.of_protocol(protocol)
        given = read_assignment(agreed.version, data)
        leads = given.leader == member
        with self._lock:
            self._protocol = agreed
            self.allocation = given if self.eager else _merged(self.allocation, given)
            self._completed = generation
            mine = self.allocation.work()
            sequence = self._next()
        return Rebalanced(
            leader=leads,
            leader_url=given.leader_url or None,
            generation=generation,
            assignment=numbers(mine),
            owners=self._owners if leads else {},
            offset=given.offset,
            failed=given.failed,
            revoking=bool(given.revoked_connectors or given.revoked_tasks),
            delay_seconds=given.delay_ms / 1000,
            version=agreed.version,
            sequence=sequence,
        )


def _read(configs: ConfigState) -> int:
    """How far, as the group is told it: a log of which nothing was read has no offset."""
    return configs.offset if configs.offset > 0 else -1


def _merged(before: Assignment | None, given: Assignment) -> Assignment:
    """What is kept and what is new, without what was revoked."""
    kept = NOTHING if before is None else before.work()
    revoked = Work.of(given.revoked_connectors, given.revoked_tasks)
    work = (kept - revoked) | given.work()
    return replace(
        given,
        connectors=sorted(work.connectors),
        tasks=sorted(work.tasks),
        revoked_connectors=(),
        revoked_tasks=(),
    )


def numbers(work: Work) -> dict[str, frozenset[int]]:
    """For each connector the numbers of what is to run of it."""
    found: dict[str, set[int]] = {name: {CONNECTOR} for name in work.connectors}
    for task in work.tasks:
        found.setdefault(task.connector, set()).add(task.task)
    return {name: frozenset(parts) for name, parts in found.items()}


def owners(work: Mapping[str, Work], urls: Mapping[str, str | None]) -> Owners:
    """Where everything runs."""
    found: dict[str, dict[int, str]] = {}
    for member, load in work.items():
        url = urls.get(member)
        if url is None:
            continue
        for name, parts in numbers(load).items():
            found.setdefault(name, {}).update(dict.fromkeys(parts, url))
    return found
