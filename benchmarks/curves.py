"""How costs grow: with connectors, tasks, partitions, the size of records and transformations.

    python -m benchmarks.curves [--only connectors,tasks,…] [--records N] [--json FILE]

One Penstock worker after the other on one real broker. For each curve its points, and the slope of
the straight line that lies closest to them. A cost is that of the second half of a run; where that
took too little CPU time to be told by the kernel's ticks, the run is done again with more records.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.contestants import Job
from benchmarks.latency import idle
from benchmarks.rows import shared_by
from benchmarks.runs import NO_SYNC, one
from benchmarks.scenarios import (
    INSERT,
    MASK,
    PLAIN_JSON,
    ROUTE,
    Scenario,
    chain,
    customer,
    delete_topic,
    fill_topic,
    text,
)
from benchmarks.watching import Sample
from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports

ENOUGH_CPU_SECONDS = 0.25
MORE_AT_MOST = 3
LEAST_RECORDS = 5000
LINKS = (INSERT, MASK, ROUTE, INSERT | {"static.field": "more"}, MASK | {"fields": "city"})
Points = dict[float, float]


@dataclass(frozen=True)
class Bench:
    """A broker, a folder, and how many records of 100 bytes there shall be."""

    bootstrap: str
    folder: Path
    records: int

    def cost(self, scenario: Scenario, count: int) -> tuple[float, float]:
        """Microseconds of CPU a record, and MB at the peak."""
        sample = self.sink(scenario, count)
        for _ in range(MORE_AT_MOST):
            if sample.cpu_seconds >= ENOUGH_CPU_SECONDS:
                break
            count *= 2
            sample = self.sink(scenario, count)
        return sample.cpu_seconds / sample.records * 1e6, sample.peak_bytes / 1e6

    def sink(self, scenario: Scenario, count: int) -> Sample:
        """One run of a sink, of a topic that is filled for it."""
        name = f"curve-{free_ports(1)[0]}"
        fill_topic(self.bootstrap, name, scenario, count)
        folder = self.folder / name
        folder.mkdir()
        job = Job(scenario, self.bootstrap, folder, folder / "out.txt", name, free_ports(1)[0])
        try:
            return one("penstock", job, count)
        finally:
            shutil.rmtree(folder)
            delete_topic(self.bootstrap, name)


def _both(costs: Mapping[float, tuple[float, float]]) -> Mapping[str, Points]:
    return {
        "µs CPU a record": {x: cost[0] for x, cost in costs.items()},
        "MB peak": {x: cost[1] for x, cost in costs.items()},
    }


def connectors(bench: Bench) -> Mapping[str, Points]:
    costs = {
        count: idle(bench.bootstrap, bench.folder / f"idle-{count}", count)
        for count in (1, 50, 100, 200)
    }
    return {
        "MB": {count: cost["MB"] for count, cost in costs.items()},
        "% of a core": {count: cost["% of a core"] for count, cost in costs.items()},
    }


def tasks(bench: Bench) -> Mapping[str, Points]:
    return _both({n: bench.cost(shared_by(n, 16), bench.records) for n in (1, 4, 16)})


def partitions(bench: Bench) -> Mapping[str, Points]:
    return _both({n: bench.cost(shared_by(1, n), bench.records) for n in (1, 8, 64)})


def sizes(bench: Bench) -> Mapping[str, Points]:
    """Ever fewer records, so that all runs take about as long."""
    return _both(
        {
            size: bench.cost(
                replace(shared_by(1, 1), record=text(size)),
                max(LEAST_RECORDS, bench.records // (1 + size // 300)),
            )
            for size in (100, 1000, 10_000)
        }
    )


def transforms(bench: Bench) -> Mapping[str, Points]:
    found: dict[float, tuple[float, float]] = {}
    for count in range(len(LINKS) + 1):
        settings = PLAIN_JSON | (chain(*LINKS[:count]) if count else {})
        scenario = Scenario(f"{count} transforms", "sink", customer, settings)
        found[count] = bench.cost(scenario, bench.records)
    return _both(found)


CURVES: Mapping[str, Callable[[Bench], Mapping[str, Points]]] = {
    "connectors": connectors,
    "tasks": tasks,
    "partitions": partitions,
    "sizes": sizes,
    "transforms": transforms,
}


def slope(points: Points) -> float:
    """Of the line that lies closest to the points."""
    return statistics.linear_regression(list(points), list(points.values())).slope


def shown(name: str, curves: Mapping[str, Points]) -> Sequence[str]:
    return [
        f"{name}: {what}: "
        + ", ".join(f"{x:g} → {y:.2f}" for x, y in points.items())
        + f"; slope {slope(points):.4g}"
        for what, points in curves.items()
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=__doc__)
    parser.add_argument("--only", default=",".join(CURVES), help="which curves")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--json", type=Path, help="write the points here as well")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="penstock-curves-"))
    report: dict[str, dict[str, object]] = {}
    try:
        with LocalKafka(settings=NO_SYNC, jvm_options=()) as kafka:
            for name in arguments.only.split(","):
                curves = CURVES[name](Bench(kafka.bootstrap_servers, work, arguments.records))
                report[name] = {
                    what: {"points": points, "slope": slope(points)}
                    for what, points in curves.items()
                }
                print(*shown(name, curves), sep="\n", flush=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
