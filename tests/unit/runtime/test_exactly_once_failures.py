"""What fails takes its transaction with it; what a task is told, it is told after a commit."""

from __future__ import annotations

import pytest

from penstock.runtime.boundaries import Interval
from penstock.runtime.ports import FencedError
from penstock.runtime.tolerance import Tolerance
from penstock.sdk.errors import ConnectError, DataError, RetriableError
from penstock.sdk.record import SourceRecord
from tests.unit.runtime.once_rig import OnceRig, failing, says, texts
from tests.unit.runtime.rig import Polls, TellsRecords, line
from tests.unit.runtime.test_source_loop import Dropping


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


def test_a_fenced_producer_is_told_as_such_whatever_becomes_of_its_records() -> None:
    rig = OnceRig([line(1)], [line(2)], task=TellsRecords, boundary=Interval(10_000))

    def refuse(record: object) -> Exception:
        rig.producer._failure = FencedError("there is a newer one")  # pyright: ignore
        return DataError("given up")

    rig.producer.refuse = refuse
    with pytest.raises(ConnectError, match="before its producer transaction expired") as caught:
        rig.steps(2)
    assert isinstance(caught.value.__cause__, FencedError)


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
