"""When the offsets of a sink task are committed, and what becomes of each commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from penstock.runtime.counters import SinkCounters
from penstock.runtime.ports import Clock, Consumer, Control
from penstock.runtime.rejects import Rejects
from penstock.runtime.sink_commits import Offsets, SinkOffsets
from penstock.sdk.record import TopicPartition
from penstock.sdk.sink import SinkTask

log = logging.getLogger(__name__)


class SinkCommitter:
    """Asks the task what may be committed, and commits it. All calls come from the task's thread.

    `go_back` is called with the places to read from again after a commit the task refused.
    """

    def __init__(
        self,
        task: SinkTask[Any],
        consumer: Consumer,
        rejects: Rejects,
        control: Control,
        clock: Clock,
        counters: SinkCounters,
        offsets: SinkOffsets,
        go_back: Callable[[Offsets], None],
        *,
        interval_ms: int,
        timeout_ms: int,
    ) -> None:
        self.requested = False
        self._task = task
        self._consumer = consumer
        self._rejects = rejects
        self._control = control
        self._clock = clock
        self._counters = counters
        self._offsets = offsets
        self._go_back = go_back
        self._interval_ms = interval_ms
        self._timeout_ms = timeout_ms
        self._next = clock.now_ms() + interval_ms
        self._since: int | None = None  # when the commit that is not answered yet was sent

    def due_in_ms(self) -> int:
        return max(0, self._next - self._clock.now_ms())

    def commit_if_due(self) -> None:
        now = self._clock.now_ms()
        if self._since is None:
            if self.requested or now >= self._next:
                self.commit(self._offsets.partitions, closing=False)
                self._next = now + self._interval_ms
                self.requested = False
        elif now >= self._since + self._timeout_ms:
            log.warning("The commit of offsets timed out.")
            self._since = None
            self._counters.commit(0, ok=False)

    def commit(self, partitions: Collection[TopicPartition], *, closing: bool) -> None:
        written = self._letters_written(closing=closing)
        asked = self._offsets.consumed(partitions)
        if not asked:
            return
        if not written and not closing:
            self._counters.commit(0, ok=False)
            return
        self._counters.commit_seq_no += 1
        try:
            answer = self._task.pre_commit(dict(asked))
        except Exception:
            self._refused(asked, closing=closing)
            return
        finally:
            if closing:
                self._task.revoke(partitions)
        wanted = self._offsets.to_commit(asked, answer) if answer else {}
        if wanted and written and not self._control.cancelled:
            self._send(wanted, closing=closing)

    def _letters_written(self, *, closing: bool) -> bool:
        """No offset is committed ahead of a record's dead letter. Raises unless closing."""
        try:
            if self._rejects.flush(self._timeout_ms / 1000):
                return True
        except Exception:
            if not closing:
                raise
            log.exception("Dead letters cannot be written; no offsets are committed.")
            return False
        log.warning("Dead letters did not reach Kafka yet; offsets are committed later.")
        return False

    def _refused(self, asked: Offsets, *, closing: bool) -> None:
        if closing:
            log.exception("The task failed to prepare the last commit of its partitions.")
            return
        log.exception("The task failed to prepare a commit; reading again from the last one.")
        self._go_back(self._offsets.back_to_committed(asked))
        self._counters.commit(0, ok=False)

    def _send(self, wanted: Offsets, *, closing: bool) -> None:
        started, seq = self._clock.now_ms(), self._counters.commit_seq_no

        def done(error: Exception | None) -> None:
            self._done(wanted, started, seq, error)

        self._since = started
        if not closing:
            self._consumer.commit(wanted, done)
            return
        try:
            self._consumer.commit_now(wanted)
        except Exception as error:
            done(error)
        else:
            done(None)

    def _done(self, wanted: Offsets, started: int, seq: int, error: Exception | None) -> None:
        if seq != self._counters.commit_seq_no:
            self._counters.commits_skipped += 1
            return
        self._since = None
        if error is not None:
            log.error("The commit of offsets failed; it is tried again.", exc_info=error)
        else:
            held = self._offsets.partitions
            self._offsets.committed |= {tp: o for tp, o in wanted.items() if tp in held}
        self._counters.active = self._offsets.uncommitted
        self._counters.commit(self._clock.now_ms() - started, ok=error is None)
