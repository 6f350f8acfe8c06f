"""consume → convert → transform → put, commits, rebalances: one step at a time.

The loop owns no thread and no clock: a host, or a simulation, calls `start`, `step` until it says
False, and `close`, all on one thread. The consumer calls the listener's methods inside `consume`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.runtime.blame import blamed
from penstock.runtime.counters import SinkCounters
from penstock.runtime.error_text import class_name
from penstock.runtime.marks import mark
from penstock.runtime.ports import Assigned, Clock, Consumer, Control, Incoming, TaskEvents
from penstock.runtime.rejects import Rejects
from penstock.runtime.sink_commits import Offsets, SinkOffsets
from penstock.runtime.sink_committer import SinkCommitter
from penstock.runtime.sink_decoding import SinkDecoder
from penstock.runtime.tolerance import ErrorContext, Stage
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.errors import ConnectError, RetriableError, RetryLater
from penstock.sdk.record import SinkRecord, TopicPartition
from penstock.sdk.sink import SinkTask

log = logging.getLogger(__name__)

_WAKE_SECONDS = 0.1  # a consumer cannot be woken, so it is asked in slices,
_IDLE_WAKE_SECONDS = 0.4  # which grow up to this while there is nothing to do
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class SinkSettings:
    """What worker and connector say about a sink task."""

    topics: Sequence[str] = ()
    topics_pattern: str | None = None
    offset_flush_interval_ms: int = 60_000
    offset_flush_timeout_ms: int = 5_000


class SinkLoop:
    """Runs one sink task; also the listener of its consumer and what its context acts on."""

    def __init__(
        self,
        task: SinkTask[Any],
        decoder: SinkDecoder,
        consumer: Consumer,
        rejects: Rejects,
        control: Control,
        clock: Clock,
        events: TaskEvents,
        settings: SinkSettings,
        counters: SinkCounters | None = None,
    ) -> None:
        self._task = task
        self._decoder = decoder
        self._consumer = consumer
        self._rejects = rejects
        self._control = control
        self._clock = clock
        self._settings = settings
        self.counters = counters or SinkCounters()
        self._topics = TopicsSeen(events)
        self._offsets = SinkOffsets()
        self._commits = SinkCommitter(
            task,
            consumer,
            rejects,
            control,
            clock,
            self.counters,
            self._offsets,
            self._read_again,
            interval_ms=settings.offset_flush_interval_ms,
            timeout_ms=settings.offset_flush_timeout_ms,
        )
        self._undelivered: Sequence[SinkRecord] = []
        self._ends: Offsets = {}
        self._redelivering = False
        self._paused = False
        self._paused_by_task: set[TopicPartition] = set()
        self._rewinds: Offsets = {}
        self._wake_after: float | None = None
        self._busy_at = clock.now_ms()  # when there were records last
        self._failure: Exception | None = None
        self._closed = False

    # The life of a task -------------------------------------------------------------------------

    def start(self) -> None:
        self._consumer.subscribe(self._settings.topics, self._settings.topics_pattern, self)
        self._task.start()

    def step(self) -> bool:
        """One round; False when the task has been asked to stop."""
        if self._control.stopping:
            return False
        if self._control.paused is not self._paused:
            self._pause_or_resume()
        self._commits.commit_if_due()
        self._rewind()
        batch = self._consumed()
        self._raise_failure()
        if len(batch):
            self._convert(batch)
        if not self._control.stopping:
            self._deliver()
        return True

    def close(self) -> None:
        """Commit and close all partitions, then the task and its clients."""
        try:
            if self._offsets.partitions and not self._control.cancelled:
                self._let_go(self._offsets.partitions)
        finally:
            self._closed = True
            self._release()

    def cancel(self) -> None:
        """From another thread: from here on no offset is committed."""
        self._closed = True
        self._rejects.cancel()

    def _release(self) -> None:
        task, consumer, decoder, rejects = self._task, self._consumer, self._decoder, self._rejects
        for release in (task.close, consumer.close, decoder.close, rejects.close):
            try:
                release()
            except Exception:
                log.exception("Could not release everything of the task.")

    def _raise_failure(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    # Pauses -------------------------------------------------------------------------------------

    def _pause_or_resume(self) -> None:
        self._paused = not self._paused
        if self._paused:
            self._consumer.pause(self._offsets.partitions)
            self._commits.requested = True
        elif not self._redelivering:
            self._consumer.resume(self._offsets.partitions - self._paused_by_task)

    # Consume ------------------------------------------------------------------------------------

    def _consumed(self) -> Incoming:
        """Records, or none when a commit, a retry or a change of state is due."""
        now = self._clock.now_ms()
        wait_ms = float(self._commits.due_in_ms())
        if self._wake_after is not None:
            wait_ms = min(wait_ms, self._wake_after * 1000)
            self._wake_after = None
        end = now + wait_ms
        while True:
            now = self._clock.now_ms()
            left, longest = (end - now) / 1000, self._slice_seconds(now)
            batch = self._consumer.consume(max(0.0, min(left, longest)))
            if len(batch):
                self._busy_at = now
                return batch
            if left <= longest or self._called_away():
                return batch

    def _slice_seconds(self, now: int) -> float:
        idle_seconds = (now - self._busy_at) / 1000
        return min(max(_WAKE_SECONDS, idle_seconds / 4), _IDLE_WAKE_SECONDS)

    def _called_away(self) -> bool:
        return (
            self._control.stopping
            or self._control.paused is not self._paused
            or self._commits.requested
            or self._failure is not None
        )

    def _convert(self, batch: Incoming) -> None:
        self._rejects.keep(batch)
        decoder = self._decoder
        records, failure = blamed(
            0,
            len(batch),
            lambda start, end: decoder.whole(batch.part(start, end)),
            lambda index: decoder.one(batch.part(index, index + 1)),
        )
        if failure is not None:
            raise failure
        ends = batch.ends()
        self._ends |= ends
        for partition in ends:
            self._topics.add(partition.topic)
        self._topics.tell()
        self.counters.read += len(batch)
        self._undelivered = [*self._undelivered, *records] if self._undelivered else records

    # Put ----------------------------------------------------------------------------------------

    def _deliver(self) -> None:
        started = self._clock.now_ms()
        records = self._undelivered
        try:
            self._task.put(records)
        except RetriableError as error:
            self._redeliver_later(error)
            return
        except Exception as error:
            ended = ConnectError("Exiting WorkerSinkTask due to unrecoverable exception.")
            mark(ended, ErrorContext(stage=Stage.TASK_PUT, class_name=class_name(type(self._task))))
            raise ended from error
        self._rejects.check()
        self._offsets.delivered(self._ends)
        self._undelivered, self._ends = [], {}
        if records:
            self.counters.sent += len(records)
            self.counters.batch(len(records), self._clock.now_ms() - started)
            self.counters.active = self._offsets.uncommitted
        if self._redelivering:
            self._redelivering = False
            if not self._paused:
                self._consumer.resume(self._offsets.partitions - self._paused_by_task)

    def _redeliver_later(self, error: RetriableError) -> None:
        log.warning(
            "The task could not put %d records; they are put again.",
            len(self._undelivered),
            exc_info=error,
        )
        if not self._redelivering:
            self._redelivering = True
            self._consumer.pause(self._offsets.partitions)
        if self._wake_after is None:
            later = error.after_seconds if isinstance(error, RetryLater) else _RETRY_SECONDS
            self._wake_after = later

    # Rebalances: called by the consumer ---------------------------------------------------------

    def assigned(self, positions: Mapping[TopicPartition, int]) -> Assigned:
        self._offsets.assigned(positions)
        self._redelivering = self._redelivering and bool(self._undelivered)
        self._paused_by_task &= self._offsets.partitions
        self.counters.partitions = len(self._offsets.partitions)
        if positions and self._failure is None:
            try:
                self._task.open(list(positions))
            except Exception as error:
                self._failure = error
        starts = {tp: self._rewinds.pop(tp) for tp in positions if tp in self._rewinds}
        self._offsets.rewound(starts)
        stand_still = self._paused or self._redelivering
        return Assigned(
            starts, list(positions) if stand_still else self._paused_by_task & positions.keys()
        )

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        if self._closed:
            return
        try:
            self._let_go(partitions)
        except Exception as error:
            self._failure = self._failure or error

    def lost(self, partitions: Collection[TopicPartition]) -> None:
        if self._closed:
            return
        try:
            held = [tp for tp in partitions if tp in self._offsets.current]
            if held:
                self._task.revoke(held)
        except Exception as error:
            self._failure = self._failure or error
        finally:
            self._forget(partitions)

    def _let_go(self, partitions: Collection[TopicPartition]) -> None:
        """Commit what was put of these partitions and close them."""
        held = [tp for tp in partitions if tp in self._offsets.current]
        try:
            if held:
                self._commits.commit(held, closing=True)
        finally:
            self._forget(held)

    def _forget(self, partitions: Collection[TopicPartition]) -> None:
        self._forget_undelivered(partitions)
        self._offsets.gone(partitions)
        self._paused_by_task -= set(partitions)
        self.counters.partitions = len(self._offsets.partitions)
        self.counters.active = self._offsets.uncommitted
        for partition in partitions:
            self._rewinds.pop(partition, None)

    def _forget_undelivered(self, partitions: Collection[TopicPartition]) -> None:
        gone = set(partitions)
        self._ends = {tp: end for tp, end in self._ends.items() if tp not in gone}
        self._undelivered = [
            record
            for record in self._undelivered
            if (record.original_topic, record.original_partition) not in gone
        ]

    # For the context ----------------------------------------------------------------------------

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return self._offsets.partitions

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._rewinds |= offsets

    def _rewind(self) -> None:
        held = self._offsets.partitions
        places = {tp: offset for tp, offset in self._rewinds.items() if tp in held}
        for partition in self._rewinds.keys() - held:
            log.debug("Not going back in %s: it is not assigned to the task.", partition)
        self._rewinds.clear()
        if places:
            self._read_again(places)
            self._offsets.rewound(places)

    def _read_again(self, places: Offsets) -> None:
        self._forget_undelivered(places)
        self._consumer.seek(places)

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused_by_task |= set(partitions)
        self._consumer.pause(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self._paused_by_task -= set(partitions)
        if not self._paused and not self._redelivering:
            self._consumer.resume(partitions)

    def request_commit(self) -> None:
        self._commits.requested = True

    def wake_after(self, seconds: float) -> None:
        self._wake_after = seconds

    def reject(self, record: SinkRecord, error: Exception) -> None:
        self._rejects.reject(record, error)
