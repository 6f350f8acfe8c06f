"""Before exactly-once tasks start, earlier producers of their connector are fenced off.

Every worker asks the leader, with a `FenceZombies`, before it starts tasks. The leader reads the
config log to its end; if task configurations are newer than the last record of a number of tasks,
it fences off the producers of as many tasks as that says and writes how many there are now: a
`FencingRound`, which all who ask meanwhile wait for. New task configurations end it.
"""

from __future__ import annotations

from collections.abc import Callable

from penstock.cluster.changes import TaskCountRecorded
from penstock.cluster.effects import AskToFence, FenceProducers, ReadConfig, WriteConfig
from penstock.cluster.errors import BadRequest, NotLeader, RequestError
from penstock.cluster.events import (
    AlterOffsets,
    FenceZombies,
    FencingRound,
    PutConnector,
    Request,
)
from penstock.cluster.messages import Failure, State, TaskChanged, TaskId
from penstock.cluster.offset_steps import begin_offsets, prepare
from penstock.cluster.reconcile import start_waiting, waiting_tasks
from penstock.cluster.reports import reported
from penstock.cluster.state import Pending, Step
from penstock.cluster.turn import Turn
from penstock.cluster.waiting import end
from penstock.runtime.error_text import trace_text
from penstock.sdk.errors import ConnectError, java_class

NOT_LEADER = "Only the leader may perform zombie fencing."
UNREAD = "Failed to read to end of config topic before performing zombie fencing"
UNREAD_AFTER = "Failed to read to end of config topic"
FAILED = "Failed to perform zombie fencing"
SUPERSEDED = "Failed to complete zombie fencing because a new set of task configs was generated"

Wish = FenceZombies | AlterOffsets


def begin_fencing(turn: Turn, request: Wish) -> None:
    """The group has agreed: ask the leader, or do what the leader has to."""
    name, membership = request.connector, turn.state.membership
    if membership.leader:
        _check(turn, request)
        turn.pend(request, Step.READING, f"fencing off earlier producers of connector {name}")
        turn.emit(ReadConfig(request.id, turn.state.settings.group.sync_timeout_seconds))
    elif isinstance(request, FenceZombies) and request.revision is not None:
        stage = f"asking the leader to fence off earlier producers of connector {name}"
        turn.pend(request, Step.ASKING, stage, membership.leader_url)
        turn.emit(AskToFence(request.id, membership.leader_url, name))
    else:
        raise NotLeader(NOT_LEADER, membership.leader_url)


def _check(turn: Turn, request: Request) -> None:
    membership = turn.state.membership
    if not membership.leader:
        raise NotLeader(NOT_LEADER, membership.leader_url)
    configured = turn.existing(request.connector)
    if configured.kind == "sink":
        raise BadRequest(f"Connector {request.connector} is not a source connector")


def proceed(turn: Turn, pending: Pending) -> None:
    """An effect of a wish or of a round is done."""
    request, step = pending.request, pending.step
    match request:
        case FencingRound() if step is Step.FENCING:
            turn.pend(request, Step.READING, pending.stage.description)
            turn.emit(ReadConfig(request.id, turn.state.settings.group.sync_timeout_seconds))
        case FencingRound() if step is Step.READING:
            turn.pend(request, Step.QUEUED, pending.stage.description)
        case FencingRound() if step is Step.RECORDING:
            finish(turn, request, None)
        case FenceZombies() | AlterOffsets() if step is Step.READING:
            _check(turn, request)
            _join(turn, request)
        case FenceZombies() if step is Step.ASKING:
            finish(turn, request, None)
        case PutConnector():
            prepare(turn, request, request.config, request.offsets)
        case _:
            pass


def _join(turn: Turn, request: Wish) -> None:
    """Wait for the round, and begin one if there is none."""
    name = request.connector
    fencing, tasks = turn.state.snapshot.fencing(name), len(turn.existing(name).tasks)
    if not fencing.pending:
        finish(turn, request, None)
        return
    turn.pend(request, Step.FENCING, f"fencing off earlier producers of connector {name}")
    if _rounds(turn, name):
        return
    round_ = FencingRound(turn.state.next_internal, name, tasks)
    turn.change(next_internal=turn.state.next_internal - 1)
    text = f"initiating a round of zombie fencing for connector {name}"
    turn.pend(round_, Step.FENCING, text)
    count, config = fencing.needed(tasks), turn.existing(name).config
    turn.emit(FenceProducers(round_.id, name, config, count))


