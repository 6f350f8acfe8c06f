"""This worker as a member of its group: joins, says what it runs, and leads if it has to.

The protocol runs on threads of its own, so that heartbeats go on whatever else is busy. A round is
joined only once everything has ended here that was taken away before: what a member does not claim
is given to others.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from kafka.coordinator import base
from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient
from msgspec import Struct

from penstock.cluster.assignor_work import Work
from penstock.cluster.config_state import ConfigState
from penstock.cluster.events import Event, Rejoining
from penstock.cluster.membership_bytes import offers
from penstock.cluster.protocol import Protocol as ConnectProtocol
from penstock.kafka.membership_rounds import Rounds

log = logging.getLogger(__name__)

BaseCoordinator: Any = base.BaseCoordinator  # the stubs there are describe an older release

STEP_SECONDS = 0.1
JOIN_MS = 500
LEAVE_MS = 3000
BOOTSTRAP_MS = 2000
RETRY_SECONDS = 1.0
REMIND_SECONDS = 60.0


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


class ControlPlane(Protocol):
    """What a member has to know of its worker. Called from any thread."""

    def configs(self) -> ConfigState:
        """The config topic as far as it was read."""
        ...

    def newest_configs(self) -> ConfigState:
        """The same, after reading to the end if that is possible soon."""
        ...

    def noted(self) -> int:
        """How many events of the group the control plane has taken note of."""
        ...

    def running(self) -> Work:
        """What runs here, or has not ended yet."""
        ...

    def tell(self, event: Event) -> None: ...


class GroupMember:
    """A `Group`. Call `start` once, and `close` at the end; the rest from any thread."""

    def __init__(
        self, client: Mapping[str, Any], settings: MemberSettings, control: ControlPlane
    ) -> None:
        """`client` are arguments for a client of kafka-python."""
        self._arguments = dict(client)
        self._settings = settings
        self._control = control
        self._rounds = Rounds(settings.url, settings.max_delay_ms, control)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._asked = False
        self._away = False
        self._leaving = False  # once everything has ended here
        self._unknown_since: float | None = None
        self._reminded: float | None = None
        self._complaint = "", 0.0
        self._held_since: float | None = None
        self._thread = threading.Thread(target=self._run, name="group-member", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def rejoin(self, configured: Mapping[str, int]) -> None:
        """Agree anew. A round that is under way may have begun before whatever is the reason."""
        self._away = self._leaving = False
        self._asked = True
        self._wake.set()

    def leave(self) -> None:
        self._away = self._leaving = True
        self._wake.set()

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Leave the group, so that others need not wait for the session to end."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    # The thread ---------------------------------------------------------------------------------

    def _run(self) -> None:
        quiet = logging.getLogger("kafka")
        if quiet.level == logging.NOTSET:
            quiet.setLevel(logging.CRITICAL)  # it tells of every attempt; what matters is told here
        while not self._closing.is_set():
            client: Any = KafkaNetClient(**self._arguments)
            try:
                self._serve(client)
            except Exception:
                log.exception("Membership in group %s is begun anew", self._settings.group_id)
                self._detach()
                self._closing.wait(RETRY_SECONDS)
            finally:
                _quietly(client.close)

    def _serve(self, client: Any) -> None:
        """Until the worker ends, or something happens that should not."""
        net = client._manager._net
        net.start()
        while not self._bootstrapped(client):
            if self._closing.wait(RETRY_SECONDS):
                return
        coordinator = _Coordinator(client, self._settings, self._rounds, self._control)
        try:
            while not self._closing.is_set():
                self._step(coordinator)
        finally:
            _quietly(lambda: coordinator.close(timeout_ms=LEAVE_MS))

    def _bootstrapped(self, client: Any) -> bool:
        try:
            client._manager.bootstrap(BOOTSTRAP_MS)
        except KafkaError as error:
            self._complain(str(error))
            return False
        return True

    def _step(self, coordinator: _Coordinator) -> None:
        try:
            self._take_part(coordinator)
            coordinator.poll_heartbeat()
        except KafkaError as error:
            self._complain(str(error))
            self._closing.wait(RETRY_SECONDS)
        self._watch(coordinator)
        self._wake.wait(STEP_SECONDS)
        self._wake.clear()

    def _complain(self, text: str) -> None:
        """Once a minute, unless it is something new."""
        now = time.monotonic()
        said, at = self._complaint
        if text != said or now - at >= REMIND_SECONDS:
            self._complaint = text, now
            log.warning("Group %s: %s. Trying again.", self._settings.group_id, text)

    def _take_part(self, coordinator: _Coordinator) -> None:
        if self._leaving:
            self._leave(coordinator)
        if self._away:
            return
        if self._asked:
            self._asked = False
            coordinator.request_rejoin()
        if coordinator.need_rejoin() and not coordinator.rejoining and not self._released():
            return
        coordinator.ensure_active_group(timeout_ms=JOIN_MS)

    def _leave(self, coordinator: _Coordinator) -> None:
        if self._rounds.allocation is not None:
            self._detach()
        if self._released():
            self._leaving = False
            coordinator.maybe_leave_group("out of sync", LEAVE_MS)

    def _released(self) -> bool:
        """Whether all that was taken away has ended; under the eager protocol that is all."""
        if self._rounds.eager and self._rounds.allocation is not None:
            self._detach()
        control = self._control
        released = self._rounds.released(control.noted(), control.running())
        if released:
            self._held_since = None
        else:
            self._remind()
        return released

    def _remind(self) -> None:
        now = time.monotonic()
        since = self._held_since
        if since is None:
            self._held_since = now
        elif now - since > REMIND_SECONDS:
            self._held_since = now
            log.warning("Waiting to rejoin the group until %s have ended", self._control.running())

    def _watch(self, coordinator: _Coordinator) -> None:
        """Without a coordinator others may soon run what this worker runs: stop it in time."""
        if not coordinator.coordinator_unknown():
            self._unknown_since = self._reminded = None
            return
        now = time.monotonic()
        if self._unknown_since is None:
            self._unknown_since = now
        seconds = now - self._unknown_since
        if seconds * 1000 < self._settings.heartbeat_interval_ms:
            return
        if self._reminded is None or now - self._reminded >= REMIND_SECONDS:
            self._reminded = now
            log.warning(
                "The coordinator of group %s has been out of reach for %.0f s. Nothing runs here "
                "until this worker is a member again.",
                self._settings.group_id,
                seconds,
            )
        if self._rounds.allocation is not None:
            self._detach()
            coordinator.request_rejoin()

    def _detach(self) -> None:
        self._control.tell(self._rounds.forget())


class _Coordinator(BaseCoordinator):
    """The client's side of the protocol; everything Connect does in it is left to `Rounds`."""

    def __init__(
        self, client: Any, settings: MemberSettings, rounds: Rounds, control: ControlPlane
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

    def protocol_type(self) -> str:
        return "connect"

    def group_protocols(self) -> list[tuple[str, bytes]]:
        return offers(self._mode, self._rounds.metadata())

    async def _on_join_prepare_async(
        self, generation: int, member_id: str, timeout_ms: float | None = None
    ) -> None:
        self._control.tell(Rejoining())

    def _perform_assignment(
        self, leader_id: str, protocol: str, members: list[Any]
    ) -> dict[str, bytes]:
        told = {member.member_id: bytes(member.metadata) for member in members}
        return self._rounds.lead(protocol, leader_id, told, self._generation.generation_id)

    async def _on_join_complete_async(
        self, generation: int, member_id: str, protocol: str, member_assignment_bytes: bytes
    ) -> None:
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


def _quietly(call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception as error:
        log.debug("While closing: %s", error)
