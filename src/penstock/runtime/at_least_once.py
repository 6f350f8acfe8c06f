"""Offsets are stored from time to time, once the records before them are known to have arrived."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.runtime.acknowledgements import Acknowledgements, Barrier, Pairs, PerRecord, Tracked
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.marks import mark
from penstock.runtime.ports import (
    BatchRefusedError,
    Clock,
    Control,
    OffsetStore,
    OnDelivery,
    Outgoing,
    Producer,
)
from penstock.runtime.sending import Sending
from penstock.runtime.source_commits import Ending, Part
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import ErrorContext, Operator, Stage, Tolerance
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SourceRecord

log = logging.getLogger(__name__)

_DRAIN_SECONDS = 0.5
_SOURCE_TASK_CLASS = "org.apache.kafka.connect.runtime.WorkerSourceTask"


@dataclass(frozen=True)
class SourceSettings:
    """What the worker says about offset commits."""

    offset_flush_interval_ms: int = 60_000
    offset_flush_timeout_ms: int = 5_000


class AtLeastOnce:
    """The `Commits` of a task that may repeat records after a crash."""

    whole_polls = False

    def __init__(
        self,
        notes: SourceNotes,
        open_producer: Callable[[bool], Producer],  # True: every delivery is told
        offsets: OffsetStore,
        operator: Operator,
        reporters: Reporters,
        control: Control,
        clock: Clock,
        topics: TopicsSeen,
        counters: SourceCounters,
        settings: SourceSettings,
    ) -> None:
        self.notes = notes
        self._open_producer = open_producer
        self._offsets = offsets
        self._operator = operator
        self._reporters = reporters
        self._control = control
        self._clock = clock
        self._topics = topics
        self._counters = counters
        self._settings = settings
        self._failure: Exception | None = None
        self._draining = False
        self._next_commit = clock.now_ms() + settings.offset_flush_interval_ms
        tracked = notes.wants_records or operator.tolerance is Tolerance.ALL
        self.producer = open_producer(tracked)
        self._acks: Acknowledgements = Barrier()
        if notes.wants_records:
            self._acks = PerRecord(self._not_stored, self.producer.error_of, notes.record)
        elif tracked:
            self._acks = Tracked(self._not_stored, self.producer.error_of)

    def start(self) -> None:
        """The producer needs no preparation."""

    def ready(self) -> bool:
        self.commit_if_due()
        self.check()
        if self._draining:
            self._commit()
            return False
        return True

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        return (Part(records),)

    def rest(self) -> None:
        self.producer.poll(0)
        self.commit_if_due()
        wait_ms = max(0, self._next_commit - self._clock.now_ms())
        self._control.wait_for_change(wait_ms / 1000)

    def close(self, *, complete: bool) -> None:
        """What arrived is committed, after a failure as well."""
        self._commit(last=True)
        self.notes.settle()

    def release(self) -> None:
        self.producer.close()

    def cancel(self) -> None:
        self.producer.cancel()

    # Sending ------------------------------------------------------------------------------------

    def begin(self, sending: Sending) -> None:
        self._acks.begin(sending)

    def entering(self, topic: str) -> None:
        """Any topic will do."""

    def callback(self, outgoing: Outgoing) -> OnDelivery | Sequence[OnDelivery] | None:
        return self._acks.callback(outgoing)

    def send(
        self,
        outgoing: Outgoing,
        start: int,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None,
    ) -> int:
        return self.producer.send(outgoing, start, on_delivery)

    def dropped(self, record: SourceRecord) -> None:
        self.notes.record(record, None)

    def gives_up(self) -> bool:
        return self._control.stopping  # the offsets of what is left are not committed

    def sent(self, sending: Sending, ending: Ending | None) -> None:
        self._acks.sent(sending)
        self._topics.confirm(self.producer)

    def polled(self) -> None:
        """Offsets are committed when the time has come."""

    def check(self) -> None:
        self._reporters.check()
        failure = self._failure or self.producer.failure
        if failure is not None:
            unsent = ConnectError("Unrecoverable exception from producer send callback")
            mark(unsent, ErrorContext(stage=Stage.KAFKA_PRODUCE, class_name=_SOURCE_TASK_CLASS))
            raise unsent from failure

    def _not_stored(self, record: SourceRecord | None, error: Exception) -> bool:
        """Kafka refused a record: with `errors.tolerance=all` it is reported and passed over.

        Not so a whole batch, whose records are good but for one, or all good.
        """
        if self._operator.tolerance is not Tolerance.ALL or isinstance(error, BatchRefusedError):
            self._failure = self._failure or error
            return False
        context = ErrorContext(record)
        context.at(Stage.KAFKA_PRODUCE, _SOURCE_TASK_CLASS)
        self._operator.reject(context, error)
        self._reporters.report(context)
        if record is not None:
            self.notes.record(record, None)
        return True

    # Offsets ------------------------------------------------------------------------------------

    def commit_if_due(self) -> None:
        if self._clock.now_ms() >= self._next_commit:
            self._commit()
            self.producer.idle()

    def next_commit_in(self) -> float:
        return max(0, self._next_commit - self._clock.now_ms()) / 1000

    def _commit(self, *, last: bool = False) -> None:
        """Try to commit; what cannot be committed yet stays for the next time."""
        if self._control.cancelled:
            return
        started = self._clock.now_ms()
        ok = False
        try:
            ok = self._committed(started, last=last)
        except Exception:
            log.exception("Could not commit the offsets of the task; this is tried again.")
        now = self._clock.now_ms()
        self._next_commit = now + self._settings.offset_flush_interval_ms
        self._counters.commit(now - started, ok=ok)
        if ok:
            self.notes.committed()

    def _committed(self, started: int, *, last: bool) -> bool:
        timeout_ms = self._settings.offset_flush_timeout_ms
        patience = timeout_ms / 1000
        if self._draining and not last:
            patience = min(patience, _DRAIN_SECONDS)
        pairs = self._acks.settle(self.producer, patience, wait=last)
        if pairs is None:
            self._drain(timeout_ms)
            return False
        if self._draining and not last:
            self._change_to_tracking(pairs)
        if not self._reporters.flush(patience):
            log.warning("Dead letters did not reach Kafka yet; offsets are committed later.")
            return False
        if pairs:
            left_ms = max(1, started + timeout_ms - self._clock.now_ms())
            self._offsets.write(pairs, left_ms)
            self._acks.committed()
        self._topics.confirm(self.producer)
        return True

    def _drain(self, timeout_ms: int) -> None:
        """A barrier did not come through: nothing is polled or sent until all has arrived."""
        if self.producer.failure is None and not self._draining:
            log.warning("Records did not reach Kafka within %d ms; waiting for them.", timeout_ms)
            self._draining = True

    def _change_to_tracking(self, settled: Pairs) -> None:
        """Where a barrier failed once, acknowledgements are counted from now on."""
        self._draining = False
        self.producer.close()
        self.producer = self._open_producer(True)
        self._acks = Tracked(self._not_stored, self.producer.error_of, settled)
