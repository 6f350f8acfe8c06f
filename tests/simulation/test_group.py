"""Workers that share work, killed, cut off and asked for things: nothing wrong, and an end."""

from __future__ import annotations

import pytest

from penstock.cluster import confirming
from penstock.cluster.snapshot import Fencing
from tests.simulation.group import simulate

SEEDS = 150


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_nothing_runs_twice_and_everything_comes_to_rest(first: int) -> None:
    for seed in range(first, first + 25):
        simulate(seed)


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
