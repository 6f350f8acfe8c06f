"""The incremental cooperative assignor: work moves only when it must, and a worker that left is
given time to come back before its work goes elsewhere.

Pure: `assign(state, round)` answers with the assignment and the state to keep for the next round.
All members run what they ran until they are told to revoke; what is revoked in one round is
assigned in the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from typing import TypeVar

import msgspec

from penstock.cluster.assignor_work import NOTHING, Work, union
from penstock.cluster.messages import TaskId
from penstock.runtime.java_order import hash_order

T = TypeVar("T", str, TaskId)

_BACKOFF_FIRST_MS = 1
_BACKOFF_FACTOR = 40


class AssignorState(msgspec.Struct, frozen=True):
    """What a leader remembers from round to round."""

    assignment: Work = NOTHING  # of the last round, with what is lost but not given up
    revocation: Work = NOTHING
    members: frozenset[str] = frozenset()
    generation: int = -1
    scheduled_ms: int = 0
    delay_ms: int = 0
    candidates: tuple[str, ...] = ()  # empty workers that may take over what was lost
    revoked_before: bool = False
    revoking_rounds: int = 0


class Round(msgspec.Struct, frozen=True):
    """What a leader sees when the group rebalances."""

    allocations: Mapping[str, Work]  # what each member runs; iterated in this order
    configured: Work
    generation: int
    last_completed_generation: int
    now_ms: int
    max_delay_ms: int


class Answer(msgspec.Struct, frozen=True):
    """What each member starts, and what it gives up."""

    assigned: dict[str, Work]
    revoked: dict[str, Work]
    all: dict[str, Work]  # what each member runs afterwards
    delay_ms: int


def assign(state: AssignorState, given: Round) -> tuple[Answer, AssignorState]:
    """One round. The leader keeps the new state even if the group never completes the round."""
    return _Deal(state, given).dealt()


class _Deal:
    """One round under way; named steps that share their intermediate results."""

    def __init__(self, state: AssignorState, given: Round) -> None:
        self.given = given
        self.state = state
        self.delay = state.delay_ms
        self.scheduled = state.scheduled_ms
        self.candidates = list(state.candidates)
        self.revoked_before = state.revoked_before
        self.revoking_rounds = state.revoking_rounds
        self.taken_over = NOTHING
        self.active = union(given.allocations.values())
        self.previous = self._previous()
        deleted = self.previous - given.configured
        self.lost = self.previous - self.active - deleted
        self.created = given.configured - self.previous - self.active
        ending = deleted | _duplicated(given.allocations.values())
        running = given.allocations
        self.current = {member: work - deleted for member, work in running.items()}
        self.revoked = {member: work & ending for member, work in running.items()}
        self.next = {member: work - self.revoked[member] for member, work in running.items()}

    def dealt(self) -> tuple[Answer, AssignorState]:
        reassign = self._handle_lost()
        self._balance()
        self._place(reassign)
        assigned = {member: work - self.current[member] for member, work in self.next.items()}
        answer = Answer(assigned, self.revoked, self.next, self.delay)
        return answer, self._kept()

    def _previous(self) -> Work:
        """What the group should be running; nothing if the last answer may not have arrived."""
        state, given = self.state, self.given
        known = state.generation == given.last_completed_generation
        if state.revocation & self.active:
            return self.active  # some worker did not give up what it should have
        return state.assignment if known else NOTHING

    def _handle_lost(self) -> Work:
        """Wait for workers that left, or say what is to be assigned like new work."""
        given, now = self.given, self.given.now_ms
        if not self.lost and not self.revoked_before:
            self._reset_delay()
            return NOTHING
        nobody_left = self.scheduled <= 0 and self.state.members <= self.next.keys()
        if nobody_left or given.max_delay_ms == 0:
            return self.lost
        if self.scheduled > 0 and now >= self.scheduled:
            reassign = self._take_over()
            self._reset_delay()
            self.revoked_before = False
            return reassign
        idle = [member for member, work in self.next.items() if not work]
        self.candidates = list(dict.fromkeys([*self.candidates, *hash_order(idle)]))
        self.delay = given.max_delay_ms
        if now < self.scheduled:
            self.delay = min(self.scheduled - now, given.max_delay_ms)
        self.scheduled = now + self.delay
        return NOTHING

    def _take_over(self) -> Work:
        """Workers that came empty during the delay get all that was lost."""
        takers = [member for member in self.candidates if member in self.next]
        if not takers:
            return self.lost
        for connector, member in zip(sorted(self.lost.connectors), cycle(takers), strict=False):
            self.next[member] |= Work.of([connector])
        for task, member in zip(sorted(self.lost.tasks), cycle(takers), strict=False):
            self.next[member] |= Work.of(tasks=[task])
        self.taken_over = self.lost
        return NOTHING

    def _balance(self) -> None:
        """Take work from workers that have more than their share, but not round after round."""
        if self.delay != 0:
            self.revoked_before = False
            return
        excess = self._excess()
        if not excess:
            if self.revoked_before:
                self.revoked_before = False
                self.revoking_rounds = 0
            return
        if self.revoked_before:
            self.revoking_rounds += 1
            self.delay = backoff_ms(self.revoking_rounds, self.given.max_delay_ms)
            if self.delay != 0:
                self.scheduled = self.given.now_ms + self.delay
                return
        self.revoked_before = True
        for member, work in excess.items():
            self.revoked[member] |= work
            self.next[member] -= work

    def _excess(self) -> dict[str, Work]:
        configured, loads = self.given.configured, self.next.items()
        if not configured or not any(self.next.values()):
            return {}
        late = self.taken_over
        connectors = _excess_of(
            {member: _late_last(work.connectors, late.connectors) for member, work in loads},
            len(configured.connectors),
        )
        tasks = _excess_of(
            {member: _late_last(work.tasks, late.tasks) for member, work in loads},
            len(configured.tasks),
        )
        members = [member for member in self.next if member in connectors or member in tasks]
        return {m: Work.of(connectors.get(m, ()), tasks.get(m, ())) for m in members}

    def _place(self, reassign: Work) -> None:
        """Each to the worker with the fewest of its kind; new work first."""
        new = self.created
        connectors = {member: len(load.connectors) for member, load in self.next.items()}
        for connector, member in _fewest_first(
            [*sorted(new.connectors), *sorted(reassign.connectors)], connectors
        ):
            self.next[member] |= Work.of([connector])
        tasks = {member: len(load.tasks) for member, load in self.next.items()}
        for task, member in _fewest_first([*sorted(new.tasks), *sorted(reassign.tasks)], tasks):
            self.next[member] |= Work.of(tasks=[task])

    def _reset_delay(self) -> None:
        self.delay = self.scheduled = 0
        self.candidates = []

    def _kept(self) -> AssignorState:
        revocation = union(self.revoked.values())
        return AssignorState(
            assignment=(union(self.next.values()) - revocation) | self.lost,
            revocation=revocation,
            members=frozenset(self.next),
            generation=self.given.generation,
            scheduled_ms=self.scheduled,
            delay_ms=self.delay,
            candidates=tuple(self.candidates),
            revoked_before=self.revoked_before,
            revoking_rounds=self.revoking_rounds,
        )


def backoff_ms(rounds: int, max_ms: int) -> int:
    """How long to put off one more revoking round after so many in a row."""
    if max_ms == 0:
        return 0
    if max_ms <= _BACKOFF_FIRST_MS:
        return _BACKOFF_FIRST_MS
    most = math.log(max_ms / _BACKOFF_FIRST_MS) / math.log(_BACKOFF_FACTOR)
    return min(int(_BACKOFF_FIRST_MS * _BACKOFF_FACTOR ** min(rounds, most)), max_ms)


def _duplicated(allocations: Iterable[Work]) -> Work:
    """What more than one worker runs."""
    seen = twice = NOTHING
    for work in allocations:
        twice |= work & seen
        seen |= work
    return twice


def _late_last(items: Iterable[T], late: Iterable[T]) -> list[T]:
    """In order, but what was taken over in this very round at the end."""
    lately = frozenset(late)
    return sorted(items, key=lambda item: (item in lately, item))


def _excess_of(loads: Mapping[str, list[T]], total: int) -> dict[str, list[T]]:
    """What workers above their share should give up; the first few may keep one more."""
    share, extras = divmod(total, len(loads))
    sizes = [len(items) for items in loads.values()]
    if sizes.count(share + 1) == extras and sizes.count(share) == len(loads) - extras:
        return {}
    excess: dict[str, list[T]] = {}
    for member, items in loads.items():
        if len(items) <= share:
            continue
        keep = share + 1 if extras > 0 else share
        extras -= 1
        if len(items) > keep:
            excess[member] = items[: len(items) - keep]
    return excess


def _fewest_first(items: Sequence[T], loads: Mapping[str, int]) -> list[tuple[T, str]]:
    """Pairs of item and member; members with equal loads take one each before the next round."""
    placed: list[tuple[T, str]] = []
    counts = dict(loads)
    left = list(items)
    order = sorted(counts, key=lambda member: (counts[member], member))
    while left:
        fewest = counts[order[0]]
        level = [member for member in order if counts[member] == fewest]
        for member in level[: len(left)]:
            placed.append((left.pop(0), member))
            counts[member] += 1
    return placed
