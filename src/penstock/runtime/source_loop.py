"""poll → transform → convert → send, one step at a time, offsets never ahead of their records.

The loop owns no thread and no clock: a host, or a simulation, calls `start`, `step` until it says
False, and `close`, all on one thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.runtime.acknowledgements import Acknowledgements, Barrier, Pairs, PerRecord, Tracked
from penstock.runtime.blame import blamed
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.ports import Clock, Control, OffsetStore, Producer, TaskEvents
from penstock.runtime.sending import Sending
from penstock.runtime.source_encoding import Encoded, SourceEncoder
from penstock.runtime.tolerance import ErrorContext, Operator, Stage, Tolerance
from penstock.runtime.topic_creation import TopicCreator
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.errors import ConnectError, RetriableError
from penstock.sdk.record import RecordMetadata, SourceRecord
from penstock.sdk.source import SourceTask

log = logging.getLogger(__name__)

_SEND_RETRY_SECONDS = 0.1
_QUEUE_FULL_SECONDS = 0.1
_DRAIN_SECONDS = 0.5
_SOURCE_TASK_CLASS = "org.apache.kafka.connect.runtime.WorkerSourceTask"


@dataclass(frozen=True)
class SourceSettings:
    """What the worker says about offset commits."""

    offset_flush_interval_ms: int = 60_000
    offset_flush_timeout_ms: int = 5_000


class SourceLoop:
    """Runs one source task."""

    def __init__(
        self,
        task: SourceTask[Any],
        encoder: SourceEncoder,
        open_producer: Callable[[bool], Producer],  # True: every delivery is told
        offsets: OffsetStore,
        operator: Operator,
        reporters: Reporters,
        control: Control,
        clock: Clock,
        events: TaskEvents,
        settings: SourceSettings,
        topic_creator: TopicCreator | None = None,
        counters: SourceCounters | None = None,
    ) -> None:
        self._task = task
        self._encoder = encoder
        self._open_producer = open_producer
        self._offsets = offsets
        self._operator = operator
        self._reporters = reporters
        self._control = control
        self._clock = clock
        self._settings = settings
        self._topic_creator = topic_creator
        self.counters = counters or SourceCounters()
        self._topics = TopicsSeen(events)
        self._tells_records = _overrides(task, "commit_record")
        self._failure: Exception | None = None
        self._sending: Sending | None = None
        self._in_poll = False
        self._commit_owed = False
        self._draining = False
        self._next_commit = clock.now_ms() + settings.offset_flush_interval_ms
        tracked = self._tells_records or operator.tolerance is Tolerance.ALL
        self._producer = open_producer(tracked)
        self._acks: Acknowledgements = Barrier()
        if self._tells_records:
            self._acks = PerRecord(self._not_stored, self._producer.error_of, self._tell)
        elif tracked:
            self._acks = Tracked(self._not_stored, self._producer.error_of)

    # The life of a task -------------------------------------------------------------------------

    def start(self) -> None:
        self._task.start()

    def step(self) -> bool:
        """One round; False when the task has been asked to stop."""
        if self._control.stopping:
            return False
        if self._control.paused:
            self._rest()
            return True
        self.commit_if_due()
        self._check_failure()
        if self._draining:
            self._commit_offsets()
            return True
        if self._sending is None:
            self._sending = self._polled()
        if self._sending is not None:
            self._send(self._sending)
        return True

    def _rest(self) -> None:
        self._producer.poll(0)
        self.commit_if_due()
        wait_ms = max(0, self._next_commit - self._clock.now_ms())
        self._control.wait_for_change(wait_ms / 1000)

    def close(self) -> None:
        """Commit what arrived, and release everything; after a failure as well."""
        try:
            if not self._control.cancelled:
                self._commit_offsets(last=True)
                self._owed_commit()
        finally:
            self._release()

    def cancel(self) -> None:
        """From another thread: from here on nothing is sent and no offset is stored."""
        self._producer.cancel()
        self._reporters.cancel()

    def _release(self) -> None:
        producer, encoder, reporters = self._producer, self._encoder, self._reporters
        releases = [self._task.close, producer.close, encoder.close, reporters.close]
        if self._topic_creator is not None:
            releases.append(self._topic_creator.close)
        for release in releases:
            try:
                release()
            except Exception:
                log.exception("Could not release everything of the task.")

    # Poll ---------------------------------------------------------------------------------------

    def _polled(self) -> Sending | None:
        started = self._clock.now_ms()
        self._in_poll = True
        try:
            records = self._task.poll()
        except RetriableError:
            log.warning("The task could not poll; it is asked again.", exc_info=True)
            return None
        finally:
            self._in_poll = False
            self._owed_commit()
        self._producer.poll(0)
        if not records:
            return None
        self.counters.polled += len(records)
        self.counters.batch(len(records), self._clock.now_ms() - started)
        return self._prepared(records)

    def _prepared(self, records: Sequence[SourceRecord]) -> Sending:
        encoder = self._encoder
        if self._tells_records and encoder.transforms:
            return self._prepared_one_by_one(records)
        encoded, failure = blamed(
            0,
            len(records),
            lambda start, end: encoder.whole(_part(records, start, end)),
            lambda index: encoder.one(records[index]),
        )
        if self._tells_records:
            kept = {id(record) for part in encoded for record in part.records}
            done = records if failure is None else records[: len(kept)]
            for record in done:
                if id(record) not in kept:
                    self._tell(record, None)
        return Sending(encoded, failure)

    def _prepared_one_by_one(self, records: Sequence[SourceRecord]) -> Sending:
        """So that a task is told of the very records it polled, not of what became of them."""
        ready: list[Encoded] = []
        for record in records:
            try:
                parts = self._encoder.one(record)
            except Exception as error:
                return Sending(ready, error)
            kept = [part for part in parts if part.records]
            if not kept:
                self._tell(record, None)
            for part in kept:
                for out in part.outgoing:
                    out.records = [record] * len(out)
            ready += kept
        return Sending(ready)

    # Send ---------------------------------------------------------------------------------------

    def _send(self, sending: Sending) -> None:
        if not sending.begun:
            sending.begun = True
            self._acks.begin(sending)
        try:
            while not sending.done:
                self._send_to_topic(sending)
                if self._control.stopping and not sending.done:
                    return  # its offsets are not committed
        except RetriableError:
            log.warning("Records could not be sent; they are tried again.", exc_info=True)
            self._control.wait(_SEND_RETRY_SECONDS)
            return
        self._acks.sent(sending)
        self._sending = None
        self.counters.written += sending.records
        self._topics.confirm(self._producer)
        if sending.failure is not None:
            raise sending.failure

    def _send_to_topic(self, sending: Sending) -> None:
        """Send what there is for one topic, however often the queue of the client is full."""
        outgoing = sending.current
        if sending.start == 0 and self._topics.add(outgoing.topic) and self._topic_creator:
            self._topic_creator.ensure(outgoing.topic)
        callback = self._acks.callback(outgoing)
        while True:
            taken = self._producer.send(outgoing, sending.start, callback)
            sending.advance(taken)
            self._producer.poll(0)
            if sending.done or sending.current is not outgoing or self._control.stopping:
                return
            self._producer.poll(_QUEUE_FULL_SECONDS)
            self._check_failure()

    # Acknowledgements ---------------------------------------------------------------------------

    def _check_failure(self) -> None:
        failure = self._failure or self._producer.failure
        if failure is not None:
            raise ConnectError("Unrecoverable exception from producer send callback") from failure

    def _not_stored(self, record: SourceRecord | None, error: Exception) -> None:
        """Kafka refused a record: with `errors.tolerance=all` it is reported and passed over."""
        if self._operator.tolerance is not Tolerance.ALL:
            self._failure = self._failure or error
            return
        context = ErrorContext(record)
        context.at(Stage.KAFKA_PRODUCE, _SOURCE_TASK_CLASS)
        self._operator.reject(context, error)
        self._reporters.report(context)
        if record is not None:
            self._tell(record, None)

    def _tell(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        try:
            self._task.commit_record(record, metadata)
        except Exception:
            log.exception("The task failed to take note of a record that was sent.")

    # Offsets ------------------------------------------------------------------------------------

    def commit_if_due(self) -> None:
        """Commit when the interval is over. May be called while the task sleeps in `poll`."""
        if self._clock.now_ms() >= self._next_commit:
            self._commit_offsets()

    def next_commit_in(self) -> float:
        """Seconds until `commit_if_due` has something to do."""
        return max(0, self._next_commit - self._clock.now_ms()) / 1000

    def _commit_offsets(self, *, last: bool = False) -> None:
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
        self.counters.commit(now - started, ok=ok)
        if ok:
            self._commit_owed = True
            if not self._in_poll:
                self._owed_commit()

    def _committed(self, started: int, *, last: bool) -> bool:
        timeout_ms = self._settings.offset_flush_timeout_ms
        patience = timeout_ms / 1000
        if self._draining and not last:
            patience = min(patience, _DRAIN_SECONDS)
        pairs = self._acks.settle(self._producer, patience, wait=last)
        if pairs is None:
            self._drain(timeout_ms)
            return False
        if self._draining and not last:
            self._change_to_tracking(pairs)
        if pairs:
            left_ms = max(1, started + timeout_ms - self._clock.now_ms())
            self._offsets.write(pairs, left_ms)
            self._acks.committed()
        self._topics.confirm(self._producer)
        return True

    def _drain(self, timeout_ms: int) -> None:
        """A barrier did not come through: nothing is polled or sent until all has arrived."""
        if self._producer.failure is None and not self._draining:
            log.warning("Records did not reach Kafka within %d ms; waiting for them.", timeout_ms)
            self._draining = True

    def _change_to_tracking(self, settled: Pairs) -> None:
        """Where a barrier failed once, acknowledgements are counted from now on."""
        self._draining = False
        self._producer.close()
        self._producer = self._open_producer(True)
        self._acks = Tracked(self._not_stored, self._producer.error_of, settled)

    def _owed_commit(self) -> None:
        """Tell the task of commits; never from within its own `poll`."""
        if not self._commit_owed:
            return
        self._commit_owed = False
        try:
            self._task.commit()
        except Exception:
            log.exception("The task failed to take note of a commit.")


def _part(records: Sequence[SourceRecord], start: int, end: int) -> Sequence[SourceRecord]:
    return records if end - start == len(records) else records[start:end]


def _overrides(task: SourceTask[Any], method: str) -> bool:
    return getattr(type(task), method) is not getattr(SourceTask, method)
