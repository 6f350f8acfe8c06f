"""The runtime's transactional producer, on librdkafka."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from penstock.kafka.errors import KafkaClientError, kafka_error
from penstock.kafka.producer import KafkaProducer
from penstock.runtime.ports import Delivered, FencedError, OnDelivery, Outgoing
from penstock.sdk.errors import ConnectError

log = logging.getLogger(__name__)

PREPARE_SECONDS = 300.0
_SLICE_SECONDS = 1.0  # how soon a wait hears that it is no longer wanted
_ABORT_SECONDS = 5.0
_FENCED = frozenset(
    (KafkaError._FENCED, KafkaError.INVALID_PRODUCER_EPOCH, KafkaError.PRODUCER_FENCED)
)


class KafkaTransactions(KafkaProducer):
    """A `TransactionalProducer`. All calls but `cancel` come from one thread."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        *,
        tracked: bool,
        prepare_seconds: float = PREPARE_SECONDS,
    ) -> None:
        # waiting for more records to come would only make each commit wait
        super().__init__({"linger.ms": 0, **settings}, tracked=tracked)
        self._id = str(settings["transactional.id"])
        self._prepare_seconds = prepare_seconds
        self.transaction_ms = int(settings["transaction.timeout.ms"])
        self._begun = False

    def prepare(self, go_on: Callable[[], bool]) -> bool:
        end = time.monotonic() + self._prepare_seconds
        while go_on():
            try:
                return self._once(self._client.init_transactions, _SLICE_SECONDS)
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if not reason.retriable():
                    raise transaction_error(reason) from error
                if time.monotonic() >= end:
                    raise ConnectError(
                        f"The transactions of {self._id} could not be initialised in "
                        f"{self._prepare_seconds:.0f} s; check the connection to Kafka and the "
                        f"ACLs of this transactional id: {reason.str()}"
                    ) from error
        return False

    def send(
        self,
        outgoing: Outgoing,
        start: int = 0,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None = None,
    ) -> int:
        try:
            return super().send(outgoing, start, on_delivery)
        except KafkaClientError as error:
            cause = self.failure or self._unheard() or error  # the first tells more than the last
            if isinstance(cause, FencedError):
                raise cause from error
            raise ConnectError("Unrecoverable exception trying to send") from cause

    def begin(self) -> None:
        self._ensure_open()
        _told(self._client.begin_transaction)
        self._begun = True

    def commit(self) -> None:
        if self.failure is not None:
            raise self.failure
        try:
            self._insist(self._client.commit_transaction, self.transaction_ms / 1000)
        except KafkaClientError as error:
            # a broker that is about to fence this producer off may give no reason, or another
            if (fenced := self._unheard()) is not None:
                raise fenced from error
            raise
        self._begun = False

    def abort(self) -> None:
        self._insist(self._client.abort_transaction, _ABORT_SECONDS)
        self._begun = False
        self._failure = None

    def error_of(self, reason: Any, message: Delivered | None = None) -> Exception:
        return transaction_error(reason)

    def close(self, seconds: float = 0.0) -> None:
        """Aborts what is open, so that readers need not wait for its time to be over."""
        if self._begun and not self._released:
            self._give_up()
        # the client would try the same, and warn of it
        warnings.filterwarnings("ignore", "Producer abort_transaction failed", RuntimeWarning)
        try:
            super().close()
        except KafkaException as error:  # of a transaction, which is over for this producer
            log.debug("The producer of %s was closed with: %s", self._id, error.args[0].str())

    def _unheard(self) -> Exception | None:
        """What fenced this producer, if it was, while nobody let the client say so."""
        return None if self._closed else self._give_up()

    def _give_up(self) -> Exception | None:
        """Abort what is open, whether that works or not; what fenced this producer, if it was."""
        self._begun = False
        try:
            self._client.abort_transaction(_ABORT_SECONDS)
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            log.debug("Transaction of %s not aborted: %s", self._id, reason.str())
            if reason.code() in _FENCED:
                return transaction_error(reason)
        return None

    def _delivered(self, error: KafkaError | None, message: object) -> None:
        if error is not None and self._failure is None:
            self._failure = transaction_error(error)

    def _insist(self, step: Callable[[float], object], seconds: float) -> None:
        """Try again what only takes long, until the time is over or this producer is cancelled."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            try:
                self._once(step, max(min(left, _SLICE_SECONDS), 0.01))
                return
            except KafkaException as error:
                reason: KafkaError = error.args[0]
                if not reason.retriable() or left <= 0:
                    raise transaction_error(reason) from (self.failure or error)

    def _once(self, step: Callable[[float], object], seconds: float) -> bool:
        self._ensure_open()
        step(seconds)
        return True

    def _ensure_open(self) -> None:
        if self._closed:
            raise kafka_error(KafkaError(KafkaError._STATE))


def _told(call: Callable[[], object]) -> None:
    try:
        call()
    except KafkaException as error:
        raise transaction_error(error.args[0]) from error


def transaction_error(reason: KafkaError) -> Exception:
    """Whoever is fenced off is so for good."""
    if reason.code() in _FENCED:
        return FencedError(f"{reason.str()} ({reason.name()})")
    return kafka_error(reason)
