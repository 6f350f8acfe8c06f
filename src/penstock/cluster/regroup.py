"""What a worker does when its group agrees on who runs what: stop, read, start, agree once more.

Nothing starts before the config log was read as far as the assignment knows it, and nothing that
was taken away is given to others before it has ended here.
"""

from __future__ import annotations

from msgspec.structs import replace

from penstock.cluster.effects import ClaimLog, LeaveGroup, Refresh, Wake
from penstock.cluster.events import (
    ClaimDue,
    Claimed,
    Detached,
    Rebalanced,
    RebalanceDue,
    Rejoining,
    SyncDue,
    Synced,
)
from penstock.cluster.key_steps import check_key
from penstock.cluster.reconcile import reconcile_all, rejoin
from penstock.cluster.state import CONNECTOR, Membership, Rebalances
from penstock.cluster.turn import Turn
from penstock.cluster.waiting import observe

SYNC_RETRIES = 5
FAILED_SECONDS = 1.0
CLAIM_SECONDS = 0.25
EAGER = 0  # version of the protocol

GroupEvent = (
    Rebalanced | Rejoining | Detached | Synced | SyncDue | RebalanceDue | Claimed | ClaimDue
)


def regroup(turn: Turn, event: GroupEvent) -> None:
    """Something happened in or to the group."""
    match event:
        case Rebalanced():
            _rebalanced(turn, event)
        case Rejoining():
            _member(turn, joining=True)
        case Detached(sequence):
            _detach(turn)
            _member(turn, noted=sequence)
            if not _is_out(turn):
                turn.change(sync_attempt=turn.state.sync_attempt + 1, sync_failures=0)
        case Synced(attempt, error):
            if attempt == turn.state.sync_attempt and turn.state.membership.joining:
                _synced(turn, error)
        case SyncDue(attempt):
            if attempt == turn.state.sync_attempt and turn.state.membership.joining:
                _sync(turn)
        case Claimed(generation, error):
            if generation == turn.state.membership.generation and turn.state.membership.leader:
                _claimed(turn, generation, error)
        case ClaimDue(generation):
            if generation == turn.state.membership.generation and turn.state.membership.leader:
                turn.emit(ClaimLog(generation))
        case RebalanceDue(at):
            if turn.state.membership.due == at and not turn.state.closing:
                _member(turn, due=None)
                rejoin(turn)


def count_rebalance(turn: Turn, joined_before: bool) -> None:
    """At the end of a turn: has the group begun to agree anew, or has it agreed?"""
    known, joining = turn.state.rebalances, turn.state.membership.joining
    if joining and known.began is None and not joined_before:
        turn.change(rebalances=replace(known, began=turn.now))
    elif joined_before and not joining:
        took = 0.0 if known.began is None else max(0.0, turn.now - known.began)
        turn.change(
            rebalances=Rebalances(
                known.completed + 1,
                ended=turn.now,
                seconds_max=max(known.seconds_max, took),
                seconds_total=known.seconds_total + took,
            )
        )


def disagree(turn: Turn, offset: int) -> None:
    """What is configured has changed; unless the last assignment knew, agree anew."""
    known = turn.state.membership.offset
    if 0 < offset <= known or turn.state.closing:
        return
    if offset > 0:
        _member(turn, needed=offset)
    rejoin(turn)


def read_until(turn: Turn, offset: int) -> None:
    """The config log was read this far."""
    if offset > turn.state.config_offset:
        turn.change(config_offset=offset)


def share_revoked(turn: Turn) -> None:
    """Once all that was taken away has ended, let the group give it to others."""
    membership = turn.state.membership
    if not membership.revoking or membership.joining or turn.state.closing:
        return
    running = {(n, number) for n, local in turn.state.local.items() for number in local.instances}
    if all(number in turn.state.assigned(name) for name, number in running):
        _member(turn, revoking=False)
        rejoin(turn)


def _member(turn: Turn, **changes: object) -> None:
    turn.change(membership=replace(turn.state.membership, **changes))


def _rebalanced(turn: Turn, event: Rebalanced) -> None:
    due = turn.now + event.delay_seconds if event.delay_seconds > 0 else None
    turn.change(
        membership=Membership(
            event.leader,
            event.leader_url,
            event.generation,
            event.assignment,
            event.owners,
            joining=True,
            offset=event.offset,
            needed=turn.state.membership.needed,
            claimed=event.leader and turn.state.membership.claimed,
            failed=event.failed,
            revoking=event.revoking,
            due=due,
            version=event.version,
            noted=event.sequence,
        )
    )
    if due is not None:
        turn.emit(Wake(event.delay_seconds, RebalanceDue(due)))
    reconcile_all(turn)  # stops what this worker is not to run any more
    if event.failed or turn.state.config_offset < event.offset:
        _sync(turn)
    else:
        _agreed(turn)


