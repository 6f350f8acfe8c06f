"""Rates and means of the last minute."""

from __future__ import annotations

import pytest

from penstock.observability.windows import Window


def test_a_rate_is_of_the_last_minute_and_a_total_of_all_time() -> None:
    window = Window(0)
    window.add(10, {"polled": 1000})
    assert window.rate("polled") == 100
    window.add(100, {"polled": 1600})
    assert window.rate("polled") == pytest.approx(10)
    assert window.last["polled"] == 1600


def test_a_task_that_does_nothing_any_more_has_no_rate() -> None:
    window = Window(0)
    window.add(10, {"polled": 1000})
    window.seen = 75
    assert window.rate("polled") == 0
    assert window.mean("batch_ms_total", "batches") is None
    assert window.highest("batch_ms_max") is None


def test_means_shares_and_maxima_are_of_what_happened_in_the_window() -> None:
    window = Window(0)
    window.add(5, {"batches": 2, "batch_ms_total": 10, "batch_ms_max": 8, "commits": 1})
    window.add(70, {"batches": 4, "batch_ms_total": 40, "batch_ms_max": 20, "commits": 2})
    window.add(
        71,
        {"batches": 4, "batch_ms_total": 40, "batch_ms_max": 0, "commits": 2, "commit_failures": 3},
    )
    assert window.mean("batch_ms_total", "batches") == 15
    assert window.highest("batch_ms_max") == 20
    assert window.share("commits", "commit_failures") == 0.25


def test_counters_that_begin_anew_are_no_loss() -> None:
    window = Window(0)
    window.add(10, {"polled": 1000, "batches": 10})
    window.add(20, {"polled": 50, "batches": 1})
    assert window.rate("polled") == 5
