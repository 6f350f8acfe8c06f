"""This worker as a member of its group: joins, says what it runs, and leads if it has to.

The protocol runs on threads of its own, so that heartbeats go on whatever else is busy. A round is
joined only once everything has ended here that was taken away before: what a member does not claim
is given to others. They are given it, too, when the coordinator does not hear of this member for a
session's length; so nothing runs here longer than that without word from it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from kafka.errors import KafkaError
from kafka.net.compat import KafkaNetClient

from penstock.kafka.membership_client import Coordinator, MemberSettings, refusal
from penstock.kafka.membership_pulse import Pulse
from penstock.kafka.membership_rounds import Rounds
from penstock.kafka.membership_standing import Lease, NoLease, Standing
from penstock.kafka.ports import ControlPlane

log = logging.getLogger(__name__)

STEP_SECONDS = 0.1
JOIN_MS = 500
LEAVE_MS = 3000
BOOTSTRAP_MS = 2000
RETRY_SECONDS = 1.0
REMIND_SECONDS = 60.0
COMPLAINTS_MAX = 10  # a minute


class GroupMember:
    """A `Group`. Call `start` once, and `close` at the end; the rest from any thread."""

    def __init__(
        self,
        client: Mapping[str, Any],
        settings: MemberSettings,
        control: ControlPlane,
        lease: Lease | None = None,
    ) -> None:
        """`client` are arguments for a client of kafka-python; who runs tasks has the `lease`."""
        self._arguments = dict(client)
        self._settings = settings
        self._control = control
        self._rounds = Rounds(settings.url, settings.max_delay_ms, control)
        self._standing = Standing(
            settings.session_timeout_ms / 1000,
            lease or NoLease(),
            settings.heartbeat_interval_ms / 1000,
        )
        self._pulse = Pulse(control.pulse, settings.rebalance_timeout_ms / 1000)
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._asked = False
        self._away = False
        self._leaving = False  # once everything has ended here
        self._unknown_since: float | None = None
        self._reminded: float | None = None
        self._complaints: dict[str, float] = {}  # when each was told
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

    def out_of_time(self) -> None:
        """Something that ran here was ended for want of word from the group: all begins anew."""
        self._standing.give_up()
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
        coordinator = Coordinator(
            client, self._settings, self._rounds, self._control, self._standing
        )
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

    def _step(self, coordinator: Coordinator) -> None:
        try:
            if self._pulse.stopped():
                self._abandon(coordinator)
            else:
                self._take_part(coordinator)
                coordinator.poll_heartbeat()
            if coordinator.refused is not None:
                raise coordinator.refused
        except KafkaError as error:
            self._failed(error)
        self._watch(coordinator)
        self._wake.wait(STEP_SECONDS)
        self._wake.clear()

    def _failed(self, error: KafkaError) -> None:
        reason = refusal(error, self._settings)
        if reason is None:
            self._complain(str(error))
            self._closing.wait(RETRY_SECONDS)
        else:
            self._detach()
            self._control.refused(reason)
            self._closing.wait()  # the worker ends

    def _complain(self, text: str) -> None:
        """Each thing once a minute; several may alternate for as long as the trouble lasts."""
        now = time.monotonic()
        recent = {said: at for said, at in self._complaints.items() if now - at < REMIND_SECONDS}
        if text not in recent and len(recent) < COMPLAINTS_MAX:
            recent[text] = now
            log.warning("Group %s: %s. Trying again.", self._settings.group_id, text.rstrip("."))
        self._complaints = recent

    def _take_part(self, coordinator: Coordinator) -> None:
        if self._standing.in_danger() and self._rounds.allocation is not None:
            self._stop_in_time(coordinator)
        if self._leaving:
            self._leave(coordinator)
        if self._away:
            return
        if self._asked:
            self._asked = False
            coordinator.request_rejoin()
        underway = coordinator.rejoining and self._rounds.allocation is not None
        if coordinator.need_rejoin() and not underway and not self._released():
            return
        coordinator.ensure_active_group(timeout_ms=JOIN_MS)

    def _stop_in_time(self, coordinator: Coordinator) -> None:
        """Stop in order what others are about to be given; what is still there then is ended."""
        left = self._standing.seconds_left() or 0.0
        log.warning(
            "Group %s: no word from the coordinator for most of session.timeout.ms (%d). "
            "Everything stops here, %s.",
            self._settings.group_id,
            self._settings.session_timeout_ms,
            "as others may run it now" if left <= 0 else f"within {left:.1f} s",
        )
        self._detach()
        coordinator.request_rejoin()

    def _abandon(self, coordinator: Coordinator) -> None:
        """The control plane is stuck, and cannot even stop what runs: leave it to others."""
        if not self._pulse.told:
            self._pulse.told = True
            log.error(
                "The control plane of this worker has not moved for rebalance.timeout.ms (%d ms). "
                "The worker leaves group %s until it does. It is here:\n%s",
                self._settings.rebalance_timeout_ms,
                self._settings.group_id,
                self._control.stack(),
            )
            self._standing.give_up()
            coordinator.maybe_leave_group("its control plane is stuck", LEAVE_MS)

    def _leave(self, coordinator: Coordinator) -> None:
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
            if self._rounds.allocation is None:
                self._standing.begin_anew()
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

    def _watch(self, coordinator: Coordinator) -> None:
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


def _quietly(call: Callable[[], Any]) -> None:
    try:
        call()
    except Exception as error:
        log.debug("While closing: %s", error)
