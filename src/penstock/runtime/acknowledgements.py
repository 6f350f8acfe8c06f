"""How a source task learns what Kafka has: at a barrier, per polled batch, or per record.

All calls come from the task's thread; deliveries are told inside the producer's `poll` and `flush`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, Protocol

from penstock.runtime.in_flight import (
    Committable,
    InFlight,
    Offset,
    Partition,
    Submission,
    partition_key,
)
from penstock.runtime.ports import Delivered, OnDelivery, Outgoing, Producer
from penstock.runtime.sending import Sending
from penstock.sdk.record import RecordMetadata, SourceRecord

log = logging.getLogger(__name__)

OnFailed = Callable[[SourceRecord | None, Exception], bool]  # whether it is passed over
OnStored = Callable[[SourceRecord, RecordMetadata | None], None]
ErrorOf = Callable[[Any, Delivered], Exception]  # of a callback's two arguments
Pairs = Sequence[tuple[Partition, Offset]]


class Acknowledgements(Protocol):
    """Says which offsets may be committed."""

    def begin(self, sending: Sending) -> None:
        """The records of a poll are about to be sent."""
        ...

    def callback(self, outgoing: Outgoing) -> OnDelivery | Sequence[OnDelivery] | None:
        """What the producer shall call for the records of the batch begun last."""
        ...

    def sent(self, sending: Sending) -> None:
        """All records of the poll were taken by the producer."""
        ...

    def settle(self, producer: Producer, seconds: float, *, wait: bool) -> Pairs | None:
        """The offsets to commit, or None if it cannot be told yet. `wait`: let all arrive first."""
        ...

    def committed(self) -> None:
        """Those offsets are stored."""
        ...


class Barrier:
    """Offsets may be committed when nothing is left in the producer and nothing went wrong."""

    def __init__(self) -> None:
        self._ends: dict[Hashable, tuple[Partition, Offset]] = {}

    def begin(self, sending: Sending) -> None:
        """Nothing is known before all are sent."""

    def callback(self, outgoing: Outgoing) -> None:
        return None

    def sent(self, sending: Sending) -> None:
        for partition, offset in sending.ends:
            self._ends[partition_key(partition)] = (partition, offset)

    def settle(self, producer: Producer, seconds: float, *, wait: bool) -> Pairs | None:
        if producer.flush(seconds) > 0 or producer.failure is not None:
            return None
        return list(self._ends.values())

    def committed(self) -> None:
        self._ends.clear()


class _Batch:
    """The records of one poll, counted down as they arrive."""

    __slots__ = ("_failed", "_outgoing", "_submission", "error_of")

    def __init__(
        self,
        submission: Submission,
        outgoing: Sequence[Outgoing],
        failed: OnFailed,
        error_of: ErrorOf,
    ) -> None:
        self._submission = submission
        self._outgoing = outgoing
        self._failed = failed
        self.error_of = error_of

    def delivered(self, error: Any, message: Delivered) -> None:
        if error is not None and not self._passed_over(error, message):
            return
        self._submission.outstanding -= 1

    def _passed_over(self, error: Any, message: Delivered) -> bool:
        return self._failed(self._record(message), self.error_of(error, message))

    def _record(self, message: Delivered) -> SourceRecord | None:
        """The record that looks like this message; of equal ones, any."""
        topic, key, value = message.topic(), message.key(), message.value()
        for out in self._outgoing:
            if out.topic != topic:
                continue
            for index, candidate in enumerate(out.values):
                if candidate == value and (out.keys is None or out.keys[index] == key):
                    return out.records[index]
        return None


class Tracked:
    """Offsets may be committed up to the oldest polled batch that has not arrived whole."""

    def __init__(self, failed: OnFailed, error_of: ErrorOf, settled: Pairs = ()) -> None:
        self._in_flight = InFlight()
        self._ready = Committable({partition_key(pair[0]): pair for pair in settled})
        self._failed = failed
        self._error_of = error_of
        self._callback: OnDelivery | None = None

    def begin(self, sending: Sending) -> None:
        submission = self._in_flight.submit(sending.ends, sending.records)
        batch = _Batch(submission, sending.outgoing, self._failed, self._error_of)
        self._callback = batch.delivered

    def callback(self, outgoing: Outgoing) -> OnDelivery | Sequence[OnDelivery] | None:
        return self._callback

    def sent(self, sending: Sending) -> None:
        """What counts is what arrives."""

    def settle(self, producer: Producer, seconds: float, *, wait: bool) -> Pairs | None:
        producer.flush(seconds) if wait else producer.poll(0)
        self._ready = self._ready.updated_with(self._in_flight.committable())
        if self._ready.has_pending:
            log.debug("%d records are still on their way to Kafka.", self._ready.uncommittable)
        return self._ready.pairs()

    def committed(self) -> None:
        self._ready = Committable()


class PerRecord(Tracked):
    """Like `Tracked`, and tells of every record where Kafka stored it."""

    def __init__(self, failed: OnFailed, error_of: ErrorOf, stored: OnStored) -> None:
        super().__init__(failed, error_of)
        self._stored = stored
        self._submission: Submission | None = None

    def begin(self, sending: Sending) -> None:
        self._submission = self._in_flight.submit(sending.ends, sending.records)

    def callback(self, outgoing: Outgoing) -> Sequence[OnDelivery]:
        assert self._submission is not None
        return [partial(self._arrived, self._submission, record) for record in outgoing.records]

    def _arrived(
        self, submission: Submission, record: SourceRecord, error: Any, message: Delivered
    ) -> None:
        if error is not None:
            if not self._failed(record, self._error_of(error, message)):
                return
        else:
            _, timestamp = message.timestamp()
            place = (message.topic(), message.partition(), message.offset(), timestamp)
            self._stored(record, RecordMetadata(*place))
        submission.outstanding -= 1
