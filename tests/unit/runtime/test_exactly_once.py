"""Exactly-once sources: what is committed is records and their offsets, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.boundaries import Boundary, EachPoll, Interval, Requested
from penstock.runtime.contexts import SourceTaskContext
from penstock.runtime.counters import SourceCounters
from penstock.runtime.error_reports import Reporters
from penstock.runtime.exactly_once import ExactlyOnce
from penstock.runtime.plugins import NoTransforms, Transforms
from penstock.runtime.ports import FencedError
from penstock.runtime.source_encoding import SourceEncoder
from penstock.runtime.source_loop import SourceLoop
from penstock.runtime.source_notes import SourceNotes
from penstock.runtime.tolerance import Operator, Tolerance
from penstock.runtime.topics_used import TopicsSeen
from penstock.sdk.config import Config
from penstock.sdk.errors import ConnectError, DataError, IllegalWorkerStateError, RetriableError
from penstock.sdk.record import SourceRecord
from penstock.sdk.source import SourceTask
from penstock.testing.memory_kafka import MemoryKafka, MemoryOffsets, MemoryTransactions
from penstock.testing.time import ManualControl, RecordedEvents
from tests.unit.runtime.rig import Noted, Polls, TellsRecords, converters, line
from tests.unit.runtime.test_source_loop import Dropping


class OnceRig:
    """A loop over a Kafka in memory. Hand on `kafka` to a second one to see it go on."""

    def __init__(
        self,
        *batches: Any,
        boundary: Boundary | None = None,
        task: type[SourceTask[Any]] = Polls,
        transforms: Transforms | None = None,
        tolerance: Tolerance = Tolerance.NONE,
        kafka: MemoryKafka | None = None,
        queue_max: int = 100_000,
        retry_timeout_ms: int = 0,
        start: bool = True,
    ) -> None:
        self.control = ManualControl()
        self.kafka = kafka or MemoryKafka()
        self.offsets = MemoryOffsets(self.kafka)
        self.events = RecordedEvents()
        self.asked = 0
        self.superseded: Exception | None = None
        boundary = boundary or EachPoll()
        context = SourceTaskContext(
            "c",
            0,
            {},
            self.control,
            self.offsets,
            boundary if isinstance(boundary, Requested) else None,
            fenced_first=True,
        )
        self.task: Any = task(Config({}), context)
        self.task.batches = batches
        self.producer = MemoryTransactions(self.kafka, "g-c-0", queue_max)
        self.counters = SourceCounters()
        reporters = Reporters([Noted()])
        operator = Operator(
            tolerance, self.control.time, self.control, retry_timeout_ms=retry_timeout_ms
        )
        topics = TopicsSeen(self.events)
        commits = ExactlyOnce(
            "c-0",
            SourceNotes(self.task),
            self.producer,
            self.offsets,
            boundary,
            self._may_go_on,
            self.control,
            self.control.time,
            topics,
            self.counters,
        )
        self.loop = SourceLoop(
            self.task,
            SourceEncoder(transforms or NoTransforms(), converters(), operator, reporters),
            commits,
            reporters,
            self.control,
            self.control.time,
            topics,
            self.counters,
        )
        context.idle = self.loop
        if start:
            self.loop.start()

    def _may_go_on(self) -> None:
        self.asked += 1
        if self.superseded is not None:
            raise self.superseded

    def steps(self, count: int) -> None:
        for _ in range(count):
            self.loop.step()

    def stop(self) -> None:
        self.control.stopping = True
        assert not self.loop.step()
        self.loop.close()

    def values(self) -> list[bytes | None]:
        return [record.value for record in self.kafka.topic("t")]

    def committed(self) -> list[Any]:
        return [offset for _, offset in self.offsets.pairs()]


def texts(*numbers: int) -> list[bytes]:
    return [f"line {number}".encode() for number in numbers]


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


class Says(TellsRecords):
    """Ends transactions as its batches say: a pair of records and (method, which record) calls."""

    def poll(self) -> Sequence[SourceRecord]:
        if not self.todo:
            return []
        records, calls = self.todo.pop(0)
        for method, index in calls:
            named = () if index is None else (records[index],)
            getattr(self.context.transaction, method)(*named)
        return records


def says(*batches: Any, **more: Any) -> OnceRig:
    return OnceRig(*batches, task=Says, boundary=Requested(), **more)


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


# Failures -----------------------------------------------------------------------------------------


def failing(step: str, error: Exception | None = None) -> Callable[[str], None]:
    def fail(now: str) -> None:
        if now == step:
            raise error or ConnectError(f"no {step}")

    return fail


def test_a_commit_that_fails_aborts_and_fails_the_task() -> None:
    rig = OnceRig([line(1)])
    rig.producer.fail = failing("commit")
    with pytest.raises(
        ConnectError, match="Failed to flush offsets and/or records for task c-0"
    ) as caught:
        rig.steps(1)
    assert str(caught.value.__cause__) == "no commit"
    rig.loop.close()
    assert (rig.values(), rig.committed(), rig.counters.commit_failures) == ([], [], 1)
    assert rig.task.commits == 0


@pytest.mark.parametrize("tolerance", list(Tolerance))
def test_a_record_kafka_refuses_takes_its_transaction_with_it(tolerance: Tolerance) -> None:
    for task in (Polls, TellsRecords):
        rig = OnceRig([line(1)], [line(2), line(3)], task=task, tolerance=tolerance)
        rig.producer.refuse = lambda record: (
            DataError("too large") if record.value == b"line 3" else None
        )
        with pytest.raises(ConnectError, match="Failed to flush"):
            rig.steps(2)
        rig.loop.close()
        assert (rig.values(), rig.committed()) == (texts(1), [{"line": 1}])


def test_a_refused_record_can_be_aborted() -> None:
    rig = says(([line(1)], [("abort", None)]), ([line(2)], [("commit", None)]))
    rig.producer.refuse = lambda record: (
        DataError("too large") if record.value == b"line 1" else None
    )
    rig.steps(2)
    assert (rig.values(), rig.committed()) == (texts(2), [{"line": 2}])


def test_offsets_that_cannot_be_stored_commit_no_record() -> None:
    rig = OnceRig([line(1)])
    rig.offsets.error = DataError("Offsets may only use String keys")
    with pytest.raises(ConnectError, match="Failed to flush"):
        rig.steps(1)
    rig.loop.close()
    assert rig.values() == []


def test_a_task_may_not_write_to_its_offsets_topic() -> None:
    rig = OnceRig([SourceRecord("offsets", "x")])
    with pytest.raises(ConnectError, match="may not produce to their own offsets topics"):
        rig.steps(1)


def test_a_transaction_whose_time_is_over_is_explained() -> None:
    rig = OnceRig([line(1)])
    rig.producer.fail = failing("commit", FencedError("late"))
    with pytest.raises(ConnectError, match="before its producer transaction expired"):
        rig.steps(1)


def test_a_send_that_is_tried_again_sends_once() -> None:
    rig = OnceRig([line(1), line(2)], task=TellsRecords)
    rig.producer.blocked = RetriableError("no leader")
    rig.steps(2)
    assert rig.values() == texts(1, 2)
    assert [value for value, _ in rig.task.told] == ["line 1", "line 2"]


# What a task is told ------------------------------------------------------------------------------


def test_records_are_told_after_their_commit_with_their_places() -> None:
    rig = OnceRig([line(1)], [line(2)], task=TellsRecords, boundary=Interval(10_000))
    rig.steps(2)
    assert rig.task.told == []
    rig.control.time.advance(10)
    rig.steps(1)
    assert [(value, place and place.topic) for value, place in rig.task.told] == [
        ("line 1", "t"),
        ("line 2", "t"),
    ]


def test_dropped_records_are_told_and_move_no_offset() -> None:
    rig = OnceRig([line(1, "drop")], [line(2)], task=TellsRecords, transforms=Dropping())
    rig.steps(1)
    assert (rig.task.told, rig.committed(), rig.producer.transactions) == ([("drop", None)], [], [])
    rig.steps(1)
    assert rig.committed() == [{"line": 2}]


def test_transactions_are_counted_by_their_records() -> None:
    rig = OnceRig([line(1), line(2)], [line(3)], [])
    rig.steps(3)
    counted = rig.counters
    assert (counted.transactions, counted.transaction_total) == (2, 3)
    assert (counted.transaction_min, counted.transaction_max) == (1, 2)


def test_topics_are_reported_once_something_is_committed_there() -> None:
    rig = OnceRig([line(1)], boundary=Interval(10_000))
    rig.steps(1)
    assert rig.events.topics == []
    rig.stop()
    assert rig.events.topics == ["t"]


# Whatever happens ---------------------------------------------------------------------------------


class Sequence1(SourceTask[Config]):
    """Counts on from its offset; `plan` says how many each poll has and how they end."""

    plan: ClassVar[list[tuple[int, str]]]

    def start(self) -> None:
        last = self.context.offset({"file": "f"})
        self.next = 0 if last is None else last["line"] + 1

    def poll(self) -> Sequence[SourceRecord]:
        count, ending = self.plan.pop(0) if self.plan else (0, "")
        records = [line(self.next + i) for i in range(count)]
        self.next += count
        transaction = self.context.transaction
        if transaction is not None and ending == "batch":
            transaction.commit()
        elif transaction is not None and ending == "record" and records:
            transaction.commit(records[len(records) // 2])
        return records


EVENTS = st.sampled_from([*["step"] * 3, "time", "pause", "stop", "kill", "refuse", "fail"])
POLLS = st.tuples(st.integers(0, 4), st.sampled_from(["", "batch", "record"]))


@given(
    st.sampled_from(["poll", "interval", "connector"]),
    st.lists(POLLS, max_size=20),
    st.lists(EVENTS, max_size=40),
    st.integers(1, 5),
)
def test_what_is_committed_is_each_record_once_up_to_the_committed_offset(
    kind: str, polls: list[tuple[int, str]], happenings: list[str], queue_max: int
) -> None:
    kafka = MemoryKafka()
    made = {"poll": EachPoll, "interval": lambda: Interval(1000), "connector": Requested}[kind]

    class Task(Sequence1):
        plan: ClassVar = list(polls)

    def successor() -> OnceRig:
        return OnceRig(task=Task, boundary=made(), kafka=kafka, queue_max=queue_max)

    rig = successor()
    for happening in happenings:
        if happening == "kill":  # nothing is closed
            rig = successor()
            continue
        if happening == "time":
            rig.control.time.advance(1)
        if happening == "refuse":
            rig.producer.refuse = lambda record: DataError("too large")
        if happening == "fail":
            rig.producer.fail = failing("commit")
        rig.control.paused = happening == "pause"
        rig.control.stopping = happening == "stop"
        try:
            if not rig.loop.step():
                rig.loop.close()
                rig = successor()
        except ConnectError:
            rig.loop.close()
            rig = successor()
        check(kafka)
    rig.producer.refuse, rig.producer.fail = lambda record: None, lambda step: None
    try:
        rig.steps(len(polls))
        rig.stop()
    except ConnectError:
        rig.loop.close()
    check(kafka)


def check(kafka: MemoryKafka) -> None:
    values = [record.value for record in kafka.topic("t")]
    offsets = [offset for _, offset in MemoryOffsets(kafka).pairs()]
    assert values == texts(*range(len(values)))
    assert offsets == ([{"line": len(values) - 1}] if values else [])
