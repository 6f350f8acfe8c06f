"""Requests that change the same connector take turns: none decides on what another undoes."""

from __future__ import annotations

from penstock.cluster.errors import RequestError
from penstock.cluster.events import Request
from penstock.cluster.state import Step
from penstock.cluster.turn import Turn


def enqueue(turn: Turn, request: Request, stage: str, memo: object = None) -> None:
    """Wait for the connector's earlier requests; `herder.advance` begins those at the head."""
    state = turn.state
    if request.id >= 0 and len(state.requests) >= state.settings.requests_max:
        turn.reply(request.id, error=RequestError(429, "Too many requests are waiting already"))
        return
    turn.pend(request, Step.QUEUED, stage, memo)
    queue = (*state.queues.get(request.connector, ()), request.id)
    turn.change(queues={**turn.state.queues, request.connector: queue})


def leave(turn: Turn, connector: str, request: int) -> None:
    """Let the next request have its turn."""
    queue = turn.state.queues.get(connector, ())
    left = tuple(other for other in queue if other != request)
    queues = {k: v for k, v in turn.state.queues.items() if k != connector}
    turn.change(queues={**queues, connector: left} if left else queues)
