"""Producers that wait for a first record, and go when there are none for long."""

from __future__ import annotations

import random

import pytest

from penstock.kafka.producer_on_demand import ProducerOnDemand, Proven
from penstock.runtime.ports import Outgoing
from penstock.runtime.tolerance import Tolerance
from penstock.sdk.errors import ConnectError
from penstock.testing.memory_kafka import MemoryKafka, MemoryProducer
from penstock.testing.time import ManualTime
from tests.unit.runtime.rig import Polls, SourceRig, TellsRecords, line

ONE = Outgoing("topic", [b"value"])


IDLE_SECONDS = 30


class Making:
    """Counts how often a producer is made."""

    def __init__(self, kafka: MemoryKafka | None = None) -> None:
        self.kafka = kafka or MemoryKafka()
        self.made: list[MemoryProducer] = []

    def __call__(self) -> MemoryProducer:
        self.made.append(MemoryProducer(self.kafka))
        return self.made[-1]


def test_nothing_is_made_before_there_is_something_to_send() -> None:
    making = Making()
    producer = ProducerOnDemand(making)
    producer.poll()
    assert producer.flush(1) == 0
    assert producer.failure is None
    producer.close(1)
    assert making.made == []


def test_the_first_record_makes_a_producer_and_the_second_finds_it() -> None:
    making = Making()
    producer = ProducerOnDemand(making)
    assert producer.send(ONE) == 1
    assert producer.send(ONE) == 1
    assert producer.flush(1) == 0
    assert len(making.made) == 1
    assert [stored.value for stored in making.kafka.topic("topic")] == [b"value"] * 2


@pytest.mark.parametrize("end", [ProducerOnDemand.close, ProducerOnDemand.cancel])
def test_after_its_end_none_is_made_any_more(end: object) -> None:
    making = Making()
    producer = ProducerOnDemand(making)
    assert callable(end)
    end(producer)
    with pytest.raises(ConnectError):
        producer.send(ONE)
    assert making.made == []


class Idling:
    """A producer on demand whose time stands still, unless it is told to go on."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self.making, self.time = Making(), ManualTime()
        self.producer = ProducerOnDemand(
            self.making, idle_seconds, now=lambda: self.time.now_ms() / 1000
        )

    def idle_for(self, seconds: float) -> None:
        self.time.advance(seconds)
        self.producer.poll()
        self.producer.idle()

    @property
    def there(self) -> list[bool]:
        """Of the producers made so far, which are not closed."""
        return [not made.closed for made in self.making.made]


def test_a_producer_goes_when_it_was_idle_for_long_and_another_comes_with_the_next_record() -> None:
    rig = Idling()
    rig.producer.send(ONE)
    rig.idle_for(29)
    assert rig.there == [True]
    rig.idle_for(1)
    assert rig.there == [False]
    assert rig.producer.flush(1) == 0
    assert rig.producer.unanswered == 0
    assert rig.producer.failure is None
    assert rig.producer.send(ONE) == 1
    rig.producer.poll()
    assert rig.there == [False, True]
    assert [stored.value for stored in rig.making.kafka.topic("topic")] == [b"value"] * 2


def test_idleness_begins_with_the_last_record() -> None:
    rig = Idling()
    for _ in range(5):
        rig.producer.send(ONE)
        rig.idle_for(20)
    assert rig.there == [True]


def test_a_producer_that_was_only_tried_goes_as_well() -> None:
    rig = Idling()
    rig.producer.ready()
    rig.idle_for(IDLE_SECONDS)
    assert rig.there == [False]


def test_a_producer_stays_while_anything_is_unanswered() -> None:
    rig = Idling()
    rig.producer.send(ONE)
    rig.making.made[0].stuck = True
    rig.idle_for(10 * IDLE_SECONDS)
    assert rig.there == [True]
    rig.making.made[0].stuck = False
    rig.idle_for(0)
    assert rig.there == [False]
    assert len(rig.making.kafka.topic("topic")) == 1


def test_a_producer_that_failed_stays_to_tell_of_it() -> None:
    rig = Idling()
    rig.producer.ready()
    rig.making.made[0].refuse = lambda record: ConnectError("no")
    rig.producer.send(ONE)
    rig.idle_for(IDLE_SECONDS)
    assert rig.there == [True]
    assert str(rig.producer.failure) == "no"


def test_without_an_idle_time_a_producer_stays() -> None:
    rig = Idling(0)
    rig.producer.send(ONE)
    rig.idle_for(1_000_000)
    assert rig.there == [True]


def test_a_cancelled_producer_stays_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Idling()
    rig.producer.send(ONE)
    rig.producer.cancel()
    released: list[float] = []
    monkeypatch.setattr(rig.making.made[0], "close", released.append)
    rig.idle_for(IDLE_SECONDS)
    assert released == []
    rig.producer.close(2.0)
    assert released == [2.0]


class Slow(MemoryProducer):
    """Delivers in order, as far as dice let it."""

    dice: random.Random

    def _deliver(self) -> None:
        most = self.dice.randint(0, len(self._queue) + 2)
        later = [self._queue.pop() for _ in range(len(self._queue) - most)]
        super()._deliver()
        self._queue.extend(reversed(later))


class SlowMaking(Making):
    dice: random.Random

    def __call__(self) -> MemoryProducer:
        made = Slow(self.kafka)
        made.dice = self.dice
        self.made.append(made)
        return made


WAYS = {
    "barrier": (Polls, Tolerance.NONE),
    "tracked": (Polls, Tolerance.ALL),
    "per record": (TellsRecords, Tolerance.NONE),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(20))
def test_however_often_it_goes_nothing_is_lost_or_committed_too_soon(way: str, seed: int) -> None:
    dice, (task, tolerance) = random.Random(seed), WAYS[way]
    lines = iter(range(1_000))
    batches = [[line(next(lines)) for _ in range(dice.choice((0, 0, 0, 1, 2)))] for _ in range(200)]
    makings: list[SlowMaking] = []

    def make(rig: SourceRig) -> ProducerOnDemand:
        making = SlowMaking(rig.kafka)
        making.dice = dice
        makings.append(making)
        return ProducerOnDemand(making, 5, now=lambda: rig.control.time.now_ms() / 1000)

    rig = SourceRig(*batches, task=task, tolerance=tolerance, make=make)
    for _ in range(300):
        rig.control.time.advance(dice.choice((0.1, 1, 6, 40)))
        rig.loop.step()
        arrived = len(rig.values())
        assert all(offset["line"] < arrived for offset in rig.committed())
    assert rig.values() == [b"line %d" % number for number in range(next(lines))]
    assert sum(len(making.made) for making in makings) > 5
    rig.loop.close()
    assert rig.committed() == [{"line": len(rig.values()) - 1}]


def test_settings_are_new_once_whoever_they_are_for() -> None:
    proven = Proven()
    assert proven.is_new({"client.id": "a", "acks": "all", "error_cb": print})
    assert not proven.is_new({"client.id": "b", "acks": "all", "error_cb": repr})
    assert proven.is_new({"client.id": "a", "acks": "1"})
