"""Whether two tasks share two cores: records a second of one task and of two, taken in turn.

    python -m benchmarks.two_tasks [--records N] [--rounds N] [--json FILE]

Broker, client threads and the program that watches use the same cores. The tasks therefore do so
much work per record that nearly all of it is their own, and the broker is one that does not go on
to compile itself; before anything is measured, the topic is read and both workers have run once.
What the machine gives two processes that share nothing but its memory is told as well, measured by
similar work without clients and broker: no two tasks can do better.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from benchmarks.contestants import Job
from benchmarks.rows import DRAIN, wrapped
from benchmarks.runs import NO_SYNC, one
from benchmarks.scenarios import INSERT, JSON, MASK, Scenario, chain, fill_topic
from benchmarks.watching import Sample
from benchmarks.workloads import BATCH, workloads
from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports

RECORDS = 400_000
ROUNDS = 5
ALONE_SECONDS = 2.0
MANY = chain(
    *(INSERT | {"static.field": f"source{number}"} for number in range(48)),
    *(MASK | {"fields": f"source{number}"} for number in range(44)),
    *(MASK | {"fields": name} for name in ("name", "city", "id", "amount")),
)
HEAVY = Scenario(
    "draining sink, JSON envelope, 96 transforms, 2 partitions",
    "sink",
    wrapped,
    DRAIN | {"value.converter": JSON} | MANY,
    partitions=2,
    ends_at=0.85,  # later, one task may be done and leave its core to nobody
    look_seconds=0.2,
    drains=True,
)


def with_tasks(tasks: int) -> Scenario:
    return replace(HEAVY, settings={**HEAVY.settings, "tasks.max": str(tasks)})


def two_tasks(folder: Path, records: int = RECORDS, rounds: int = ROUNDS) -> Mapping[str, float]:
    """Medians of the rounds."""
    with LocalKafka(settings=NO_SYNC) as kafka:
        topic = "filled"
        fill_topic(kafka.bootstrap_servers, topic, HEAVY, records)

        def run(contestant: str, tasks: int, number: int) -> Sample:
            place = folder / f"{contestant}-{tasks}-{number}"
            place.mkdir(parents=True)
            port = free_ports(1)[0]
            return one(
                contestant,
                Job(with_tasks(tasks), kafka.bootstrap_servers, place, place / "no", topic, port),
                records,
            )

        for contestant, tasks in (("bare", 1), ("penstock", 1), ("penstock", 2)):
            run(contestant, tasks, 0)
        ones: list[Sample] = []
        twos: list[Sample] = []
        for number in range(1, rounds + 1):
            ones.append(run("penstock", 1, number))
            twos.append(run("penstock", 2, number))
    median = statistics.median
    wall = [two.per_second / one.per_second for one, two in zip(ones, twos, strict=True)]
    cpu = [two.per_cpu_second / one.per_cpu_second for one, two in zip(ones, twos, strict=True)]
    return {
        "records/s, one task": median(each.per_second for each in ones),
        "records/s, two tasks": median(each.per_second for each in twos),
        "two ÷ one": median(wall),
        "two ÷ one, least": min(wall),
        "two ÷ one, most": max(wall),
        "two ÷ one, records/CPU s": median(cpu),
        "cores used by one": median(each.cpu_seconds / each.wall_seconds for each in ones),
        "cores used by two": median(each.cpu_seconds / each.wall_seconds for each in twos),
        "two ÷ one, processes alone": median(alone(2) / alone(1) for _ in range(rounds)),
    }


def alone(processes: int) -> float:
    """Records a second of so many processes that parse and transform without clients."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        return sum(pool.map(_busy, [ALONE_SECONDS] * processes))


def _busy(seconds: float) -> float:
    batch = workloads()["sink, envelope, 3 transforms, records"]
    batch()
    done, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        batch()
        done += BATCH
    return done / passed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.two_tasks", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="penstock-tasks-"))
    try:
        found = two_tasks(work, arguments.records, arguments.rounds)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    for what, figure in found.items():
        print(f"{what:32} {figure:12,.{0 if figure > 1000 else 2}f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
