"""Setting a connector's offsets: prepare them, ask the connector, store them."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from penstock.cluster.effects import PrepareOffsets, Send, WriteOffsets
from penstock.cluster.errors import BadRequest
from penstock.cluster.events import AlterOffsets, Pairs, PutConnector, Request
from penstock.cluster.messages import CheckOffsets, Failure, OffsetsChecked, TargetState
from penstock.cluster.snapshot import Configured
from penstock.cluster.state import CONNECTOR, Pending, Step
from penstock.cluster.turn import Turn
from penstock.cluster.views import Message
from penstock.sdk.errors import ConnectError

NOT_STOPPED = (
    "Connectors must be in the STOPPED state before their offsets can be modified. This can be "
    "done for the specified connector by issuing a 'PUT' request to the '/connectors/{}/stop' "
    "endpoint"
)
UNSUPPORTED = (
    "Failed to modify offsets for connector {} because it doesn't support external modification "
    "of offsets"
)
KEPT_ELSEWHERE = (
    "The Connect framework-managed offsets for this connector have been {0} successfully. "
    "However, if this connector manages offsets externally, they will need to be manually {0} in "
    "the system that the connector uses."
)


def begin_offsets(turn: Turn, request: AlterOffsets) -> None:
    """A request at the head of its queue; its tasks may still be about to end."""
    ensure_stopped(turn, request)
    turn.pend(request, Step.DRAINING, f"modifying offsets for connector {request.connector}")
    drained(turn, turn.state.requests[request.id])


def ensure_stopped(turn: Turn, request: AlterOffsets) -> None:
    configured = turn.existing(request.connector)
    if configured.target is not TargetState.STOPPED or configured.tasks:
        raise BadRequest(NOT_STOPPED.format(request.connector))


def drained(turn: Turn, pending: Pending) -> None:
    """Go on once no task of the connector runs here."""
    request = pending.request
    assert isinstance(request, AlterOffsets)
    if turn.local(request.connector).instances.keys() - {CONNECTOR}:
        return
    configured = turn.existing(request.connector)
    prepare(turn, request, configured.config, request.offsets)


def prepare(turn: Turn, request: Request, config: Any, offsets: Pairs | None) -> None:
    turn.pend(request, Step.PREPARING, f"modifying offsets for connector {request.connector}")
    turn.emit(PrepareOffsets(request.id, request.connector, config, offsets))


def prepared(turn: Turn, pending: Pending, offsets: Pairs) -> None:
    """The offsets are known; ask the connector."""
    request = pending.request
    step = replace(pending, step=Step.CHECKING, memo=tuple(offsets))
    turn.change(requests={**turn.state.requests, request.id: step})
    texts = {k: v for k, v in _config(turn, request).items() if v is not None}
    pairs: Any = list(offsets)
    turn.emit(Send(CheckOffsets(request.connector, request.id, texts, pairs)))


def checked(turn: Turn, pending: Pending, report: OffsetsChecked) -> None:
    """The connector agrees or refuses. Raises what the client is told."""
    request = pending.request
    if report.failure is not None:
        raise refusal(report.failure, request.connector, kind_of(request))
    offsets: Pairs = pending.memo
    step = replace(pending, step=Step.ALTERING, memo=report.accepted)
    turn.change(requests={**turn.state.requests, request.id: step})
    reset = isinstance(request, AlterOffsets) and request.offsets is None
    config = _config(turn, request)
    turn.emit(WriteOffsets(request.id, request.connector, config, offsets, reset))


def refusal(failure: Failure, connector: str, kind: str) -> Exception:
    if failure.java_class == "java.lang.UnsupportedOperationException":
        return ConnectError(UNSUPPORTED.format(connector))
    if failure.java_class.startswith("org.apache.kafka.connect."):
        return ConnectError(failure.message)
    return ConnectError(f"Failed to modify offsets for {kind} connector {connector}")


def done(pending: Pending) -> Message:
    """What a client is told at the end."""
    request = pending.request
    verb = "reset" if isinstance(request, AlterOffsets) and request.offsets is None else "altered"
    if pending.memo:
        return Message(f"The offsets for this connector have been {verb} successfully")
    return Message(KEPT_ELSEWHERE.format(verb))


def kind_of(request: Request) -> str:
    return request.kind if isinstance(request, AlterOffsets | PutConnector) else "source"


def _config(turn: Turn, request: Request) -> Any:
    if isinstance(request, PutConnector):
        return request.config
    configured: Configured = turn.existing(request.connector)
    return configured.config
