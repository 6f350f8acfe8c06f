"""Where the next task goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.hosting.balance import Place, choose

PLACES = st.builds(
    Place, st.integers(1, 99), st.floats(0, 4), st.integers(0, 50), st.integers(0, 50)
)


def test_the_first_task_starts_a_host() -> None:
    assert choose([], 4) is None


def test_idle_tasks_share_a_host() -> None:
    assert choose([Place(1, 0.01, tasks=80)], 4) == 1


def test_a_task_is_not_put_beside_one_that_works_while_there_may_be_more_hosts() -> None:
    assert choose([Place(1, 0.9, tasks=1)], 2) is None


def test_with_all_hosts_there_the_least_loaded_is_taken() -> None:
    assert choose([Place(1, 0.9, tasks=1), Place(2, 0.5, tasks=3)], 2) == 2


def test_tasks_that_are_started_together_are_spread_before_anything_was_measured() -> None:
    tasks = {1: 0}
    for _ in range(6):
        places = [Place(number, 0.0, count, unproven=count) for number, count in tasks.items()]
        number = choose(places, 3) or len(tasks) + 1
        tasks[number] = tasks.get(number, 0) + 1
    assert tasks == {1: 2, 2: 2, 3: 2}


@given(st.lists(PLACES, unique_by=lambda place: place.number), st.integers(1, 8))
def test_there_are_never_more_hosts_than_allowed(places: list[Place], hosts_max: int) -> None:
    chosen = choose(places, hosts_max)
    if len(places) >= hosts_max:
        assert chosen in {place.number for place in places}
