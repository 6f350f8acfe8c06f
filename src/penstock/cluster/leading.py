"""What the leader of a group does when the group rebalances: from metadata to assignments."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from penstock.cluster.assignor import Answer, AssignorState, Round, assign
from penstock.cluster.assignor_eager import assign_eagerly
from penstock.cluster.assignor_work import NOTHING, Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.membership_bytes import CONFIG_MISMATCH, Assignment, Metadata
from penstock.cluster.protocol import Protocol


class Group(msgspec.Struct, frozen=True):
    """The group as its leader sees it in one rebalance."""

    protocol: Protocol
    leader: str
    members: Mapping[str, Metadata]
    generation: int
    last_completed_generation: int
    now_ms: int
    max_delay_ms: int


class Led(msgspec.Struct, frozen=True):
    """Assignments for all members, what members run now, and what to remember."""

    assignments: dict[str, Assignment]
    work: dict[str, Work]
    state: AssignorState


def lead(
    group: Group,
    snapshot: ConfigState,
    refreshed: Callable[[], ConfigState],
    state: AssignorState,
) -> Led:
    """`refreshed` gives a new snapshot; it is asked for when another member has read further."""
    offset = max(member.offset for member in group.members.values())
    if snapshot.offset < offset:
        snapshot = refreshed()
        if snapshot.offset < offset:
            return _mismatch(group, offset, state)
        offset = snapshot.offset
    task_counts = {name: len(snapshot.task_ids(name)) for name in snapshot.connectors()}
    if group.protocol is Protocol.EAGER:
        return _led_eagerly(group, task_counts, offset, state)
    return _led_cooperatively(group, task_counts, offset, state)


def _led_eagerly(
    group: Group, task_counts: Mapping[str, int], offset: int, state: AssignorState
) -> Led:
    dealt = assign_eagerly(group.members, task_counts)
    assignments = {
        member: _assignment(group, offset, connectors=parts[0], tasks=parts[1])
        for member, parts in dealt.items()
    }
    return Led(assignments, {m: Work.of(*parts) for m, parts in dealt.items()}, state)


def _led_cooperatively(
    group: Group, task_counts: Mapping[str, int], offset: int, state: AssignorState
) -> Led:
    allocations = {
        name: member.allocation.work() if member.allocation is not None else NOTHING
        for name, member in sorted(group.members.items())
    }
    given = Round(
        allocations=allocations,
        configured=Work.configured(task_counts),
        generation=group.generation,
        last_completed_generation=group.last_completed_generation,
        now_ms=group.now_ms,
        max_delay_ms=group.max_delay_ms,
    )
    answer, state = assign(state, given)
    return Led({m: _told(group, offset, answer, m) for m in allocations}, answer.all, state)


def _told(group: Group, offset: int, answer: Answer, member: str) -> Assignment:
    assigned, revoked = answer.assigned[member], answer.revoked[member]
    return _assignment(
        group,
        offset,
        connectors=sorted(assigned.connectors),
        tasks=sorted(assigned.tasks),
        revoked_connectors=sorted(revoked.connectors),
        revoked_tasks=sorted(revoked.tasks),
        delay_ms=answer.delay_ms,
    )


def _mismatch(group: Group, offset: int, state: AssignorState) -> Led:
    """The leader cannot see all configurations: everybody is to join again."""
    told = _assignment(group, offset, error=CONFIG_MISMATCH)
    return Led(dict.fromkeys(group.members, told), {}, state)


def _assignment(group: Group, offset: int, **parts: object) -> Assignment:
    url = group.members[group.leader].url
    made = Assignment(group.protocol.version, group.leader, url, offset)
    return msgspec.structs.replace(made, **parts)
