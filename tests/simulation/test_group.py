"""A group of workers under faults: never anything wrong, and an end."""

from __future__ import annotations

import pytest

from penstock.cluster import confirming
from penstock.cluster.snapshot import Fencing
from tests.simulation.group import simulate

SEEDS = 1500
TOGETHER = 100


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_nothing_runs_twice_or_is_lost_and_everything_comes_to_rest(first: int) -> None:
    for seed in range(first, first + TOGETHER):
        simulate(seed)


def test_a_seed_plays_the_same_again() -> None:
    for seed in (3, 14):
        assert simulate(seed) == simulate(seed)


def finds(problem: str) -> bool:
    """Whether any of the seeds shows it."""
    for seed in range(SEEDS):
        try:
            simulate(seed)
        except AssertionError as error:
            if problem in str(error):
                return True
    return False


def test_a_round_that_fences_off_nobody_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fencing, "needed", lambda self, tasks: 0)
    assert finds("have begun to")


def test_tasks_that_begin_without_being_confirmed_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(confirming, "refusal", lambda turn, request: None)
    assert finds("have begun to")