def _agreed(turn: Turn) -> None:
    """The assignment can be acted upon, unless more is known by now than it was made from."""
    membership = turn.state.membership
    if membership.failed and not membership.leader:
        again = turn.now + FAILED_SECONDS  # it is the leader who has to begin
        _member(turn, due=again)
        turn.emit(Wake(FAILED_SECONDS, RebalanceDue(again)))
        return
    if membership.failed or membership.needed > membership.offset:
        rejoin(turn)
        return
    if membership.leader and not membership.claimed and turn.state.settings.group.claims:
        turn.emit(ClaimLog(membership.generation))
        return
    turn.change(
        membership=replace(membership, joining=False),
        sync_failures=0,
        ready=turn.state.ready or turn.state.settings.distributed,
    )
    if membership.leader:
        _sweep(turn)
    check_key(turn)
    reconcile_all(turn)
    for name in sorted({p.request.connector for p in turn.state.requests.values()}):
        observe(turn, name)
    share_revoked(turn)


def claim_anew(turn: Turn) -> None:
    """A write failed that only leaders may make: nothing is written until that is clear."""
    membership = turn.state.membership
    if membership.leader and membership.claimed:
        _member(turn, claimed=False, joining=True)
        turn.emit(ClaimLog(membership.generation))


def _claimed(turn: Turn, generation: int, error: Exception | None) -> None:
    if error is not None:
        turn.emit(Wake(CLAIM_SECONDS, ClaimDue(generation)))
        return
    _member(turn, claimed=True)
    if turn.state.membership.joining:
        _agreed(turn)


def _detach(turn: Turn) -> None:
    """Keep only what concerns the time after the next agreement."""
    before = turn.state.membership
    kept = Membership(
        generation=before.generation,
        needed=before.needed,
        version=before.version,
        noted=before.noted,
    )
    turn.change(membership=kept)
    reconcile_all(turn)


def _sweep(turn: Turn) -> None:
    """The leader removes statuses of what is not configured any more."""
    connectors = turn.state.snapshot.connectors
    for name, known in turn.state.statuses.items():
        configured = connectors.get(name)
        if configured is not None and max(known, default=CONNECTOR) < len(configured.tasks):
            continue
        tasks = -2 if configured is None else len(configured.tasks) - 1
        for number in sorted(known, reverse=True):
            if number > max(tasks, CONNECTOR) or configured is None:
                turn.set_status(name, number, None)


# Reading the config log -------------------------------------------------------------------------


def _sync(turn: Turn) -> None:
    attempt = turn.state.sync_attempt + 1
    turn.change(sync_attempt=attempt)
    turn.emit(Refresh(attempt, turn.state.settings.group.sync_timeout_seconds))


def _synced(turn: Turn, error: Exception | None) -> None:
    if error is not None or turn.state.config_offset < turn.state.membership.offset:
        _out_of_sync(turn)
    elif _is_out(turn):
        rejoin(turn)
    else:
        _agreed(turn)


def _is_out(turn: Turn) -> bool:
    """Whether this worker has left the group because it cannot read what the others can."""
    return turn.state.sync_failures > SYNC_RETRIES


def _out_of_sync(turn: Turn) -> None:
    """Try a few times more before leaving the work to others, who can read."""
    failures = turn.state.sync_failures + 1
    eager = turn.state.membership.version == EAGER  # nothing runs yet in this round
    if eager:
        failures = max(failures, SYNC_RETRIES + 1)
    if not _is_out(turn) and failures > SYNC_RETRIES:
        turn.emit(LeaveGroup())
        _detach(turn)
    turn.change(sync_failures=failures)
    turn.emit(Wake(_backoff(turn, failures), SyncDue(turn.state.sync_attempt)))


def _backoff(turn: Turn, failures: int) -> float:
    group = turn.state.settings.group
    if turn.state.membership.version == EAGER:
        return group.unsync_backoff_seconds
    return group.max_delay_seconds / 10 / max(SYNC_RETRIES + 1 - failures, 1)
