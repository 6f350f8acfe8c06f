"""Connectors and tasks as a set of things to do, which assignors share out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from penstock.cluster.messages import TaskId


class Work(msgspec.Struct, frozen=True):
    """Some connectors and some tasks."""

    connectors: frozenset[str] = frozenset()
    tasks: frozenset[TaskId] = frozenset()

    @classmethod
    def of(cls, connectors: Iterable[str] = (), tasks: Iterable[TaskId] = ()) -> Work:
        return cls(frozenset(connectors), frozenset(tasks))

    @classmethod
    def configured(cls, task_counts: Mapping[str, int]) -> Work:
        """Connectors with so many tasks each."""
        tasks = (TaskId(name, i) for name, count in task_counts.items() for i in range(count))
        return cls.of(task_counts, tasks)

    def __or__(self, other: Work) -> Work:
        return Work(self.connectors | other.connectors, self.tasks | other.tasks)

    def __sub__(self, other: Work) -> Work:
        return Work(self.connectors - other.connectors, self.tasks - other.tasks)

    def __and__(self, other: Work) -> Work:
        return Work(self.connectors & other.connectors, self.tasks & other.tasks)

    def __bool__(self) -> bool:
        return bool(self.connectors or self.tasks)

    def __len__(self) -> int:
        return len(self.connectors) + len(self.tasks)


NOTHING = Work()


def union(parts: Iterable[Work]) -> Work:
    total = NOTHING
    for part in parts:
        total |= part
    return total
