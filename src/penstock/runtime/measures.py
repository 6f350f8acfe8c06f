"""What a task has counted, as it crosses from its host to the worker now and then."""

from __future__ import annotations

import time

import msgspec

from penstock.runtime.counters import BatchCounters, ErrorCounters

MAXIMA = ("records_max", "batch_ms_max", "commit_ms_max")  # since they were last taken
_EPOCH_MS = (time.time_ns() - time.monotonic_ns()) // 1_000_000  # a task's clock knows no date
_NAMES: dict[type, tuple[str, ...]] = {}


class TaskMeasures(msgspec.Struct, frozen=True):
    """The counters of one task by name, since it started; maxima since they were taken before."""

    connector: str
    task: int
    incarnation: int
    counts: dict[str, int]


def taken(counters: BatchCounters) -> dict[str, int]:
    """The numbers as they are now; maxima begin anew.

    The task's thread goes on counting meanwhile: the maximum of a batch that ends in this very
    moment may be left out, totals never are.
    """
    counts = _numbers(counters) | _numbers(counters.errors)
    for name in MAXIMA:
        setattr(counters, name, 0)
    if counts["last_error_ms"]:
        counts["last_error_ms"] += _EPOCH_MS
    return counts


def _numbers(counters: BatchCounters | ErrorCounters) -> dict[str, int]:
    kind = type(counters)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = tuple(n for n in kind.__struct_fields__ if n != "errors")
    return {name: getattr(counters, name) for name in names}
