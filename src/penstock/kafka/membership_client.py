"""The client's side of the group protocol: kafka-python's, with what Connect wants of it.

What is done in a round is left to `Rounds`; here it is watched when the coordinator last knew this
member, and what it says that no second attempt will change.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from kafka import structs
from kafka.coordinator import base
from kafka.errors import (
    CoordinatorNotAvailableError,
    GroupAuthorizationFailedError,
    GroupMaxSizeReachedError,
    InconsistentGroupProtocolError,
    InvalidGroupIdError,
    InvalidSessionTimeoutError,
    KafkaError,
    RebalanceInProgressError,
    UnsupportedVersionError,
)
from kafka.protocol.consumer import HeartbeatRequest
from msgspec import Struct

from penstock.cluster.events import Rejoining
from penstock.cluster.membership_bytes import offers
from penstock.cluster.protocol import Protocol as ConnectProtocol
from penstock.kafka.membership_rounds import Rounds
from penstock.kafka.membership_standing import Standing
from penstock.kafka.ports import ControlPlane

log = logging.getLogger(__name__)

# the stubs there are describe an older release
BaseCoordinator: Any = base.BaseCoordinator
REBALANCING: Any = structs.MemberState.REBALANCING  # pyright: ignore
PATIENCE = 0.5  # of a session: a heartbeat that is not answered so long is tried elsewhere


class MemberSettings(Struct, frozen=True):
    """What a member is told by the worker's configuration."""

    group_id: str
    url: str
    protocol: ConnectProtocol = ConnectProtocol.SESSIONED
    session_timeout_ms: int = 10_000
    rebalance_timeout_ms: int = 60_000
    heartbeat_interval_ms: int = 3_000
    retry_backoff_ms: int = 100
    max_delay_ms: int = 300_000


class Coordinator(BaseCoordinator):
    """One membership, from a connection to its end."""

    def __init__(
        self,
        client: Any,
        settings: MemberSettings,
        rounds: Rounds,
        control: ControlPlane,
        standing: Standing,
    ) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            client,
            group_id=settings.group_id,
            session_timeout_ms=settings.session_timeout_ms,
            max_poll_interval_ms=settings.rebalance_timeout_ms,
            heartbeat_interval_ms=settings.heartbeat_interval_ms,
            retry_backoff_ms=settings.retry_backoff_ms,
            api_version=client._manager.broker_version,
        )
        self._mode = settings.protocol
        self._rounds = rounds
        self._control = control
        self._standing = standing
        self._patience_ms = PATIENCE * settings.session_timeout_ms
        self.refused: KafkaError | None = None  # what a heartbeat was told for good
        self._manager.call_soon(self._ask_while_waiting)

    def protocol_type(self) -> str:
        return "connect"

    def group_protocols(self) -> list[tuple[str, bytes]]:
        return offers(self._mode, self._rounds.metadata())

    # Rounds -------------------------------------------------------------------------------------

    async def _on_join_prepare_async(
        self, generation: int, member_id: str, timeout_ms: float | None = None
    ) -> None:
        self._control.tell(Rejoining())

    def _perform_assignment(
        self, leader_id: str, protocol: str, members: list[Any]
    ) -> dict[str, bytes]:
        told = {member.member_id: bytes(member.metadata) for member in members}
        return self._rounds.lead(protocol, leader_id, told, self._generation.generation_id)

    def _process_sync_group_response(self, response: Any, send_time: float) -> bytes:
        assignment = super()._process_sync_group_response(response, send_time)  # pyright: ignore
        self._standing.proven(send_time)
        return assignment  # pyright: ignore

    async def _on_join_complete_async(
        self, generation: int, member_id: str, protocol: str, member_assignment_bytes: bytes
    ) -> None:
        if not self._standing.good():
            await self._ask_aside()  # it was agreed a while ago; does it still count?
        if not self._standing.good():
            self.request_rejoin()
            raise CoordinatorNotAvailableError("The last round took too long to count any more")
        event = self._rounds.joined(generation, member_id, protocol, member_assignment_bytes)
        log.info(
            "Member of group %s in generation %d (%s, the leader is %s): %d connectors and tasks",
            self.group_id,
            generation,
            protocol,
            "this worker" if event.leader else event.leader_url,
            sum(map(len, event.assignment.values())),
        )
        self._control.tell(event)

    # Signs of life ------------------------------------------------------------------------------

    async def _send_heartbeat_request(self) -> None:
        """Like the one it replaces, but it does not wait longer for an answer than is useful."""
        node = self.coordinator_id
        asked_at = time.monotonic()
        try:
            response = await self._ask(node)
        except KafkaError as error:
            self._failed_request(node, _heartbeat(self), error)
            raise
        try:
            self._handle_heartbeat_response(response, asked_at)
        except RebalanceInProgressError:
            self._standing.proven(asked_at)
            raise
        except GroupAuthorizationFailedError as error:
            self.refused = error
            raise
        self._standing.proven(asked_at)

    async def _ask_while_waiting(self) -> None:
        """A round may keep this member waiting for long, and keeps its connection busy: on
        another one the coordinator says whether it still knows the member.
        """
        interval = self.config["heartbeat_interval_ms"] / 1000
        while not self._heartbeat_closed:
            await self._net.sleep(interval)
            known = self._generation.has_member_id() and self._generation.generation_id >= 0
            if self.state is REBALANCING and known:
                await self._ask_aside()

    async def _ask_aside(self) -> None:
        node = self.coordinator_id
        if node is None:
            return
        asked_at = time.monotonic()
        try:
            response = await self._ask(int(str(node).rpartition("-")[2]))
        except KafkaError as error:
            log.debug(
                "The coordinator could not be asked while it lets this member wait: %s", error
            )
            return
        if response.error_code in (0, RebalanceInProgressError.errno):
            self._standing.proven(asked_at)

    async def _ask(self, node: Any) -> Any:
        return await self._manager.send(
            _heartbeat(self), node_id=node, request_timeout_ms=self._patience_ms
        )


def _heartbeat(member: Any) -> Any:
    return HeartbeatRequest(
        group_id=member.group_id,
        generation_id=member._generation.generation_id,
        member_id=member._generation.member_id,
        group_instance_id=None,
    )


def refusal(error: KafkaError, settings: MemberSettings) -> str | None:
    """What an operator has to change, if it is in vain to try again."""
    group = settings.group_id
    match error:
        case GroupAuthorizationFailedError():
            return (
                f"Not authorized to access group: {group}. Allow the worker's user to READ the "
                f"group {group}, which group.id names."
            )
        case InconsistentGroupProtocolError():
            return (
                f"The members of group {group} do not agree on a protocol: group.id names a group "
                "of other clients, such as consumers, or of workers with none of the protocols of "
                f"connect.protocol={settings.protocol.name.lower()}. Give the workers a group.id "
                "of their own."
            )
        case InvalidSessionTimeoutError():
            return (
                f"session.timeout.ms is {settings.session_timeout_ms}, which the broker does not "
                "allow: it has to be between the broker's group.min.session.timeout.ms and "
                "group.max.session.timeout.ms."
            )
        case InvalidGroupIdError():
            return f"The broker does not allow the group.id {group!r}; give the group another one."
        case GroupMaxSizeReachedError():
            return (
                f"Group {group} has as many members already as the broker's group.max.size allows."
            )
        case UnsupportedVersionError():
            return f"The broker does not know the protocol of group membership: {error}"
        case _:
            return None
