"""Workers that share work, killed, cut off and asked for things: nothing wrong, and an end."""

from __future__ import annotations

import pytest

from tests.simulation.group import simulate

SEEDS = 150


@pytest.mark.parametrize("first", range(0, SEEDS, 25))
def test_nothing_runs_twice_and_everything_comes_to_rest(first: int) -> None:
    for seed in range(first, first + 25):
        simulate(seed)
