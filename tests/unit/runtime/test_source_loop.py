"""The source loop: nothing is lost, nothing is committed ahead of its record."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.ports import BatchRefusedError
from penstock.runtime.tolerance import Stage, Tolerance
from penstock.sdk.errors import ConnectError, DataError, RetriableError
from penstock.sdk.record import Header, RecordMetadata, replace
from penstock.testing.memory_kafka import MemoryProducer
from tests.unit.runtime.rig import Polls, SourceRig, TellsRecords, line


class Dropping:
    """A chain with one stage that drops what is None and doubles what is "two"."""

    class_name = "Dropping"

    @property
    def stages(self):
        return [self]

    def apply(self, records: Any):
        if any(r.value == "broken" for r in records):
            raise DataError("cannot be transformed")
        kept = [r for r in records if r.value != "drop"]
        return [replace(r, topic=r.topic) for r in kept for _ in range(1 + (r.value == "two"))]

    def close(self) -> None: ...


def test_sends_what_is_polled_in_order() -> None:
    rig = SourceRig([line(1), line(2)], [line(3)])
    rig.steps(3)
    assert rig.values() == [b"line 1", b"line 2", b"line 3"]


def test_commits_the_last_offset_of_each_partition_once_all_records_arrived() -> None:
    other = {"source_partition": {"file": "g"}, "source_offset": {"line": 9}}
    rig = SourceRig([line(1), line(5, **other), line(2)])
    rig.steps(1)
    assert rig.committed() == []
    rig.commit()
    assert sorted(map(str, rig.committed())) == ["{'line': 2}", "{'line': 9}"]
    assert rig.task.commits == 1


def test_records_count_as_active_until_kafka_has_answered() -> None:
    rig = SourceRig([line(1), line(2)], [line(3)])
    rig.producer.stuck = True
    rig.steps(1)
    assert rig.loop.counters.active == 2
    rig.steps(1)
    assert rig.loop.counters.active == 3
    rig.producer.stuck = False
    rig.steps(1)
    assert rig.loop.counters.active == 0


def test_equal_partitions_in_different_mappings_are_one() -> None:
    shared = {"file": "f"}
    rig = SourceRig(
        [
            line(1, source_partition=shared),
            line(2, source_partition={"file": "f"}),
            line(3, source_partition=shared),
        ]
    )
    rig.steps(1)
    rig.commit()
    assert rig.committed() == [{"line": 3}]


def test_tells_the_task_of_a_commit_even_when_there_was_nothing_to_commit() -> None:
    rig = SourceRig()
    rig.commit()
    assert rig.task.commits == 1


def test_commits_a_last_time_when_it_is_closed() -> None:
    rig = SourceRig([line(1)])
    rig.steps(1)
    rig.loop.close()
    assert rig.committed() == [{"line": 1}]
    assert rig.task.closed
    assert rig.producer.closed


def test_a_cancelled_task_neither_sends_nor_commits() -> None:
    rig = SourceRig([line(1)])
    rig.producer.stuck = True
    rig.steps(1)
    rig.control.stopping = rig.control.cancelled = True
    rig.loop.cancel()
    rig.loop.close()
    assert rig.values() == []
    assert rig.committed() == []


def test_what_a_task_polls_after_it_was_cancelled_is_not_sent() -> None:
    class Late(Polls):
        def poll(self):
            rig.control.stopping = rig.control.cancelled = True
            rig.loop.cancel()
            return super().poll()

    rig = SourceRig([line(1)], task=Late)
    with pytest.raises(RuntimeError):
        rig.steps(1)
    rig.loop.close()
    assert rig.values() == []
    assert rig.committed() == []


def test_polls_again_after_a_retriable_error() -> None:
    rig = SourceRig(RetriableError("busy"), [line(1)])
    rig.steps(2)
    assert rig.values() == [b"line 1"]


def test_any_other_error_of_poll_ends_the_task() -> None:
    rig = SourceRig(ValueError("boom"))
    with pytest.raises(ValueError, match="boom"):
        rig.steps(1)


def test_records_before_a_bad_one_are_sent_and_committed_when_the_task_fails() -> None:
    rig = SourceRig([line(1), line(2), line(3, "bad"), line(4)])
    with pytest.raises(ConnectError, match="Tolerance exceeded in error handler") as caught:
        rig.steps(1)
    rig.loop.close()
    assert str(caught.value.__cause__) == "this is bad"
    assert rig.values() == [b"line 1", b"line 2"]
    assert rig.committed() == [{"line": 2}]
    assert [c.record.source_offset for c in rig.noted.contexts] == [{"line": 3}]


def test_with_tolerance_only_the_bad_records_are_skipped_and_reported() -> None:
    numbers = range(40)
    batch = [line(i, "bad" if i in (0, 7, 8, 39) else None) for i in numbers]
    rig = SourceRig(batch, tolerance=Tolerance.ALL)
    rig.steps(1)
    rig.commit()
    assert rig.values() == [f"line {i}".encode() for i in numbers if i not in (0, 7, 8, 39)]
    assert [c.record.source_offset["line"] for c in rig.noted.contexts] == [0, 7, 8, 39]
    assert {c.stage for c in rig.noted.contexts} == {Stage.VALUE_CONVERTER}
    assert rig.committed() == [{"line": 38}]


@pytest.mark.parametrize("timestamp", [-2, -(2**62)])
def test_an_impossible_timestamp_fails_the_task_whatever_is_tolerated(timestamp: int) -> None:
    rig = SourceRig([line(1, timestamp=timestamp)], tolerance=Tolerance.ALL)
    with pytest.raises(Exception, match=f"^Invalid record timestamp {timestamp}$"):
        rig.steps(1)


def test_keys_partitions_timestamps_and_headers_reach_kafka() -> None:
    first = line(1, key="k", partition=0, timestamp=7, headers=(Header("h", "x"), Header("n")))
    rig = SourceRig([first, line(2, timestamp=-1)])
    rig.steps(1)
    one, two = rig.kafka.topic("t")
    assert (one.key, one.timestamp, one.headers) == (b"k", 7, [("h", b"x"), ("n", None)])
    assert (two.key, two.timestamp, two.headers) == (None, None, None)


def test_goes_on_at_the_very_record_when_the_queue_of_the_client_was_full() -> None:
    rig = SourceRig([line(i) for i in range(10)], queue_max=3)
    rig.steps(1)
    assert rig.values() == [f"line {i}".encode() for i in range(10)]


def test_tries_again_after_a_retriable_error_of_the_client() -> None:
    rig = SourceRig([line(1)])
    rig.producer.blocked = RetriableError("no metadata")
    before = rig.control.time.now_ms()
    rig.steps(1)
    assert rig.values() == []
    assert rig.control.time.now_ms() == before + 100
    rig.steps(1)
    assert rig.values() == [b"line 1"]


def test_a_record_that_kafka_refuses_fails_the_task_and_its_offset_stays_uncommitted() -> None:
    rig = SourceRig([line(1), line(2)], [line(3)])
    rig.producer.refuse = lambda r: ConnectError("too large") if r.value == b"line 2" else None
    rig.steps(1)
    with pytest.raises(ConnectError, match="Unrecoverable exception from producer send callback"):
        rig.steps(1)
    rig.loop.close()
    assert rig.committed() == []


def test_a_refused_batch_is_never_passed_over_as_good_records_may_be_in_it() -> None:
    rig = SourceRig([line(1)], [line(2), line(3)], tolerance=Tolerance.ALL)
    refused = BatchRefusedError("too large")
    rig.producer.refuse = lambda r: refused if r.value == b"line 2" else None
    rig.steps(2)
    with pytest.raises(ConnectError) as raised:
        rig.steps(1)
    assert raised.value.__cause__ is refused
    rig.loop.close()
    assert rig.committed() == [{"line": 1}]
    assert rig.noted.contexts == []


def test_a_refused_record_a_task_wants_to_hear_of_stays_uncommitted_as_well() -> None:
    rig = SourceRig([line(1)], [line(2)], task=TellsRecords)
    rig.producer.refuse = lambda r: ConnectError("too large") if r.value == b"line 2" else None
    rig.steps(2)
    with pytest.raises(ConnectError, match="Unrecoverable exception from producer send callback"):
        rig.steps(1)
    rig.loop.close()
    assert rig.committed() == [{"line": 1}]


def test_a_refused_record_is_passed_over_with_tolerance() -> None:
    rig = SourceRig([line(1), line(2)], tolerance=Tolerance.ALL)
    rig.producer.refuse = lambda r: ConnectError("too large") if r.value == b"line 2" else None
    rig.steps(1)
    rig.commit()
    assert rig.committed() == [{"line": 2}]
    (context,) = rig.noted.contexts
    assert context.stage is Stage.KAFKA_PRODUCE
    assert context.record.source_offset == {"line": 2}


def test_offsets_wait_for_records_that_are_still_on_their_way() -> None:
    rig = SourceRig([line(1)], [line(2)], tolerance=Tolerance.ALL)
    rig.steps(1)
    rig.producer.stuck = True
    rig.steps(1)
    rig.commit()
    assert rig.committed() == [{"line": 1}]
    rig.producer.stuck = False
    rig.commit()
    assert rig.committed() == [{"line": 2}]


def test_after_a_barrier_that_timed_out_nothing_is_sent_until_all_arrived() -> None:
    rig = SourceRig([line(1)], [line(2)])
    rig.producer.stuck = True
    rig.steps(1)
    rig.commit()
    rig.steps(3)
    assert rig.values() == []
    assert len(rig.task.todo) == 1
    rig.producer.stuck = False
    rig.steps(2)
    assert rig.values() == [b"line 1", b"line 2"]
    assert rig.tracked == [False, True]
    assert rig.committed() == [{"line": 1}]


def test_offsets_that_could_not_be_stored_are_stored_the_next_time(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = SourceRig([line(1)])
    rig.steps(1)
    rig.offsets.error = TimeoutError("offsets topic")
    with caplog.at_level(logging.ERROR):
        rig.commit()
    assert rig.task.commits == 0
    rig.offsets.error = None
    rig.commit()
    assert rig.committed() == [{"line": 1}]


def test_a_task_that_wants_to_know_is_told_of_every_record() -> None:
    rig = SourceRig([line(1), line(2)], task=TellsRecords)
    rig.steps(1)
    assert isinstance(rig.task, TellsRecords)
    assert rig.task.told == [
        ("line 1", RecordMetadata("t", 0, 0, 0)),
        ("line 2", RecordMetadata("t", 0, 1, 0)),
    ]


def test_a_task_is_told_of_dropped_records_without_a_place() -> None:
    batch = [line(1), line(2, "drop"), line(3, "two"), line(4, "broken")]
    rig = SourceRig(batch, task=TellsRecords, transforms=Dropping(), tolerance=Tolerance.ALL)
    rig.steps(1)
    assert isinstance(rig.task, TellsRecords)
    assert [value for value, place in rig.task.told if place is None] == ["drop", "broken"]
    assert [value for value, place in rig.task.told if place is not None] == [
        "line 1",
        "two",
        "two",
    ]


def test_the_offset_of_a_dropped_record_is_not_committed() -> None:
    rig = SourceRig([line(1), line(2, "drop")], transforms=Dropping())
    rig.steps(1)
    rig.commit()
    assert rig.committed() == [{"line": 1}]


def test_a_new_topic_is_told_once_and_only_when_something_arrived() -> None:
    rig = SourceRig([line(1)], [line(2)])
    rig.producer.stuck = True
    rig.steps(1)
    assert rig.events.topics == []
    rig.producer.stuck = False
    rig.steps(1)
    assert rig.events.topics == ["t"]


def test_offsets_are_committed_while_a_paused_task_rests() -> None:
    rig = SourceRig([line(1)])
    rig.steps(1)
    rig.control.paused = True
    rig.steps(2)
    assert rig.committed() == [{"line": 1}]


def test_offsets_are_committed_while_the_task_sleeps_in_poll() -> None:
    class Sleeps(Polls):
        def poll(self):
            if self.todo:
                return super().poll()
            self.context.sleep(100)
            return []

    rig = SourceRig([line(1)], task=Sleeps)
    rig.steps(2)
    assert rig.committed() == [{"line": 1}]
    assert rig.task.commits == 1


def test_a_producer_is_told_when_there_is_nothing_to_send() -> None:
    told: list[int] = []

    class Told(MemoryProducer):
        def idle(self) -> None:
            told.append(len(rig.task.todo))

    rig = SourceRig([line(1)], [], [line(2)], [line(3)], make=lambda rig: Told(rig.kafka))
    rig.steps(4)
    assert told == [2]
    rig.commit()  # the task may sleep in its poll
    assert told == [2, 0]


WORDS = st.sampled_from(["a", "b", "bad", "drop", "two", "broken"])


@given(st.lists(WORDS, max_size=20))
def test_a_batch_gives_what_its_records_would_give_one_by_one(words: list[str]) -> None:
    records = [line(i, word) for i, word in enumerate(words)]
    together = SourceRig(records, transforms=Dropping(), tolerance=Tolerance.ALL)
    apart = SourceRig(*([r] for r in records), transforms=Dropping(), tolerance=Tolerance.ALL)
    together.steps(1)
    apart.steps(len(records))
    assert together.values() == apart.values()
    for rig in (together, apart):
        rig.commit()
    assert together.committed() == apart.committed()
    assert [c.record for c in together.noted.contexts] == [c.record for c in apart.noted.contexts]
