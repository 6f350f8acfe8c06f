"""Splits work evenly between tasks, for `Connector.task_configs`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")


def group_partitions(elements: Sequence[T], groups: int) -> list[list[T]]:
    """Neighbours stay together; the first groups are larger by one, the last may be empty."""
    if groups <= 0:
        raise ValueError("Number of groups must be positive.")
    size, larger = divmod(len(elements), groups)
    ends = list(accumulate(size + (group < larger) for group in range(groups)))
    return [list(elements[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
