"""What librdkafka has to say, in our log: in one line when Kafka goes away, and when it is back."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from penstock.kafka.remedies import remedy_for

REMIND_SECONDS = 60.0
CALM_SECONDS = 2.0
QUIET_SECONDS = 60.0  # librdkafka itself repeats the same complaint after half of that
FACILITIES_MAX = 100
_TIMING = re.compile(r" \(after \d+ms in state .*\)$")
_THREAD = re.compile(r"^\[thrd:[^\]]*\]: ")
_CONNECTIONS = frozenset(("FAIL", "ERROR"))

_log = logging.getLogger(__name__)


class ClientLog:
    """Stands where a client wants a logger. All calls come from the client's thread.

    A client tries to connect many times a second. Of that, one line is left when its trouble
    begins, one a minute while it lasts, and one when `heard_from` knows that it is over.
    """

    def __init__(self, client_id: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._client_id = client_id
        self._now = now
        self._lost_at: float | None = None
        self._failed_at = 0.0
        self._answered = False  # since then
        self._told_at: float | None = None  # when trouble was last told of
        self._told = False  # whether this trouble was
        self._next: dict[str, float] = {}  # when a facility may speak again
        self._unsaid: dict[str, int] = {}

    def log(self, level: int, message: str, facility: str, client: str, text: str) -> None:
        """As confluent-kafka calls a logger, inside the client's `poll` and `consume`."""
        del message, client
        said = _TIMING.sub("", _THREAD.sub("", text))
        if facility not in _CONNECTIONS:
            self._say(level, facility, said)
        elif level >= logging.WARNING:
            self._failed(said)
        else:  # brokers close idle connections
            _log.debug("%s: %s", self._client_id, said)

    @property
    def in_trouble(self) -> bool:
        return self._lost_at is not None

    def heard_from(self, *, answered: bool) -> None:
        """Called now and then; `answered` if Kafka did something for this client just now."""
        lost_at = self._lost_at
        if lost_at is None:
            return
        now = self._now()
        self._answered = self._answered or answered
        calm = now - self._failed_at
        if calm >= QUIET_SECONDS or (self._answered and calm >= CALM_SECONDS):
            if self._told:
                seconds = self._failed_at - lost_at
                _log.warning("%s: Kafka is back after %.0f s.", self._client_id, seconds)
            self._lost_at, self._told = None, False

    def _failed(self, reason: str) -> None:
        now = self._now()
        begins = self._lost_at is None
        if self._lost_at is None:
            self._lost_at = now
        self._failed_at, self._answered = now, False
        if self._told_at is not None and now - self._told_at < REMIND_SECONDS:
            return
        self._told_at, self._told = now, True
        if begins:
            _log.warning(
                "%s: Kafka is out of reach (%s). Trying on.%s",
                self._client_id,
                reason,
                remedy_for(reason),
            )
        else:
            _log.warning(
                "%s: Kafka is out of reach for %.0f s now (%s). Trying on.%s",
                self._client_id,
                now - self._lost_at,
                reason,
                remedy_for(reason),
            )

    def _say(self, level: int, facility: str, text: str) -> None:
        """Each kind of message once a minute, with how many were left out."""
        now = self._now()
        if now < self._next.get(facility, now):
            self._unsaid[facility] = self._unsaid.get(facility, 0) + 1
            return
        if len(self._next) >= FACILITIES_MAX:
            self._next.clear()
            self._unsaid.clear()
        self._next[facility] = now + REMIND_SECONDS
        more = self._unsaid.pop(facility, 0)
        left_out = f" ({more} like it were left out)" if more else ""
        _log.log(level, "%s: %s%s", self._client_id, text, left_out)
