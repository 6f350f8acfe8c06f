"""Exactly-once sources: what is committed is records and their offsets, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import pytest

from penstock.runtime.boundaries import Boundary, Interval, Requested
from penstock.sdk.errors import ConnectError, IllegalWorkerStateError, RetriableError
from penstock.sdk.record import SourceRecord
from tests.unit.runtime.once_rig import OnceRig, failing, says, texts
from tests.unit.runtime.rig import Polls, TellsRecords, line

# Boundaries ---------------------------------------------------------------------------------------


def test_every_poll_is_a_transaction_of_records_and_offsets() -> None:
    rig = OnceRig([line(1), line(2)], [line(3)])
    rig.steps(1)
    assert (rig.values(), rig.committed()) == (texts(1, 2), [{"line": 2}])
    rig.steps(1)
    assert (rig.values(), rig.committed()) == (texts(1, 2, 3), [{"line": 3}])
    assert rig.producer.transactions == [3, 2]  # with the record of the offset
    assert rig.task.commits == 2


def test_a_poll_without_records_makes_no_transaction_and_is_told_as_a_commit() -> None:
    rig = OnceRig([], RetriableError("later"))
    rig.steps(2)
    assert (rig.producer.transactions, rig.task.commits) == ([], 2)


def test_an_interval_spans_polls_and_ends_with_the_first_after_it() -> None:
    rig = OnceRig([line(1)], [line(2)], [line(3)], boundary=Interval(10_000))
    rig.steps(2)
    assert rig.values() == []
    rig.control.time.advance(10)
    rig.steps(1)
    assert (rig.values(), rig.committed()) == (texts(1, 2, 3), [{"line": 3}])


def test_an_interval_ends_while_the_task_sleeps_in_its_poll() -> None:
    class Sleepy(TellsRecords):
        def poll(self) -> Sequence[SourceRecord]:
            if not self.todo:
                self.context.sleep(30)
                self.seen = (rig.values(), list(self.told))
            return super().poll()

    rig = OnceRig([line(1)], task=Sleepy, boundary=Interval(10_000))
    rig.steps(2)
    assert rig.task.seen == (texts(1), [])  # nothing is told within a poll
    assert [value for value, _ in rig.task.told] == ["line 1"]


def test_a_commit_that_fails_while_the_task_sleeps_fails_the_task_afterwards() -> None:
    class Sleepy(Polls):
        def poll(self) -> Sequence[SourceRecord]:
            if not self.todo:
                self.context.sleep(30)
            return super().poll()

    rig = OnceRig([line(1)], task=Sleepy, boundary=Interval(10_000))
    rig.steps(1)
    rig.producer.fail = failing("commit")
    with pytest.raises(ConnectError, match="Failed to flush offsets"):
        rig.steps(1)
    rig.producer.fail = lambda step: None
    rig.loop.close()
    assert (rig.values(), rig.committed()) == ([], [])


def test_a_task_ends_its_transactions_itself() -> None:
    rig = says(([line(1)], []), ([line(2), line(3)], [("commit", None)]), ([line(4)], []))
    rig.steps(1)
    assert rig.values() == []
    rig.steps(2)
    assert (rig.values(), rig.committed()) == (texts(1, 2, 3), [{"line": 3}])
    rig.stop()
    assert (rig.values(), rig.producer.closed) == (texts(1, 2, 3), True)


def test_a_transaction_ends_in_the_middle_of_a_poll() -> None:
    rig = says(([line(1), line(2), line(3)], [("commit", 1)]))
    rig.steps(2)
    assert (rig.values(), rig.committed()) == (texts(1, 2), [{"line": 2}])


def test_an_equal_record_of_a_later_poll_ends_a_transaction_too() -> None:
    rig = says(([line(1)], []), ([line(2)], []))
    rig.task.context.transaction.commit(line(2))
    rig.steps(2)
    assert rig.values() == texts(1, 2)


def test_what_is_aborted_is_dropped_and_not_polled_again() -> None:
    rig = says(([line(1), line(2)], [("abort", None)]), ([line(3)], [("commit", None)]))
    rig.steps(1)
    assert (rig.values(), rig.committed()) == ([], [{"line": 2}])
    assert rig.task.told == [("line 1", None), ("line 2", None)]
    rig.steps(1)
    assert rig.values() == texts(3)


def test_to_abort_nothing_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    rig = says(([], [("abort", None)]), ([line(1)], [("commit", None)]))
    with caplog.at_level(logging.WARNING):
        rig.steps(2)
    assert "there is none" in caplog.text
    assert rig.values() == texts(1)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (None, "Connector requested both commit and abort of same transaction"),
        (
            0,
            "Connector requested both commit and abort of same record against topic/partition t/",
        ),
    ],
)
def test_a_task_that_wants_both_fails(index: int | None, text: str) -> None:
    rig = says(([line(1)], [("commit", index), ("abort", index)]))
    with pytest.raises(ConnectError, match=text):
        rig.steps(1)
    rig.loop.close()
    assert rig.values() == []


# The ends of a task -------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", [Interval(10_000), Requested()])
def test_pausing_commits_what_may_be_committed(boundary: Boundary) -> None:
    rig = OnceRig([line(1)], boundary=boundary)
    rig.steps(1)
    rig.control.paused = True
    rig.steps(2)
    assert rig.values() == (texts(1) if isinstance(boundary, Interval) else [])


def test_stopping_commits_what_is_complete() -> None:
    rig = OnceRig([line(1)], boundary=Interval(10_000))
    rig.steps(1)
    rig.stop()
    assert (rig.values(), rig.committed()) == (texts(1), [{"line": 1}])


def test_a_poll_that_cannot_be_sent_completely_is_never_committed() -> None:
    rig = OnceRig([line(1)], [line(2), line(3)], boundary=Interval(10_000), queue_max=1)
    rig.steps(1)
    rig.producer.stuck = True
    rig.control.stopping = False
    stop_when_waiting(rig)
    rig.steps(1)
    rig.producer.stuck = False
    rig.stop()
    assert (rig.values(), rig.committed()) == ([], [])


def stop_when_waiting(rig: OnceRig) -> None:
    """The queue is full: each look at it takes a second, and the task is to stop."""
    deliver = rig.producer.poll

    def poll(seconds: float = 0.0) -> None:
        deliver(seconds)
        rig.control.stopping = True
        rig.control.time.advance(1)

    rig.producer.poll = poll  # type: ignore[method-assign]


def test_a_task_that_failed_commits_nothing_any_more() -> None:
    rig = OnceRig([line(1)], ValueError("bad"), boundary=Interval(10_000))
    rig.steps(1)
    with pytest.raises(ValueError, match="bad"):
        rig.steps(1)
    rig.loop.close()
    assert (rig.values(), rig.committed()) == ([], [])


def test_a_cancelled_task_neither_commits_nor_produces() -> None:
    rig = OnceRig([line(1)], [line(2)], boundary=Interval(10_000))
    rig.steps(1)
    rig.control.stopping = rig.control.cancelled = True
    rig.loop.cancel()
    rig.loop.close()
    assert (rig.values(), rig.committed(), rig.task.closed) == ([], [], True)


def test_a_task_cancelled_in_its_poll_cannot_commit_what_it_polled() -> None:
    class Late(Polls):
        def poll(self) -> Sequence[SourceRecord]:
            rig.control.stopping = rig.control.cancelled = True
            rig.loop.cancel()
            return super().poll()

    rig = OnceRig([line(1)], task=Late)
    with pytest.raises(RuntimeError, match="closed"):
        rig.steps(1)
    rig.loop.close()
    assert rig.values() == []


# Starting -----------------------------------------------------------------------------------------


def test_the_predecessor_is_fenced_before_offsets_are_read() -> None:
    class Resumes(Polls):
        def start(self) -> None:
            super().start()
            self.found = self.context.offset({"file": "f"})

    first = OnceRig([line(1)], [line(2)])
    first.steps(1)
    second = OnceRig(task=Resumes, kafka=first.kafka)
    assert second.task.found == {"line": 1}
    assert second.asked == 1
    with pytest.raises(ConnectError, match="The task c-0 was unable to finish writing"):
        first.steps(1)
    first.loop.close()
    assert first.values() == texts(1)


def test_offsets_are_uncertain_while_a_task_is_made() -> None:
    class Early(Polls):
        def __init__(self, config: Any, context: Any) -> None:
            super().__init__(config, context)
            context.offset({"file": "f"})

    with pytest.raises(IllegalWorkerStateError, match="in `start` and later"):
        OnceRig(task=Early)


def test_a_task_that_is_superseded_is_not_started() -> None:
    rig = OnceRig([line(1)], start=False)
    rig.superseded = ConnectError("has been revoked")
    with pytest.raises(ConnectError, match="revoked"):
        rig.loop.start()
    assert not hasattr(rig.task, "todo")


def test_a_task_that_is_stopped_while_it_waits_for_kafka_is_not_started() -> None:
    rig = OnceRig([line(1)], start=False)
    rig.control.stopping = True
    rig.loop.start()
    assert (rig.asked, hasattr(rig.task, "todo")) == (0, False)