def record(turn: Turn, request: FencingRound) -> None:
    """Write how many tasks there are, but never after configurations that this does not count:
    what is being written for the connector has to be read first, and may end the round."""
    name = request.connector
    others = [p for p in turn.state.requests.values() if p.request.connector == name]
    if any(pending.step is Step.WRITING for pending in others):
        return
    _check(turn, request)
    turn.pend(request, Step.RECORDING, f"writing the number of tasks of {request.connector}")
    turn.emit(WriteConfig(request.id, (TaskCountRecorded(request.connector, request.tasks),)))


def fence_namesake(turn: Turn, request: PutConnector) -> None:
    """Initial offsets are the last word: tasks of a deleted connector of this name write no more.

    The first task's producer is fenced off by what writes the offsets.
    """
    recorded = turn.state.snapshot.fencing(request.connector).recorded or 0
    sources = turn.state.settings.group.exactly_once and request.kind != "sink"
    if not sources or recorded <= 1:
        prepare(turn, request, request.config, request.offsets)
        return
    name = request.connector
    turn.pend(request, Step.FENCING, f"fencing off earlier producers of connector {name}")
    turn.emit(FenceProducers(request.id, name, request.config, recorded))


def _rounds(turn: Turn, name: str) -> list[FencingRound]:
    known = [pending.request for pending in turn.state.requests.values()]
    return [r for r in known if isinstance(r, FencingRound) and r.connector == name]


def supersede(turn: Turn, name: str) -> None:
    """There are new task configurations; whoever waits for a round has to ask again."""
    for request in _rounds(turn, name):
        finish(turn, request, RequestError(409, SUPERSEDED))


def failed(turn: Turn, pending: Pending, error: Exception) -> None:
    """An effect of a wish or of a round could not be had."""
    request = pending.request
    if pending.step is Step.READING:
        error = _caused(UNREAD_AFTER if isinstance(request, FencingRound) else UNREAD, error)
    finish(turn, request, error)


def finish(turn: Turn, request: Request, error: Exception | None) -> None:
    """A wish or a round is at its end, whatever came of it."""
    if error is not None and not java_class(error).startswith("org.apache.kafka.connect."):
        error = _caused(FAILED, error)
    match request:
        case FencingRound():
            end(turn, request.id, None, error)
            for pending in list(turn.state.requests.values()):
                if _waits_for(pending, request):
                    finish(turn, pending.request, error)
        case FenceZombies(revision=int(revision)):
            _own(turn, request, revision, error)
        case AlterOffsets() if error is None:
            attempt(turn, request, lambda: begin_offsets(turn, request))
        case _:
            end(turn, request.id, None, error)


def _waits_for(pending: Pending, round_: FencingRound) -> bool:
    wish = isinstance(pending.request, Wish) and pending.request.connector == round_.connector
    return wish and pending.step is Step.FENCING


def attempt(turn: Turn, request: Request, step: Callable[[], None]) -> None:
    """An error in a step ends its request, and what depends on it."""
    try:
        step()
    except Exception as error:
        finish(turn, request, error)


def _caused(text: str, error: Exception) -> Exception:
    made = ConnectError(text)
    made.__cause__ = error
    return made


# Tasks that wait here ---------------------------------------------------------------------------


def _own(turn: Turn, request: FenceZombies, revision: int, error: Exception | None) -> None:
    """Start what waited, or let it fail; ask again if only the leader was the wrong one."""
    name, pending = request.connector, turn.state.requests.get(request.id)
    if pending is None:
        return
    waiting = waiting_tasks(turn, name, revision)
    if error is not None and waiting and _asked_the_wrong_one(turn, pending, error):
        turn.pend(request, Step.QUEUED, pending.stage.description)
        return
    end(turn, request.id, None, None)
    if error is None:
        start_waiting(turn, name, revision)
        return
    failure = Failure(java_class(error), str(error), trace_text(error))
    for number, instance in waiting.items():
        task, incarnation = TaskId(name, number), instance.incarnation
        report = TaskChanged(task, incarnation, State.FAILED, failure.trace, failure=failure)
        reported(turn, report)


def _asked_the_wrong_one(turn: Turn, pending: Pending, error: Exception) -> bool:
    membership = turn.state.membership
    deposed = pending.step is Step.ASKING and pending.memo != membership.leader_url
    return deposed or membership.joining or isinstance(error, NotLeader)
