"""How long a worker may count itself in, and what its hosts are told."""

from __future__ import annotations

from penstock.kafka.membership_pulse import Pulse
from penstock.kafka.membership_standing import Standing


class Rig:
    """A standing with a session of ten seconds, a clock, and what the hosts were told."""

    def __init__(self, heartbeat_seconds: float = 3.0) -> None:
        self.time = 100.0
        self.told: list[float] = []
        self.standing = Standing(10.0, self, heartbeat_seconds, lambda: self.time)

    def renew(self, until: float) -> None:
        self.told.append(until)


def test_a_session_counts_from_the_question_and_not_from_the_answer() -> None:
    rig = Rig()
    rig.time = 103.0
    rig.standing.proven(100.0)
    assert rig.told == [110.0]
    assert rig.standing.good()
    assert rig.standing.seconds_left() == 7.0


def test_an_older_answer_does_not_shorten_it() -> None:
    rig = Rig()
    rig.standing.proven(100.0)
    rig.standing.proven(99.0)
    assert rig.told == [110.0]


def test_danger_comes_before_the_end() -> None:
    rig = Rig()
    assert not rig.standing.in_danger()
    rig.standing.proven(100.0)
    rig.time = 106.0
    assert not rig.standing.in_danger()
    rig.time = 107.0
    assert rig.standing.in_danger()
    assert not rig.standing.lost()


def test_the_wait_between_two_heartbeats_is_no_danger_however_long_it_is() -> None:
    rig = Rig(heartbeat_seconds=9.0)
    rig.standing.proven(100.0)
    rig.time = 109.0
    assert not rig.standing.in_danger()
    rig.time = 109.6
    assert rig.standing.in_danger()


def test_an_answer_that_comes_too_late_brings_nothing_back() -> None:
    rig = Rig()
    rig.standing.proven(100.0)
    rig.time = 110.0
    rig.standing.proven(109.0)
    assert rig.told == [110.0]
    assert rig.standing.lost()
    assert not rig.standing.good()


def test_it_can_be_given_up_at_once() -> None:
    rig = Rig()
    rig.standing.proven(100.0)
    rig.time = 103.0
    rig.standing.give_up()
    assert rig.told == [110.0, 103.0]
    assert rig.standing.lost()


def test_it_begins_anew_when_nothing_runs_any_more() -> None:
    rig = Rig()
    rig.standing.proven(100.0)
    rig.time = 120.0
    assert rig.standing.lost()
    rig.standing.begin_anew()
    assert not rig.standing.in_danger()
    assert not rig.standing.good()
    rig.standing.proven(120.0)
    assert rig.standing.good()
    assert rig.told == [110.0, 130.0]


class Heart:
    """A control plane that may stop, seen in steps of half a second."""

    def __init__(self) -> None:
        self.time, self.beats = 0.0, 0
        self.pulse = Pulse(lambda: self.beats, 5.0, lambda: self.time)

    def step(self, seconds: float, *, beating: bool) -> bool:
        self.time += seconds
        self.beats += beating
        return self.pulse.stopped()


def test_a_control_plane_that_does_not_move_is_noticed_and_so_is_its_return() -> None:
    heart = Heart()
    assert not any(heart.step(0.5, beating=True) for _ in range(30))
    assert not any(heart.step(0.5, beating=False) for _ in range(10))
    assert heart.step(0.5, beating=False)
    assert not heart.step(0.5, beating=True)


def test_the_time_in_which_the_whole_process_was_frozen_does_not_count() -> None:
    heart = Heart()
    assert not heart.step(3600.0, beating=False)
    assert not heart.step(0.5, beating=False)
