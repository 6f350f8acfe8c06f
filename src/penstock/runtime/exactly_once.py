"""Records and the offsets behind them become visible together, in one Kafka transaction."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any

from penstock.runtime.boundaries import Boundary
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.in_flight import Offset, Partition, partition_key
from penstock.runtime.ports import (
    Clock,
    Control,
    Delivered,
    FencedError,
    OffsetStore,
    OnDelivery,
    Outgoing,
    TransactionalProducer,
)
from penstock.runtime.sending import Sending
from penstock.runtime.source_commits import Ending, Part
from penstock.runtime.source_notes import Note, SourceNotes
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import RecordMetadata, SourceRecord

log = logging.getLogger(__name__)

_QUEUE_FULL_SECONDS = 0.1
_REST_SECONDS = 60.0
_OWN_OFFSETS = (
    "Source tasks may not produce to their own offsets topics when exactly-once support is enabled"
)
_EXPIRED = (
    "The task {task} was unable to finish writing records to Kafka before its producer transaction "
    "expired. It may be necessary to reconfigure this connector in order for it to run healthily "
    "with exactly-once support. Options for this include: tune the connector's producer "
    "configuration for higher throughput, increase the transaction timeout for the connector's "
    "producers, decrease the offset commit interval (if using interval-based transaction "
    "boundaries), or use the 'poll' transaction boundary (if the connector is not already "
    "configured to use it)."
)


class ExactlyOnce:
    """The `Commits` of a task that neither loses nor repeats a record.

    A transaction begins with the first record after the last one. Whatever fails, it is never
    committed: the task fails, and its successor goes on from the offsets of the last that was.
    """

    whole_polls = True  # half a poll has no offset to stop at

    def __init__(
        self,
        task: str,
        notes: SourceNotes,
        producer: TransactionalProducer,
        offsets: OffsetStore,
        boundary: Boundary,
        may_go_on: Callable[[], None],  # raises if the task has a successor
        control: Control,
        clock: Clock,
        topics: TopicsSeen,
        counters: SourceCounters,
        stop_patience_ms: int = 5_000,
        reporters: Reporters | None = None,
    ) -> None:
        self.notes = notes
        self.producer = producer
        self._reporters = reporters or Reporters()
        self._task = task
        self._offsets = offsets
        self._boundary = boundary
        self._may_go_on = may_go_on
        self._control = control
        self._clock = clock
        self._topics = topics
        self._counters = counters
        self._stop_patience_ms = stop_patience_ms
        self._offsets_topic, self._copied = "", False
        self._open = False
        self._size = 0  # records of the open transaction
        self._ends: dict[Hashable, tuple[Partition, Offset]] = {}
        self._told: list[_Note] = []
        self._callbacks: dict[int, Sequence[OnDelivery]] = {}
        self._refused: Exception | None = None  # a record of the open transaction was
        self._failure: Exception | None = None  # of a commit: it was the last
        self._resting = False
        self._patience_until: int | None = None

    def start(self) -> None:
        """Fence the predecessor; only then are its last offsets certain."""
        if not self.producer.prepare(lambda: not self._control.stopping):
            return
        self._may_go_on()
        found = self._offsets.as_records((), self._timeout_ms)
        self._offsets_topic, self._copied = found.topic, found.copied
        self._boundary.restart(self._clock.now_ms())

    def ready(self) -> bool:
        if self._resting:
            self._resting = False
            self._boundary.restart(self._clock.now_ms())
        self.check()
        return True

    def rest(self) -> None:
        if not self._resting:
            self._resting = True
            self._end(self._boundary.final())
        self.producer.poll(0)
        self._control.wait_for_change(_REST_SECONDS)

    def close(self, *, complete: bool) -> None:
        if complete and self._failure is None:
            self._end(self._boundary.final())
        self.notes.settle()

    def release(self) -> None:
        """What is still open is aborted."""
        self.producer.close()

    def cancel(self) -> None:
        self.producer.cancel()

    # Sending ------------------------------------------------------------------------------------

    def parts(self, records: Sequence[SourceRecord]) -> Sequence[Part]:
        return self._boundary.parts(records)

    def begin(self, sending: Sending) -> None:
        self._callbacks = {}

    def entering(self, topic: str) -> None:
        if topic == self._offsets_topic:
            raise ConnectError(_OWN_OFFSETS)

    def callback(self, outgoing: Outgoing) -> Sequence[OnDelivery] | None:
        if not self.notes.wants_records:
            return None
        callbacks = self._callbacks.get(id(outgoing))
        if callbacks is None:  # not yet in an attempt that had to be broken off
            notes = [_Note(record) for record in outgoing.records]
            self._told += notes
            callbacks = [partial(self._arrived, note) for note in notes]
            self._callbacks[id(outgoing)] = callbacks
        return callbacks

    def _arrived(self, note: _Note, error: Any, message: Delivered) -> None:
        if error is not None:
            self._refused = self._refused or self.producer.error_of(error)
            return
        _, timestamp = message.timestamp()
        note.metadata = RecordMetadata(
            message.topic(), message.partition(), message.offset(), timestamp
        )

    def send(
        self,
        outgoing: Outgoing,
        start: int,
        on_delivery: OnDelivery | Sequence[OnDelivery] | None,
    ) -> int:
        try:
            self._begin()
            return self.producer.send(outgoing, start, on_delivery)
        except FencedError as error:
            raise self._explained("", error) from error

    def dropped(self, record: SourceRecord) -> None:
        self._told.append(_Note(record))

    def check(self) -> None:
        self._reporters.check()
        if self._failure is not None:
            raise self._failure
        refused = self._refusal()
        if refused is not None:
            raise self._explained("Unrecoverable exception trying to send", refused) from refused

    def gives_up(self) -> bool:
        """A part that is left unsent takes the whole transaction with it: be patient."""
        if not self._control.stopping:
            return False
        now = self._clock.now_ms()
        if self._patience_until is None:
            self._patience_until = now + self._stop_patience_ms
        return self._control.cancelled or now >= self._patience_until

    def sent(self, sending: Sending, ending: Ending | None) -> None:
        for partition, offset in sending.ends:
            self._ends[partition_key(partition)] = (partition, offset)
        self._size += sending.records
        if sending.failure is None:
            self._end(ending)

    def polled(self) -> None:
        self._end(self._boundary.after_poll(self._clock.now_ms()))

    # Transactions -------------------------------------------------------------------------------

    def commit_if_due(self) -> None:
        """For a task that sleeps in `poll`, where nothing may be raised."""
        if self.next_commit_in() > 0:
            return
        try:
            self._commit()
        except Exception:
            log.debug("The task will fail after its poll.", exc_info=True)

    def next_commit_in(self) -> float:
        due_at = self._boundary.due_at()
        idle = not self._open and not self._ends
        if due_at is None or idle or self._failure is not None or not self.notes.is_polling:
            return math.inf
        return max(0, due_at - self._clock.now_ms()) / 1000

    def _end(self, ending: Ending | None) -> None:
        if ending is None:
            return
        if self._failure is not None:
            raise self._failure
        if ending is Ending.ABORT:
            self._abort()
        self._commit()  # after an abort, the offsets of what was given up

    def _begin(self) -> None:
        if not self._open:
            self.producer.begin()
            self._open = True

    def _abort(self) -> None:
        if not self._open:
            log.warning("The task wants to abort a transaction, but there is none: ignored.")
            return
        log.info("The task aborts its transaction of %d records.", self._size)
        self.producer.abort()
        self._closed()
        for note in self._told:
            note.metadata = None

    def _closed(self) -> None:
        self._open = False
        self._size = 0
        self._refused = None

    def _commit(self) -> None:
        started = self._clock.now_ms()
        pairs = list(self._ends.values())
        if self._open or pairs:
            try:
                self._commit_transaction(pairs)
            except Exception as error:
                self._give_up()
                self._counters.commit(self._clock.now_ms() - started, ok=False)
                text = f"Failed to flush offsets and/or records for task {self._task}"
                self._failure = self._explained(text, error)
                raise self._failure from error
        now = self._clock.now_ms()
        self._counters.commit(now - started, ok=True)
        self._boundary.restart(now)
        self._committed(pairs)

    def _commit_transaction(self, pairs: Sequence[tuple[Partition, Offset]]) -> None:
        if not self._reporters.flush(self._timeout_ms / 1000):
            raise TimeoutError("Dead letters did not reach Kafka in time.")
        if (refused := self._refusal()) is not None:
            raise refused
        self._begin()
        if pairs:
            self._send_offsets(pairs)
        self.producer.commit()
        self._counters.transaction(self._size)
        self._closed()

    def _send_offsets(self, pairs: Sequence[tuple[Partition, Offset]]) -> None:
        deadline = self._clock.now_ms() + self._timeout_ms
        found = self._offsets.as_records(pairs, self._timeout_ms)
        keys = [key for key, _ in found.entries]
        outgoing = Outgoing(found.topic, [value for _, value in found.entries], keys)
        callback = None if not self.notes.wants_records else self._offset_arrived
        taken = 0
        while (taken := taken + self.producer.send(outgoing, taken, callback)) < len(keys):
            if self._clock.now_ms() >= deadline:
                raise TimeoutError("The producer's queue did not take the offsets in time.")
            self.producer.poll(_QUEUE_FULL_SECONDS)

    def _offset_arrived(self, error: Any, message: Delivered) -> None:
        if error is not None:
            self._refused = self._refused or self.producer.error_of(error)

    def _refusal(self) -> Exception | None:
        """A producer that is fenced off gives up its records, each of them for another reason."""
        failure = self.producer.failure
        return failure if isinstance(failure, FencedError) else self._refused or failure

    def _committed(self, pairs: Sequence[tuple[Partition, Offset]]) -> None:
        told: list[Note] = [(note.record, note.metadata) for note in self._told]
        self._ends, self._told = {}, []
        self._topics.tell()
        if pairs and self._copied:
            self._offsets.follow(pairs)
        self.notes.committed(told)

    def _give_up(self) -> None:
        """Best effort: what cannot be aborted now ends with its time, or with a successor."""
        if not self._open:
            return
        try:
            self.producer.abort()
        except Exception as error:
            log.debug("The transaction could not be aborted: %s", error)

    def _explained(self, text: str, error: Exception) -> ConnectError:
        if isinstance(error, FencedError):
            return ConnectError(_EXPIRED.format(task=self._task))
        return ConnectError(text)

    @property
    def _timeout_ms(self) -> int:
        return self.producer.transaction_ms


class _Note:
    """A record the task is told of after the commit, and where Kafka has it."""

    __slots__ = ("metadata", "record")

    def __init__(self, record: SourceRecord) -> None:
        self.record = record
        self.metadata: RecordMetadata | None = None
