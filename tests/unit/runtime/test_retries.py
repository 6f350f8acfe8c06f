"""Operations that may succeed later: how long they are tried again, and that a stop ends it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from penstock.runtime.boundaries import Interval
from penstock.runtime.plugins import NoTransforms
from penstock.runtime.tolerance import ErrorContext, Stage, StoppedError, Tolerance
from penstock.sdk.errors import ConnectError, RetriableError
from tests.unit.runtime.once_rig import OnceRig, texts
from tests.unit.runtime.rig import T0, SinkRig, SourceRig, line


class Busy:
    """A transformation whose service is away: the record of this value is for later."""

    class_name = "Busy"

    def __init__(self, value: str, answers_after: int = 1_000_000) -> None:
        self._value = value
        self._answers_after = answers_after
        self.attempts = 0

    def apply(self, records: Sequence[Any]) -> Sequence[Any]:
        if any(record.value == self._value for record in records):
            if len(records) == 1:
                self.attempts += 1
            if self.attempts <= self._answers_after:
                raise RetriableError("busy")
        return records


def source(busy: Busy, timeout_ms: int, tolerance: Tolerance = Tolerance.ALL) -> SourceRig:
    return SourceRig(
        [line(1), line(2), line(3)],
        transforms=NoTransforms([busy]),
        retry_timeout_ms=timeout_ms,
        tolerance=tolerance,
    )


def sink(busy: Busy, timeout_ms: int, tolerance: Tolerance = Tolerance.ALL) -> SinkRig:
    rig = SinkRig(
        b"a",
        b"b",
        transforms=NoTransforms([busy]),
        retry_timeout_ms=timeout_ms,
        tolerance=tolerance,
    )
    rig.context.request_commit()
    return rig


def stop_at(rig: SourceRig | SinkRig | OnceRig, second: float) -> None:
    """In the middle of whatever wait goes on then."""

    def wait(seconds: float) -> bool:
        control = rig.control
        left = second - control.time.now_ms() / 1000
        control.time.advance(min(seconds, max(0.0, left)))
        control.stopping = control.stopping or seconds >= left
        return control.stopping

    rig.control.wait = wait


def test_a_record_that_succeeds_in_time_is_sent_in_its_place() -> None:
    rig = source(Busy("line 2", answers_after=3), 5000)
    rig.steps(1)
    assert rig.values() == texts(1, 2, 3)
    counted = rig.operator.counters
    assert (counted.failures, counted.retries, counted.errors, counted.skipped) == (3, 3, 0, 0)
    assert rig.control.time.now_ms() == 300 + 600 + 1200


def test_retries_end_at_their_deadline_and_the_record_is_skipped_and_reported() -> None:
    rig = source(Busy("line 2"), 1000)
    rig.steps(1)
    assert rig.values() == texts(1, 3)
    assert rig.control.time.now_ms() == 1000
    counted = rig.operator.counters
    assert (counted.failures, counted.retries, counted.errors, counted.skipped) == (4, 3, 1, 1)
    (context,) = rig.noted.contexts
    assert (context.stage, context.class_name, context.attempt) == (
        Stage.TRANSFORMATION,
        "Busy",
        4,
    )


def test_without_tolerance_the_task_fails_at_the_deadline() -> None:
    rig = source(Busy("line 2"), 1000, Tolerance.NONE)
    with pytest.raises(ConnectError, match="Tolerance exceeded"):
        rig.steps(1)
    assert rig.control.time.now_ms() == 1000
    assert rig.values() == texts(1)


@pytest.mark.parametrize("timeout_ms", [60_000, -1])
def test_a_source_that_is_to_stop_waits_no_longer_and_loses_nothing(timeout_ms: int) -> None:
    rig = source(Busy("line 2"), timeout_ms)
    stop_at(rig, 2)
    with pytest.raises(StoppedError):
        rig.steps(1)
    rig.loop.close()
    assert rig.control.time.now_ms() == 2000
    assert (rig.values(), rig.committed()) == (texts(1), [{"line": 1}])
    assert rig.noted.contexts == []  # it has not failed yet
    assert rig.operator.counters.skipped == 0


@pytest.mark.parametrize("timeout_ms", [60_000, -1])
def test_a_sink_that_is_to_stop_waits_no_longer_and_loses_nothing(timeout_ms: int) -> None:
    rig = sink(Busy("b"), timeout_ms)
    stop_at(rig, 2)
    with pytest.raises(StoppedError):
        rig.steps(1)
    rig.loop.close()
    assert rig.control.time.now_ms() == 2000
    assert rig.task.values == []
    assert rig.consumer.commits == []
    assert rig.noted.contexts == []


def test_a_sink_passes_over_a_record_at_its_deadline_and_commits_it() -> None:
    rig = sink(Busy("b"), 1000)
    rig.steps(1)
    rig.context.request_commit()
    rig.steps(2)
    assert rig.task.values == ["a"]
    assert [c.record.offset for c in rig.noted.contexts] == [1]
    assert rig.consumer.commits == [{T0: 2}]


def test_a_transaction_is_not_committed_when_the_task_stops_in_a_retry() -> None:
    rig = OnceRig(
        [line(1)],
        [line(2)],
        transforms=NoTransforms([Busy("line 2")]),
        boundary=Interval(60_000),
        retry_timeout_ms=-1,
    )
    rig.steps(1)
    stop_at(rig, 2)
    with pytest.raises(StoppedError):
        rig.steps(1)
    rig.loop.close()
    assert (rig.values(), rig.committed()) == ([], [])
    assert rig.producer.transactions == []


@pytest.mark.parametrize(
    "stage",
    [Stage.TRANSFORMATION, Stage.KEY_CONVERTER, Stage.VALUE_CONVERTER, Stage.HEADER_CONVERTER],
)
@pytest.mark.parametrize("tolerance", list(Tolerance))
def test_a_stop_ends_the_retries_of_every_stage(stage: Stage, tolerance: Tolerance) -> None:
    rig = source(Busy(""), 60_000, tolerance)
    stop_at(rig, 0.1)

    def busy() -> None:
        raise RetriableError("busy")

    context = ErrorContext()
    with pytest.raises(StoppedError):
        rig.operator.execute(context, stage, "x", busy)
    assert not context.failed
    assert rig.operator.within_tolerance
