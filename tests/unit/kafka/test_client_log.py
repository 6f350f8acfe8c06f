"""What is left in our log of what a client says, on a pretended clock."""

from __future__ import annotations

import logging

import pytest

from penstock.kafka.client_log import FACILITIES_MAX, ClientLog
from penstock.kafka.remedies import remedy_for

REFUSED = (
    "[thrd:kafka:1/bootstrap]: kafka:1/bootstrap: Connection refused "
    "(after 0ms in state CONNECT, 1 identical error(s) suppressed)"
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Client:
    """A client's log, its clock and what arrived in ours."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.clock = Clock()
        self.log = ClientLog("sink-0", now=self.clock)
        self.caplog = caplog
        caplog.set_level(logging.INFO, "penstock.kafka.client_log")

    def fails(self, seconds: float = 0.0) -> None:
        """Every 25 ms for so long, as librdkafka does."""
        for _ in range(max(1, int(seconds * 40))):
            self.log.log(logging.ERROR, "%s [%s] %s", "FAIL", "sink-0#consumer-1", REFUSED)
            self.log.heard_from(answered=False)
            self.clock.seconds += 0.025

    def answers(self, after: float) -> None:
        self.clock.seconds += after
        self.log.heard_from(answered=True)

    @property
    def lines(self) -> list[str]:
        return self.caplog.messages


@pytest.fixture
def client(caplog: pytest.LogCaptureFixture) -> Client:
    return Client(caplog)


def test_an_outage_is_one_line_and_its_end_another(client: Client) -> None:
    client.fails(30)
    client.answers(after=3)
    client.answers(after=3)
    assert client.lines == [
        "sink-0: Kafka is out of reach (kafka:1/bootstrap: Connection refused). Trying on."
        + remedy_for("kafka:1/bootstrap: Connection refused"),
        "sink-0: Kafka is back after 30 s.",
    ]


def test_a_long_outage_is_told_of_once_a_minute(client: Client) -> None:
    client.fails(185)
    assert len(client.lines) == 4
    assert "out of reach for 60 s now" in client.lines[1]


def test_an_answer_counts_only_when_no_connection_fails_after_it(client: Client) -> None:
    client.fails()
    client.answers(after=1)
    client.fails()
    client.answers(after=1)
    assert len(client.lines) == 1
    client.log.heard_from(answered=False)
    client.clock.seconds += 2
    client.log.heard_from(answered=False)
    assert client.lines[1:] == ["sink-0: Kafka is back after 1 s."]


def test_an_idle_client_is_back_when_nothing_fails_for_a_minute(client: Client) -> None:
    client.fails()
    client.clock.seconds += 59
    client.log.heard_from(answered=False)
    assert client.log.in_trouble
    client.clock.seconds += 2
    client.log.heard_from(answered=False)
    assert not client.log.in_trouble
    assert len(client.lines) == 2


def test_trouble_that_comes_and_goes_is_told_of_once_a_minute(client: Client) -> None:
    for _ in range(8):
        client.fails()
        client.answers(after=10)
    assert [line.split(" ")[3] for line in client.lines] == ["out", "back", "out", "back"]


def test_connections_that_a_broker_closes_are_no_trouble(client: Client) -> None:
    client.log.log(logging.INFO, "%s [%s] %s", "FAIL", "x", "[thrd:a]: a/1: Disconnected")
    assert not client.log.in_trouble
    assert client.lines == []


def test_other_messages_are_said_once_a_minute_each(client: Client) -> None:
    for _ in range(3):
        client.log.log(logging.WARNING, "%s [%s] %s", "MAXPOLL", "x", "[thrd:main]: too late")
    client.log.log(logging.WARNING, "%s [%s] %s", "SESSTMOUT", "x", "[thrd:main]: timed out")
    client.clock.seconds += 61
    client.log.log(logging.WARNING, "%s [%s] %s", "MAXPOLL", "x", "[thrd:main]: too late")
    assert client.lines == [
        "sink-0: too late",
        "sink-0: timed out",
        "sink-0: too late (2 like it were left out)",
    ]


def test_kinds_of_messages_are_not_remembered_without_end(client: Client) -> None:
    for number in range(3 * FACILITIES_MAX):
        client.log.log(logging.WARNING, "%s [%s] %s", f"F{number}", "x", "text")
    assert len(client.lines) == 3 * FACILITIES_MAX
    remembered = client.log._next  # pyright: ignore[reportPrivateUsage]
    assert len(remembered) <= FACILITIES_MAX
