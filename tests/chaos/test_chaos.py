"""A short run of what `make chaos` does at length, and what its counting would find."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.counting import wrongs
from tests.chaos.run import Chaos, Run
from tests.chaos.traffic import Outcome

POINTS = 8


@pytest.mark.integration
@pytest.mark.timeout(400)
@pytest.mark.parametrize("exactly_once", [True, False], ids=["exactly-once", "at-least-once"])
def test_promises_hold_whatever_happens_to_workers_and_broker(
    exactly_once: bool, tmp_path: Path
) -> None:
    report = Run(Chaos(11, POINTS, exactly_once), tmp_path).go()
    broken = [outcome for outcome in report.outcomes if not outcome.holds]
    assert not broken, [(one.name, one.lost, one.duplicates, one.in_order) for one in broken]
    assert not report.wrongs


@pytest.mark.parametrize(
    ("seen", "lost", "duplicates", "exactly"),
    [([0, 1, 2], 0, 0, True), ([0, 2], 1, 0, False), ([0, 1, 1, 2], 0, 1, False)],
)
def test_what_is_lost_or_doubled_is_counted(
    seen: list[int], lost: int, duplicates: int, exactly: bool
) -> None:
    outcome = Outcome("a topic", range(3), seen, exactly_once=True)
    assert (outcome.lost, outcome.duplicates, outcome.holds) == (lost, duplicates, exactly)


def test_without_transactions_duplicates_are_no_broken_promise_and_a_lost_line_is() -> None:
    assert Outcome("a topic", range(3), [0, 0, 2, 1], exactly_once=False).holds
    assert not Outcome("a topic", range(3), [0, 2], exactly_once=False).holds


@pytest.mark.parametrize(
    ("seen", "certain", "stored", "wrong"),
    [
        ([0, 1, 2], 0, 3, []),
        ([], 0, None, []),
        ([0, 1, 9, 10], 9, 11, []),
        ([0, 1], 9, 9, []),
        ([0, 2], 0, 3, ["lost before 2, after 0"]),
        ([0, 1, 1], 0, 2, ["again 1, after 1"]),
        ([0, 1], 0, 5, ["the offset is 5, the last record 1"]),
        ([0, 1], 9, 2, ["the offset was set to 9, and is 2"]),
    ],
)
def test_numbers_of_a_task_follow_each_other_but_where_its_offset_was_altered(
    seen: list[int], certain: int, stored: int | None, wrong: list[str]
) -> None:
    assert wrongs(seen, {9}, certain, stored) == wrong
