"""The sink loop: deliveries, commits, rebalances."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.tolerance import Stage, Tolerance
from penstock.sdk.errors import (
    ConnectError,
    DataError,
    IllegalWorkerStateError,
    RetriableError,
    RetryLater,
)
from penstock.sdk.record import TimestampType, TopicPartition
from tests.unit.runtime.rig import T0, T1, Puts, SinkRig


def test_puts_what_is_consumed() -> None:
    rig = SinkRig(b"a", b"b")
    rig.steps(1)
    assert rig.task.calls == ["open t-0"]
    assert rig.task.values == ["a", "b"]
    assert rig.events.topics == ["t"]


def test_records_carry_their_coordinates() -> None:
    seen = []
    rig = SinkRig(b"a")
    rig.task.fail = seen.extend
    rig.steps(1)
    (record,) = seen
    assert (record.topic, record.partition, record.offset) == ("t", 0, 0)
    assert (record.original_topic, record.original_partition, record.original_offset) == ("t", 0, 0)
    assert (record.timestamp, record.timestamp_type) == (5, TimestampType.CREATE_TIME)


def test_commits_at_the_interval_what_the_task_says_is_safe() -> None:
    rig = SinkRig(b"a", b"b", b"c")
    rig.task.safe = {T0: 2}
    rig.steps(3)
    assert rig.consumer.commits == [{T0: 2}]


def test_commits_when_the_task_asks_for_it() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.consumer.commits == [{T0: 1}]


def test_sends_no_commit_when_nothing_changed() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    for _ in range(3):
        rig.context.request_commit()
        rig.steps(1)
    assert rig.consumer.commits == [{T0: 1}]


@pytest.mark.parametrize("answer", [{T0: 7}, {T1: 1}, {}])
def test_ignores_offsets_that_were_not_read_or_not_assigned(answer: Any) -> None:
    rig = SinkRig(b"a")
    rig.task.safe = answer
    rig.steps(1)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.consumer.commits == []


def test_reads_again_from_the_last_commit_when_the_task_refuses_one() -> None:
    rig = SinkRig(b"a", b"b")
    rig.steps(1)
    rig.task.refuse = ConnectError("disk full")
    rig.context.request_commit()
    rig.steps(1)
    assert rig.task.values == ["a", "b", "a", "b"]
    assert rig.consumer.commits == []


def test_puts_the_same_batch_again_after_a_retriable_error_and_reads_nothing_new() -> None:
    rig = SinkRig(b"a")
    errors = [RetryLater("locked", after_seconds=3.0)]

    def fail(records: Any):
        if records and errors:
            raise errors.pop()

    rig.task.fail = fail
    rig.steps(1)
    rig.kafka.append("t", b"b")
    assert rig.consumer.paused == {T0}
    before = rig.control.time.now_ms()
    rig.steps(1)
    assert rig.control.time.now_ms() - before == pytest.approx(3000, abs=10)
    assert rig.task.puts == [["a"]]
    rig.steps(1)
    assert rig.task.puts == [["a"], ["b"]]


def test_offsets_of_a_batch_that_is_put_again_are_not_committed() -> None:
    rig = SinkRig(b"a")

    def fail(records: Any):
        raise RetriableError("locked")

    rig.task.fail = fail
    rig.steps(1)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.consumer.commits == []


def test_any_other_error_of_put_ends_the_task() -> None:
    rig = SinkRig(b"a")

    def fail(records: Any):
        raise ValueError("boom")

    rig.task.fail = fail
    with pytest.raises(
        ConnectError, match=r"^Exiting WorkerSinkTask due to unrecoverable exception\.$"
    ) as caught:
        rig.steps(1)
    assert str(caught.value.__cause__) == "boom"


def test_a_bad_record_fails_the_task_before_anything_of_its_batch_is_put() -> None:
    rig = SinkRig(b"a", b"bad")
    with pytest.raises(ConnectError, match="Tolerance exceeded"):
        rig.steps(1)
    assert rig.task.values == []
    (context,) = rig.noted.contexts
    assert (context.record.offset, context.record.value) == (1, b"bad")


def test_bad_records_are_skipped_with_tolerance_and_their_offsets_committed() -> None:
    rig = SinkRig(b"bad", b"a", b"bad", tolerance=Tolerance.ALL)
    rig.steps(1)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.task.values == ["a"]
    assert [c.record.offset for c in rig.noted.contexts] == [0, 2]
    assert rig.consumer.commits == [{T0: 3}]


def test_a_revoked_partition_is_committed_and_then_closed() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.consumer.revoke(T0)
    rig.steps(1)
    assert rig.task.calls == ["open t-0", "pre_commit", "revoke t-0"]
    assert rig.consumer.commits == [{T0: 1}]
    assert rig.context.assignment == frozenset()


def test_a_partition_is_closed_even_if_its_last_commit_is_refused() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.task.refuse = ConnectError("disk full")
    rig.consumer.revoke(T0)
    rig.steps(1)
    assert rig.task.calls[-1] == "revoke t-0"
    assert rig.consumer.commits == []


def test_a_lost_partition_is_closed_without_a_commit() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.consumer.revoke(T0, lost=True)
    rig.steps(1)
    assert rig.task.calls == ["open t-0", "revoke t-0"]
    assert rig.consumer.commits == []


def test_undelivered_records_of_a_revoked_partition_are_dropped() -> None:
    rig = SinkRig(b"a", assign=[T0, T1])
    rig.kafka.append("t", b"b", partition=1)

    def fail(records: Any):
        raise RetriableError("locked")

    rig.task.fail = fail
    rig.steps(1)
    rig.consumer.revoke(T0)
    rig.task.fail = lambda records: None
    rig.steps(1)
    assert rig.task.values == ["b"]


def test_what_open_raises_ends_the_task() -> None:
    class Picky(Puts):
        def open(self, partitions: Any):
            raise ConnectError("no such table")

    rig = SinkRig(b"a", task=Picky)
    with pytest.raises(ConnectError, match="no such table"):
        rig.steps(1)


def test_goes_back_where_the_task_wants_to() -> None:
    rig = SinkRig(b"a", b"b", b"c")
    rig.steps(1)
    rig.context.rewind({T0: 1, T1: 0})
    rig.steps(1)
    assert rig.task.values == ["a", "b", "c", "b", "c"]


def test_starts_where_open_says() -> None:
    class Resumes(Puts):
        def open(self, partitions: Any):
            self.context.rewind({T0: 2})

    rig = SinkRig(b"a", b"b", b"c", task=Resumes)
    rig.steps(1)
    assert rig.task.values == ["c"]


def test_a_paused_task_keeps_its_partitions_commits_and_gets_nothing() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.control.paused = True
    rig.steps(1)
    rig.kafka.append("t", b"b")
    rig.steps(1)
    assert rig.task.values == ["a"]
    assert rig.consumer.commits == [{T0: 1}]
    rig.control.paused = False
    rig.steps(1)
    assert rig.task.values == ["a", "b"]


def test_resuming_a_task_leaves_alone_what_the_task_itself_paused() -> None:
    rig = SinkRig(assign=[T0, T1])
    rig.steps(1)
    rig.context.pause(T1)
    rig.control.paused = True
    rig.steps(1)
    rig.control.paused = False
    rig.steps(1)
    assert rig.consumer.paused == {T1}
    rig.context.resume(T1)
    assert rig.consumer.paused == set()


def test_only_assigned_partitions_can_be_paused() -> None:
    rig = SinkRig()
    rig.steps(1)
    text = "SinkTasks may not pause partitions that are not currently assigned to them."
    with pytest.raises(IllegalWorkerStateError) as caught:
        rig.context.pause(TopicPartition("other", 0))
    assert str(caught.value) == text


def test_records_count_as_active_until_their_offsets_are_committed() -> None:
    rig = SinkRig(b"a", b"b")
    rig.steps(1)
    assert rig.loop.counters.active == 2
    rig.context.request_commit()
    rig.steps(2)
    assert rig.loop.counters.active == 0


def test_a_commit_that_gets_no_answer_is_given_up_and_done_again() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.consumer.answers_commits = False
    rig.context.request_commit()
    rig.steps(1)
    rig.control.time.advance(6)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.loop.counters.commit_failures == 1
    rig.consumer.answers_commits = True
    rig.steps(1)
    assert rig.loop.counters.commits_skipped == 1
    assert rig.loop.counters.commits == 1


def test_closing_commits_closes_the_partitions_and_releases_everything() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.loop.close()
    assert rig.task.calls == ["open t-0", "pre_commit", "revoke t-0", "close"]
    assert rig.consumer.commits == [{T0: 1}]
    assert rig.consumer.closed


def test_a_cancelled_task_commits_nothing() -> None:
    rig = SinkRig(b"a")
    rig.steps(1)
    rig.control.cancelled = rig.control.stopping = True
    rig.loop.cancel()
    rig.loop.close()
    assert rig.consumer.commits == []


def rejecting(word: str):
    class Rejects(Puts):
        def put(self, records: Any):
            for record in records:
                if record.value == word:
                    self.context.reject(record, DataError("unwanted"))
            super().put(records)

    return Rejects


def test_a_rejected_record_is_reported_in_its_raw_form() -> None:
    rig = SinkRig(b"a", b"x", task=rejecting("x"), tolerance=Tolerance.ALL)
    rig.steps(1)
    (context,) = rig.noted.contexts
    assert (context.stage, context.class_name) == (
        Stage.TASK_PUT,
        "org.apache.kafka.connect.sink.SinkTask",
    )
    assert (context.record.offset, context.record.value) == (1, b"x")


def test_a_reject_without_tolerance_fails_the_task_even_if_it_swallows_the_error() -> None:
    class Swallows(Puts):
        def put(self, records: Any):
            for record in records:
                with pytest.raises(ConnectError, match="Tolerance exceeded"):
                    self.context.reject(record, DataError("unwanted"))

    rig = SinkRig(b"x", task=Swallows)
    with pytest.raises(ConnectError, match="Tolerance exceeded in error handler"):
        rig.steps(1)


@given(st.lists(st.sampled_from([b"a", b"bad", b"b", None]), max_size=20))
def test_a_batch_gives_what_its_records_would_give_one_by_one(values: Any) -> None:
    together = SinkRig(*values, tolerance=Tolerance.ALL)
    apart = SinkRig(*values, tolerance=Tolerance.ALL)
    apart.consumer.batch_max = 1
    together.steps(1)
    apart.steps(len(values))
    assert together.task.values == apart.task.values
    assert [c.record for c in together.noted.contexts] == [c.record for c in apart.noted.contexts]
