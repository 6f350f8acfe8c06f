"""A source of many tasks, each of which counts; and what its topic has to hold whatever happens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PLUGIN = """
from penstock.sdk import Config, ExactlyOnceSupport, SourceConnector, SourceRecord, SourceTask


class CountingTask(SourceTask[Config]):
    def start(self):
        self.partition = {"task": self.context.task}
        self.next = (self.context.offset(self.partition) or {"next": 0})["next"]

    def poll(self):
        self.context.sleep(0.05)
        topic, first = self.config.properties["topic"], self.next
        self.next += 10
        return [
            SourceRecord(
                topic,
                f"{self.context.task} {number}",
                source_partition=self.partition,
                source_offset={"next": number + 1},
            )
            for number in range(first, self.next)
        ]


class Counting(SourceConnector[Config]):
    task = CountingTask

    def task_configs(self, max_tasks):
        return [self.config.properties] * max_tasks

    def exactly_once_support(self):
        return ExactlyOnceSupport.SUPPORTED

    def alter_offsets(self, offsets):
        return True
"""
NAME = "counting"
TASKS_MAX = 4
LEAP = 1_000_000


def plugin_path(folder: Path) -> str:
    made = folder / "plugins"
    made.mkdir(exist_ok=True)
    (made / "counting.py").write_text(PLUGIN)
    return str(made)


@dataclass
class Leaps:
    """Offsets that were asked for by hand; an answer may have been lost on its way."""

    wanted: dict[int, set[int]] = field(default_factory=lambda: defaultdict[int, set[int]](set))
    certain: dict[int, int] = field(default_factory=dict[int, int])  # the last that was confirmed

    def next(self, task: int) -> int:
        """Far beyond what the task has counted to."""
        made = (len(self.wanted[task]) + 1) * LEAP
        self.wanted[task].add(made)
        return made


def by_task(values: Sequence[str]) -> dict[int, list[int]]:
    """The numbers of each task, in the order of the topic."""
    found: dict[int, list[int]] = defaultdict(list)
    for value in values:
        task, number = value.split()
        found[int(task)].append(int(number))
    return found


def wrongs(seen: Sequence[int], leaps: set[int], certain: int, stored: int | None) -> list[str]:
    """What is wrong with the numbers of one task; `stored` is its offset after all that."""
    found: list[str] = []
    before = -1
    for number in seen:
        if number != before + 1 and not (number in leaps and number > before):
            kind = "again" if number <= before else "lost before"
            found.append(f"{kind} {number}, after {before}")
        before = number
    if (stored or 0) != before + 1 and not (stored in leaps and stored > before):
        found.append(f"the offset is {stored}, the last record {before}")
    if (stored or 0) < certain:
        found.append(f"the offset was set to {certain}, and is {stored}")
    return found
