"""Penstock, the Java worker and bare client loops, interleaved on one real broker.

    python -m benchmarks [--records N] [--rounds N] [--only source,…] [--quick] [--no-java]
        [--json FILE]

Figures are records per CPU second of the whole process tree in the second half of each run, medians
over the rounds; ratios are taken within one run of this program. Single figures differ from day to
day and machine to machine; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS, Job, java_found
from benchmarks.scenarios import (
    SCENARIOS,
    Scenario,
    delete_topic,
    fill_topic,
    make_lines,
    make_topic,
)
from benchmarks.watching import FileLines, Sample, TopicEnd, watch
from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports

Results = Mapping[str, Sequence[Sample]]
NO_SYNC = {"log.flush.interval.messages": "9223372036854775807"}
FIGURES = (
    *("records/CPU s", "limit ÷", "× Java", "records/s"),
    *("MB peak", "REST s", "first record s"),
)
QUICK_RECORDS = 200_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(SCENARIOS), help="which scenarios")
    parser.add_argument("--quick", action="store_true", help="one round of fewer records")
    parser.add_argument("--no-java", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.records, arguments.rounds = min(arguments.records, QUICK_RECORDS), 1
    console = Console()
    contestants = [name for name in CONTESTANTS if name != "java" or not arguments.no_java]
    if "java" in contestants and not java_found():
        console.print("The Java worker is left out: no Java runtime was found.")
        contestants.remove("java")
    report: dict[str, dict[str, dict[str, float | None]]] = {}
    work = Path(tempfile.mkdtemp(prefix="penstock-bench-"))
    try:
        with LocalKafka(settings=NO_SYNC, jvm_options=()) as kafka:  # compiled as in production
            for name in arguments.only.split(","):
                scenario = SCENARIOS[name]
                count = int(arguments.records * scenario.share)
                if scenario.no_java and "java" in contestants:
                    console.print(f"{scenario.title}: without Java, {scenario.no_java}.")
                those = [c for c in contestants if c != "java" or not scenario.no_java]
                results = run(console, kafka, work, name, those, count, arguments.rounds)
                report[name] = figures(results)
                console.print(table(scenario, report[name]))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if arguments.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        arguments.json.write_text(json.dumps({"machine": machine} | report, indent=2) + "\n")
    return 0


def run(
    console: Console,
    kafka: LocalKafka,
    work: Path,
    name: str,
    contestants: Sequence[str],
    count: int,
    rounds: int,
) -> Results:
    """Each contestant in turn, round after round."""
    scenario, bootstrap = SCENARIOS[name], kafka.bootstrap_servers
    lines, filled = work / "lines.txt", f"filled-{name}"
    if scenario.kind == "source":
        make_lines(lines, scenario, count)
    else:
        fill_topic(bootstrap, filled, scenario, count)
    samples: dict[str, list[Sample]] = {contestant: [] for contestant in contestants}
    for number in range(rounds):
        for contestant in contestants:
            folder = work / f"{name}-{contestant}-{number}"
            folder.mkdir()
            if scenario.kind == "source":
                job = Job(scenario, bootstrap, folder, lines, folder.name, free_ports(1)[0])
            else:
                job = Job(scenario, bootstrap, folder, folder / "out.txt", filled, free_ports(1)[0])
            sample = one(contestant, job, count)
            samples[contestant].append(sample)
            console.print(f"[dim]{name} {contestant} {sample.per_cpu_second:,.0f}/CPU s[/dim]")
            shutil.rmtree(folder)
    if scenario.kind == "sink":
        delete_topic(bootstrap, filled)
    return samples


def one(contestant: str, job: Job, count: int) -> Sample:
    source = job.scenario.kind == "source"
    if source:
        make_topic(job.bootstrap, job.topic)
    progress = TopicEnd(job.bootstrap, job.topic) if source else FileLines(job.file)
    running = CONTESTANTS[contestant](job)
    try:
        return watch(running, progress, count, None if contestant == "bare" else job.port)
    finally:
        running.stop()
        if source:
            delete_topic(job.bootstrap, job.topic)


def figures(results: Results) -> dict[str, dict[str, float | None]]:
    """Medians and ratios."""

    def median(name: str, of: str) -> float | None:
        values = [v for s in results[name] if (v := getattr(s, of)) is not None]
        return statistics.median(values) if values else None

    speeds = {name: median(name, "per_cpu_second") or 0.0 for name in results}
    java = speeds.get("java")
    return {
        name: {
            "records/CPU s": speeds[name],
            "limit ÷": speeds["bare"] / speeds[name],
            "× Java": speeds[name] / java if java else None,
            "records/s": median(name, "per_second"),
            "MB peak": (median(name, "peak_bytes") or 0.0) / 1e6,
            "REST s": median(name, "first_answer"),
            "first record s": median(name, "first_record"),
        }
        for name in results
    }


def table(scenario: Scenario, shown: Mapping[str, Mapping[str, float | None]]) -> Table:
    result = Table("", *FIGURES, title=scenario.title)
    for name, row in shown.items():
        cells = [
            "" if (value := row[figure]) is None else f"{value:,.{0 if value > 1000 else 2}f}"
            for figure in FIGURES
        ]
        result.add_row(name, *cells)
    return result


if __name__ == "__main__":
    sys.exit(main())
