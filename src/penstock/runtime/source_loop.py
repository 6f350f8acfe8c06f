"""poll → transform → convert → send, one step at a time, offsets never ahead of their records.

The loop owns no thread and no clock: a host, or a simulation, calls `start`, `step` until it says
False, and `close`, all on one thread. When offsets are stored, and how, is its `Commits`' business.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import Any

from penstock.runtime.blame import blamed
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.error_text import class_name
from penstock.runtime.marks import mark
from penstock.runtime.ports import Clock, Control
from penstock.runtime.sending import Sending
from penstock.runtime.source_commits import Commits, Part
from penstock.runtime.source_encoding import Encoded, SourceEncoder
from penstock.runtime.tolerance import ErrorContext, Stage
from penstock.runtime.topic_creation import TopicCreator
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.errors import RetriableError
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceTask

log = logging.getLogger(__name__)

_SEND_RETRY_SECONDS = 0.1
_QUEUE_FULL_SECONDS = 0.1


class SourceLoop:
    """Runs one source task."""

    def __init__(
        self,
        task: SourceTask[Any],
        encoder: SourceEncoder,
        commits: Commits,
        reporters: Reporters,
        control: Control,
        clock: Clock,
        topics: TopicsSeen,
        counters: SourceCounters,
        topic_creator: TopicCreator | None = None,
    ) -> None:
        self._task = task
        self._encoder = encoder
        self._commits = commits
        self._notes = commits.notes
        self._reporters = reporters
        self._control = control
        self._clock = clock
        self._topics = topics
        self._topic_creator = topic_creator
        self.counters = counters
        self._parts: deque[Part] = deque()  # polled, and not sent completely
        self._sending: Sending | None = None  # the first of them
        self._failed = False

    # The life of a task -------------------------------------------------------------------------

    def start(self) -> None:
        self._commits.start()
        if not self._control.stopping:
            self._task.start()

    def step(self) -> bool:
        """One round; False when the task has been asked to stop."""
        self._failed = True
        more = self._step()
        self._failed = False
        return more

    def _step(self) -> bool:
        if self._control.stopping:
            return False
        if self._control.paused and not (self._parts and self._commits.whole_polls):
            self._commits.rest()
            return True
        if not self._commits.ready():
            return True
        if not self._parts and not self._poll():
            self._commits.polled()
            return True
        self._send()
        return True

    def close(self) -> None:
        """Commit what arrived, and release everything; after a failure as well."""
        try:
            if not self._control.cancelled:
                self._commits.close(complete=not (self._parts or self._failed))
        finally:
            self._release()

    def cancel(self) -> None:
        """From another thread: from here on nothing is sent and no offset is stored."""
        self._commits.cancel()
        self._reporters.cancel()

    def _release(self) -> None:
        commits, encoder, reporters = self._commits, self._encoder, self._reporters
        releases = [self._task.close, commits.release, encoder.close, reporters.close]
        if self._topic_creator is not None:
            releases.append(self._topic_creator.close)
        for release in releases:
            try:
                release()
            except Exception:
                log.exception("Could not release everything of the task.")

    def commit_if_due(self) -> None:
        """Commit when the interval is over. May be called while the task sleeps in `poll`."""
        self._commits.commit_if_due()

    def next_commit_in(self) -> float:
        """Seconds until `commit_if_due` has something to do."""
        return self._commits.next_commit_in()

    # Poll ---------------------------------------------------------------------------------------

    def _poll(self) -> bool:
        """Whether there is something to send."""
        started = self._clock.now_ms()
        try:
            with self._notes.polling():
                records = self._task.poll()
        except RetriableError:
            log.warning("The task could not poll; it is asked again.", exc_info=True)
            return False
        except Exception as error:
            at = class_name(type(self._task))
            mark(error, ErrorContext(stage=Stage.TASK_POLL, class_name=at))
            raise
        self._commits.producer.poll(0)
        if not records:
            self.counters.active = self._commits.producer.unanswered
            self._commits.producer.idle()
            return False
        self.counters.polled += len(records)
        self.counters.batch(len(records), self._clock.now_ms() - started)
        self._parts.extend(self._commits.parts(records))
        return True

    def _prepared(self, records: Sequence[SourceRecord]) -> Sending:
        encoder = self._encoder
        if self._notes.wants_records and encoder.transforms:
            return self._prepared_one_by_one(records)
        encoded, failure = blamed(
            0,
            len(records),
            lambda start, end: encoder.whole(_part(records, start, end)),
            lambda index: encoder.one(records[index]),
        )
        if self._notes.wants_records:
            kept = {id(record) for part in encoded for record in part.records}
            done = records if failure is None else records[: len(kept)]
            for record in done:
                if id(record) not in kept:
                    self._commits.dropped(record)
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
                self._commits.dropped(record)
            for part in kept:
                for out in part.outgoing:
                    out.records = [record] * len(out)
            ready += kept
        return Sending(ready)

    # Send ---------------------------------------------------------------------------------------

    def _send(self) -> None:
        """Send the first part of what was polled, as far as that goes now."""
        part = self._parts[0]
        sending = self._sending
        if sending is None:
            sending = self._sending = self._prepared(part.records)
            self._commits.begin(sending)
        try:
            while not sending.done:
                self._send_to_topic(sending)
                if not sending.done and self._commits.gives_up():
                    return
        except RetriableError:
            log.warning("Records could not be sent; they are tried again.", exc_info=True)
            self._control.wait(_SEND_RETRY_SECONDS)
            return
        self._sent(sending, part)

    def _sent(self, sending: Sending, part: Part) -> None:
        self.counters.written += sending.records
        self._commits.sent(sending, part.ending if sending.failure is None else None)
        if sending.failure is not None:
            raise sending.failure
        self._sending = None
        self._parts.popleft()
        unsent = sum(len(part.records) for part in self._parts)
        self.counters.active = unsent + self._commits.producer.unanswered
        if not self._parts:
            self._commits.polled()

    def _send_to_topic(self, sending: Sending) -> None:
        """Send what there is for one topic, however often the queue of the client is full."""
        outgoing, commits = sending.current, self._commits
        commits.entering(outgoing.topic)
        if sending.start == 0 and self._topics.add(outgoing.topic) and self._topic_creator:
            self._topic_creator.ensure(outgoing.topic)
        callback = commits.callback(outgoing)
        while True:
            taken = commits.send(outgoing, sending.start, callback)
            sending.advance(taken)
            commits.producer.poll(0)
            if sending.done or sending.current is not outgoing or commits.gives_up():
                return
            commits.producer.poll(_QUEUE_FULL_SECONDS)
            commits.check()


def _part(records: Sequence[SourceRecord], start: int, end: int) -> Sequence[SourceRecord]:
    return records if end - start == len(records) else records[start:end]
