"""What a client hears of its connections: some of it ends a task, the rest is logged at times."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError

from penstock.kafka.connection import (
    PROBE_SECONDS,
    REMIND_SECONDS,
    TOKEN_SECONDS,
    Watch,
    answered,
    forget_errors,
    plain_text,
)
from penstock.kafka.errors import KafkaClientError, client_error
from penstock.sdk.errors import java_class

LOGIN = KafkaError(
    KafkaError._AUTHENTICATION,
    "sasl_ssl://kafka:9093/bootstrap: SASL authentication error: Authentication failed: no "
    "(after 308ms in state AUTH_REQ, 4 identical error(s) suppressed)",
)
DOWN = KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 brokers are down")
LOST = KafkaError(KafkaError._TRANSPORT, "kafka:9093/bootstrap: gone (after 1ms in state UP)")
TLS = {"security.protocol": "sasl_ssl"}


class Rig:
    """A watch with a clock to be turned and a probe that says what it is told to."""

    def __init__(self, place: str = "") -> None:
        self.time = 1000.0
        self.wrong: str | None = None
        self.probed = 0
        self.watch = Watch(TLS, place, probe=self._probe, now=lambda: self.time)

    def _probe(self, settings: object) -> str | None:
        self.probed += 1
        return self.wrong


def test_a_refused_login_ends_the_task_with_a_sentence() -> None:
    with pytest.raises(KafkaClientError) as refused:
        Rig("They stand there.").watch.heard(LOGIN)
    assert java_class(refused.value).endswith(".SaslAuthenticationException")
    assert str(refused.value) == (
        "Kafka at kafka:9093 refuses the login (Authentication failed: no); "
        "check sasl.mechanism and sasl.jaas.config. They stand there."
    )


def test_a_coordinator_that_refuses_a_login_is_named_by_its_address() -> None:
    text = "GroupCoordinator: kafka:9093: SASL authentication error: no (after 1ms in state UP)"
    with pytest.raises(KafkaClientError, match=r"^Kafka at kafka:9093 refuses the login \(no\);"):
        Rig().watch.heard(KafkaError(KafkaError._AUTHENTICATION, text))


def test_a_token_that_is_missing_is_told_apart() -> None:
    text = "Failed to acquire SASL OAUTHBEARER token: HTTP 401."
    with pytest.raises(KafkaClientError, match=r"no token to log in with: .* 401; check sasl\.o"):
        Rig().watch.heard(KafkaError(KafkaError._AUTHENTICATION, text))


@pytest.mark.parametrize(
    "reason",
    [
        "SASL PLAIN mechanism handshake failed: Local: Broker transport failure: broker's [...]",
        "SASL authentication error: SaslAuthenticateRequest failed: Local: Timed out",
    ],
)
def test_a_broker_that_goes_away_during_a_login_has_not_refused_it(reason: str) -> None:
    rig = Rig()
    rig.watch.heard(KafkaError(KafkaError._AUTHENTICATION, f"sasl_ssl://kafka:9093/1: {reason}"))
    assert rig.watch.last.endswith(reason)


def test_a_client_that_had_a_token_waits_for_the_endpoint_of_the_next_one() -> None:
    rig = Rig()
    text = "Failed to acquire SASL OAUTHBEARER token: "
    away = KafkaError(KafkaError._AUTHENTICATION, f"{text}Failed to connect to sso:443")
    refused = KafkaError(KafkaError._AUTHENTICATION, text + '{"error":"invalid_client"}')
    with pytest.raises(KafkaClientError, match=r"no token to log in with: .*Failed to connect"):
        rig.watch.heard(away)
    rig.time += TOKEN_SECONDS
    rig.watch.heard(away)
    with pytest.raises(KafkaClientError, match="invalid_client"):
        rig.watch.heard(refused)


def test_a_fatal_error_ends_the_task() -> None:
    with pytest.raises(KafkaClientError, match="fenced"):
        Rig().watch.heard(KafkaError(KafkaError._FENCED, "fenced", fatal=True))


@pytest.mark.parametrize("error", [DOWN, LOST, LOGIN, KafkaError(KafkaError._SSL, "handshake")])
def test_what_the_probe_is_certain_of_ends_the_task(error: KafkaError) -> None:
    rig = Rig()
    rig.wrong = "The certificate has expired."
    with pytest.raises(KafkaClientError, match=r"^The certificate has expired\.$") as told:
        rig.watch.heard(error)
    assert java_class(told.value).endswith(".SslAuthenticationException")


def test_brokers_that_are_away_are_waited_for_with_a_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()
    with caplog.at_level(logging.WARNING):
        for _ in range(int(REMIND_SECONDS) * 3):
            rig.watch.heard(LOST)
            rig.watch.heard(DOWN)
            rig.time += 1.0
    assert caplog.messages == [
        "Kafka is out of reach (kafka:9093/bootstrap: gone). Trying on."
    ] * 2  # fmt: skip
    assert rig.watch.last == "kafka:9093/bootstrap: gone"


def test_listeners_are_probed_now_and_then_only() -> None:
    rig = Rig()
    for _ in range(100):
        rig.watch.heard(DOWN)
        rig.time += PROBE_SECONDS / 10
    assert rig.probed == 10


def test_what_healed_is_no_longer_told() -> None:
    rig = Rig()
    rig.wrong = "The certificate has expired."
    for _ in range(2):
        with pytest.raises(KafkaClientError):
            rig.watch.heard(DOWN)
    rig.wrong = None
    rig.time += PROBE_SECONDS
    rig.watch.heard(DOWN)


class Client:
    """Raises so many errors when it is polled, one after the other."""

    def __init__(self, errors: int) -> None:
        self.errors = errors

    def poll(self, seconds: float) -> None:
        if self.errors:
            self.errors -= 1
            raise client_error("SaslAuthenticationException", "refused")


def test_an_answer_is_not_waited_for_when_it_can_never_come() -> None:
    with pytest.raises(KafkaClientError, match="refused"):
        answered(Client(1), Future[Any](), 60)


def test_an_answer_that_is_there_counts_more_than_errors() -> None:
    answer = Future[str]()
    answer.set_result("here")
    assert answered(Client(1), answer, 60) == "here"


def test_waiting_for_an_answer_has_a_limit() -> None:
    with pytest.raises(TimeoutError, match="did not answer within 0 s"):
        answered(Client(0), Future[Any](), 0)


def test_errors_of_an_idle_client_are_forgotten() -> None:
    client = Client(10)
    forget_errors(client)
    assert client.errors == 0


def test_timing_is_left_out_of_texts() -> None:
    assert plain_text(LOST) == "kafka:9093/bootstrap: gone"
