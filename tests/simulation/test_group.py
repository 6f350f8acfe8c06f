"""A group of workers under faults: never anything wrong, and an end."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.cluster import confirming, requests
from penstock.cluster.events import AlterOffsets
from penstock.cluster.offset_steps import begin_offsets
from penstock.cluster.snapshot import Fencing
from tests.simulation.group import simulate

SEEDS = 2000
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


def test_offsets_that_are_altered_without_fencing_anybody_off_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fence: Any = requests.begin_fencing

    def unfenced(turn: Any, request: Any) -> None:
        if isinstance(request, AlterOffsets):
            begin_offsets(turn, request)
        else:
            fence(turn, request)

    monkeypatch.setattr(requests, "begin_fencing", unfenced)
    assert finds("have begun to")
