"""A connection that can never work ends a client's task with one sentence, not with retries."""

from __future__ import annotations

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from penstock.kafka.errors import KafkaClientError, client_error, kafka_error
from penstock.kafka.properties_rules import Setting
from penstock.kafka.remedies import remedy_for

log = logging.getLogger(__name__)

REMIND_SECONDS = 60.0
PROBE_SECONDS = 10.0
TOKEN_SECONDS = 30.0  # a client that got no token at first has failed by then
_ASK_SECONDS = 0.2
_TRIAL_SECONDS = 1.0
_FORGOTTEN_MAX = 1000
_ADDRESS = re.compile(r"^(?:GroupCoordinator: )?(?:\w+://)?(\S+?)(?:/\w+)?: ")
# what broke, not what the broker or the token endpoint said
_BROKEN_LOGIN = re.compile(r"(?:handshake|Request) failed: Local: ")
_NO_ENDPOINT = re.compile(r"OAUTHBEARER token: (?!\{)")
_STATE = re.compile(r" \(after \d+ms in state .*\)$")
_TELLING = frozenset(
    (
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
        KafkaError._TRANSPORT,
    )
)


def watched(
    settings: Mapping[str, Setting], place: str = "", *, reminds: bool = True
) -> dict[str, Any]:
    """The settings of a client whose `poll` and `consume` raise what will not get better.

    `place` is a sentence on where these settings stand, for errors. A client with a log of its own
    needs no reminders of brokers that are away.
    """
    return {**settings, "error_cb": Watch(settings, place, reminds=reminds).heard}


def answered(client: Any, answer: Any, seconds: float) -> Any:
    """What an admin client's future holds. Raises what the client's watch raises meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            return answer.result(_ASK_SECONDS)
        except TimeoutError:
            client.poll(0)
            if time.monotonic() > end:
                raise TimeoutError(f"Kafka did not answer within {seconds:.0f} s.") from None


def forget_errors(client: Any) -> None:
    """Those that came while a client was idle may have healed since."""
    for _ in range(_FORGOTTEN_MAX):
        with contextlib.suppress(KafkaClientError):
            client.poll(0)
            return


def ensure_possible(settings: Mapping[str, Setting]) -> None:
    """Ask with librdkafka what kafka-python cannot tell. Raises what will not get better."""
    client: Any = AdminClient({**watched(settings), "log_level": 0})
    try:
        client.list_topics(timeout=_TRIAL_SECONDS)
    except KafkaException:
        client.poll(0)


def _why_not(settings: Mapping[str, Setting]) -> str | None:
    from penstock.kafka.probe import why_not  # rarely needed

    return why_not(settings)


class Watch:
    """What a client hears of its connections. Called inside its `poll`, on that thread."""

    def __init__(
        self,
        settings: Mapping[str, Setting],
        place: str = "",
        *,
        reminds: bool = True,
        probe: Callable[[Mapping[str, Setting]], str | None] = _why_not,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._place = place
        self._probe = probe
        self._now = now
        self._reason = "no answer"
        self._reminds = reminds
        self._remind_at: float | None = None  # not the first time, which may be a broker's restart
        self._probe_at = self._made_at = now()
        self._wrong: str | None = None

    @property
    def last(self) -> str:
        """The last thing that went wrong, in a few words."""
        return self._reason

    def heard(self, error: KafkaError) -> None:
        """Raises when it makes no sense to go on."""
        code = error.code()
        if error.fatal():
            raise kafka_error(error)
        if code != KafkaError._ALL_BROKERS_DOWN:
            self._reason = plain_text(error)
        if code in _TELLING:
            self._look()
        if code == KafkaError._AUTHENTICATION and not self._passes(error.str()):
            raise client_error("SaslAuthenticationException", self._placed(_refused(error)))
        if self._reminds:
            self._remind()

    def _passes(self, text: str) -> bool:
        """A broker that goes away in the middle of a login has not refused it, and a client that
        had a token can wait for the endpoint that gives the next one."""
        if self._now() - self._made_at >= TOKEN_SECONDS and _NO_ENDPOINT.search(text):
            return True
        return _BROKEN_LOGIN.search(text) is not None

    def _look(self) -> None:
        """Probing is a connection of its own: not more often than now and then."""
        if self._now() >= self._probe_at:
            self._wrong = self._probe(self._settings)
            self._probe_at = self._now() + PROBE_SECONDS
        if self._wrong is not None:
            encrypted = str(self._settings.get("security.protocol", "")).endswith("ssl")
            name = "SslAuthenticationException" if encrypted else "AuthenticationException"
            raise client_error(name, self._placed(self._wrong))

    def _remind(self) -> None:
        now = self._now()
        if self._remind_at is None or now >= self._remind_at:
            if self._remind_at is not None:
                remedy = remedy_for(self._reason)
                log.warning("Kafka is out of reach (%s). Trying on.%s", self._reason, remedy)
            self._remind_at = now + REMIND_SECONDS

    def _placed(self, sentence: str) -> str:
        return f"{sentence} {self._place}".strip()


def plain_text(error: KafkaError) -> str:
    """What the client says, without timing."""
    return _STATE.sub("", error.str())


def _refused(error: KafkaError) -> str:
    text = plain_text(error)
    if "token" in text.lower():
        return f"There is no token to log in with: {text.rstrip('.')}; check sasl.oauthbearer.*."
    address = _ADDRESS.match(text)
    detail = _ADDRESS.sub("", text).removeprefix("SASL authentication error: ")
    where = f" at {address[1]}" if address else ""
    return (
        f"Kafka{where} refuses the login ({detail.strip()}); "
        "check sasl.mechanism and sasl.jaas.config."
    )
