"""The assignor of protocol version 0: everybody stopped everything, so deal all of it out anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import cycle

from penstock.cluster.assignor_work import Work
from penstock.cluster.messages import TaskId


def assign_eagerly(
    members: Iterable[str], task_counts: Mapping[str, int]
) -> dict[str, tuple[list[str], list[TaskId]]]:
    """Connectors and tasks of each member, in the order they were dealt.

    One circle of members serves first all connectors, then all tasks.
    """
    dealt: dict[str, tuple[list[str], list[TaskId]]] = {m: ([], []) for m in sorted(members)}
    circle = cycle(dealt.values())
    for connector in sorted(task_counts):
        next(circle)[0].append(connector)
    for connector in sorted(task_counts):
        for task in range(task_counts[connector]):
            next(circle)[1].append(TaskId(connector, task))
    return dealt


def as_work(dealt: Mapping[str, tuple[list[str], list[TaskId]]]) -> dict[str, Work]:
    return {member: Work.of(*parts) for member, parts in dealt.items()}
