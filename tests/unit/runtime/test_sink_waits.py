"""How long a sink task waits for records at a time: it can be told nothing meanwhile."""

from __future__ import annotations

import pytest

from tests.unit.runtime.rig import SinkRig


def waits_of(rig: SinkRig) -> list[float]:
    """How long each wait for records may last from now on."""
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        rig.control.time.advance(max(seconds, 0.001))

    rig.consumer.on_wait = wait
    return waits


def test_waits_grow_while_there_are_no_records_but_are_never_long() -> None:
    rig = SinkRig()
    waits = waits_of(rig)
    rig.steps(1)
    assert sum(waits) == pytest.approx(60, abs=0.01)  # until offsets are due
    assert waits[0] == 0.1
    assert waits[:-1] == sorted(waits[:-1])
    assert max(waits) == waits[-2] == 0.4
    assert len(waits) < 170


def test_a_task_that_has_just_had_records_is_looked_after_more_often_again() -> None:
    rig = SinkRig()
    rig.steps(1)
    rig.kafka.append("t", b"a")
    rig.steps(2)
    waits = waits_of(rig)
    rig.kafka.append("t", b"b")
    rig.steps(2)
    assert rig.task.values == ["a", "b"]
    assert waits[0] == 0.1


def test_an_idle_task_that_is_asked_to_stop_ends_its_wait() -> None:
    rig = SinkRig()
    rig.steps(1)

    def stop(seconds: float) -> None:
        assert seconds <= 0.4
        rig.control.stopping = True

    rig.consumer.on_wait = stop
    assert rig.loop.step()
    assert not rig.loop.step()
