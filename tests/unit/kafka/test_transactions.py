"""How transactions end, told from what the client says, without a broker."""

from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from penstock.kafka.errors import KafkaClientError
from penstock.kafka.transactions import KafkaTransactions
from penstock.runtime.ports import FencedError, Outgoing
from penstock.sdk.errors import ConnectError

SETTINGS = {
    "bootstrap.servers": "127.0.0.1:1",
    "log_level": 0,
    "transactional.id": "group-task-0",
    "transaction.timeout.ms": 1000,
}


class Client:
    """Refuses what it is given reasons for, as librdkafka's producer does."""

    def __init__(self, **reasons: KafkaError) -> None:
        self.reasons = reasons
        self.asked: list[str] = []

    def begin_transaction(self) -> None: ...

    def commit_transaction(self, seconds: float) -> None:
        self._ask("commit")

    def abort_transaction(self, seconds: float) -> None:
        self._ask("abort")

    def produce(self, *arguments: object) -> None:
        self._ask("produce")

    def purge(self) -> None: ...

    def close(self) -> None:
        self._ask("close")

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if reason := self.reasons.get(what):
            raise KafkaException(reason)


FENCED = KafkaError(KafkaError._FENCED, "fenced by a newer instance", fatal=True)
FATAL = KafkaError(KafkaError._FATAL, "a previous fatal error")
UNKNOWN = KafkaError(KafkaError.UNKNOWN, "EndTxn commit failed", txn_requires_abort=True)


@pytest.fixture
def client(request: pytest.FixtureRequest) -> Client:
    return Client(**request.param)


@pytest.fixture
def producer(client: Client) -> KafkaTransactions:
    made = KafkaTransactions(SETTINGS, tracked=True)
    made._client.close()  # pyright: ignore[reportPrivateUsage]
    made._client = client  # type: ignore[assignment]  # pyright: ignore
    made.begin()
    return made


@pytest.mark.parametrize("client", [{"commit": UNKNOWN, "abort": FENCED}], indirect=True)
def test_a_commit_that_fails_for_no_reason_is_told_as_fenced_if_the_producer_is(
    producer: KafkaTransactions,
) -> None:
    with pytest.raises(FencedError, match="fenced by a newer instance"):
        producer.commit()


@pytest.mark.parametrize("client", [{"produce": FATAL, "abort": FENCED}], indirect=True)
def test_a_record_that_is_not_taken_any_more_tells_that_the_producer_is_fenced(
    producer: KafkaTransactions,
) -> None:
    with pytest.raises(FencedError, match="fenced by a newer instance"):
        producer.send(Outgoing("lines", [b"x"]))


@pytest.mark.parametrize("client", [{"produce": FATAL}], indirect=True)
def test_a_record_that_is_not_taken_for_another_reason_says_so(
    producer: KafkaTransactions, client: Client
) -> None:
    with pytest.raises(ConnectError, match="Unrecoverable exception trying to send") as caught:
        producer.send(Outgoing("lines", [b"x"]))
    assert "a previous fatal error" in str(caught.value.__cause__)
    producer.cancel()
    with pytest.raises(ConnectError, match="Unrecoverable exception trying to send"):
        producer.send(Outgoing("lines", [b"x"]))
    assert client.asked == ["produce", "abort"]  # a cancelled one asks nobody


@pytest.mark.parametrize("client", [{"commit": UNKNOWN}], indirect=True)
def test_a_commit_that_fails_otherwise_says_so_and_leaves_no_transaction_open(
    producer: KafkaTransactions, client: Client
) -> None:
    with pytest.raises(KafkaClientError, match="EndTxn commit failed"):
        producer.commit()
    producer.close()
    assert client.asked == ["commit", "abort", "close"]


@pytest.mark.parametrize("client", [{"abort": FENCED, "close": FENCED}], indirect=True)
def test_a_fenced_producer_closes_without_a_word(
    producer: KafkaTransactions, client: Client
) -> None:
    producer.close()
    assert client.asked == ["abort", "close"]


@pytest.mark.parametrize("client", [{}], indirect=True)
def test_a_cancelled_producer_commits_nothing_and_asks_nobody(
    producer: KafkaTransactions, client: Client
) -> None:
    producer.cancel()
    with pytest.raises(KafkaClientError):
        producer.commit()
    assert client.asked == []
