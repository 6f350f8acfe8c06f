"""A source that says which run of it writes and when, as a plugin of workers under test."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from tests.integration.group_workers import Group
from tests.integration.topics import read_values
from tests.integration.workers import STRING, Worker

PLUGIN = """
import time
from penstock.sdk import Config, SourceConnector, SourceRecord, SourceTask


class TickingTask(SourceTask[Config]):
    number = None

    def poll(self):
        if self.number is None:
            self.run = time.monotonic_ns()  # a task that comes back to a process is another one
            found = self.context.offset({"of": "ticks"}) or {"number": -1}
            self.number = found["number"]
        self.number += 1
        self.context.sleep(0.02)
        value = f"{self.number} {self.run} {time.monotonic():.3f}"
        where = {"source_partition": {"of": "ticks"}, "source_offset": {"number": self.number}}
        return [SourceRecord(self.config.properties['topic'], value, **where)]


class Ticking(SourceConnector[Config]):
    task = TickingTask
"""


class Tick(NamedTuple):
    """One record: which it is, the run of the task that wrote it, and when it was made."""

    number: int
    run: int
    at: float


def plugin_path(folder: Path) -> str:
    """A folder with the connector."""
    made = folder / "plugins"
    made.mkdir(exist_ok=True)
    (made / "ticking.py").write_text(PLUGIN)
    return str(made)


def create_ticking(worker: Worker, group: Group, count: int) -> list[str]:
    names = [f"ticks{number}" for number in range(count)]
    for name in names:
        config = {"connector.class": "Ticking", "topic": f"{group.name}-{name}"}
        status, body = worker.ask(
            f"/connectors/{name}/config", "PUT", config | {"value.converter": STRING}
        )
        assert status == 201, body
    return names


def ticks(group: Group, name: str) -> list[Tick]:
    """All that was written, in the order of the topic."""
    try:
        values = [
            value.decode().split() for value in read_values(group.bootstrap, f"{group.name}-{name}")
        ]
    except KeyError:
        return []
    return [Tick(int(number), int(run), float(at)) for number, run, at in values]


def missing(found: Sequence[Tick]) -> list[int]:
    """Records that were lost."""
    written = {tick.number for tick in found}
    return sorted(set(range(max(written, default=0) + 1)) - written)


def seconds_together(found: Sequence[Tick]) -> float:
    """How long more than one run of the task wrote, at the most."""
    spans: dict[int, list[float]] = defaultdict(list)
    for tick in found:
        spans[tick.run].append(tick.at)
    begins = sorted((min(times), max(times)) for times in spans.values())
    overlaps = [first[1] - second[0] for first, second in itertools.pairwise(begins)]
    return max(overlaps, default=0.0)
