"""Counters as they cross to the worker."""

from __future__ import annotations

import time

from penstock.runtime.counters import ErrorCounters, SinkCounters
from penstock.runtime.measures import taken


def test_totals_go_on_and_maxima_begin_anew() -> None:
    counters = SinkCounters(read=5, errors=ErrorCounters(skipped=2))
    counters.batch(5, 30)
    assert taken(counters)["batch_ms_max"] == 30
    again = taken(counters)
    assert (again["batch_ms_max"], again["batch_ms_total"], again["read"]) == (0, 30, 5)
    assert again["skipped"] == 2


def test_the_time_of_the_last_error_has_a_date() -> None:
    counters = SinkCounters(errors=ErrorCounters(last_error_ms=time.monotonic_ns() // 1_000_000))
    assert abs(taken(counters)["last_error_ms"] / 1000 - time.time()) < 60
    assert taken(SinkCounters())["last_error_ms"] == 0
