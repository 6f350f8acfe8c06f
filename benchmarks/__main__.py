"""Penstock, the Java worker and bare client loops, interleaved on one real broker.

    python -m benchmarks [--records N] [--rounds N] [--only source,…] [--quick] [--no-java]
        [--json FILE]

Figures are records per CPU second of the whole process tree in the second half of each run, medians
over the rounds; ratios are taken within one run of this program. Single figures differ from day to
day and machine to machine; the ratios are what counts. Then start-up, latency and idle connectors.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS, Job, java_found
from benchmarks.latency import EXTRAS
from benchmarks.rows import ROWS
from benchmarks.runs import NO_SYNC, one
from benchmarks.scenarios import Scenario, delete_topic, fill_topic, make_lines
from benchmarks.two_tasks import two_tasks
from benchmarks.watching import Sample
from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports

Results = Mapping[str, Sequence[Sample]]
Figures = Mapping[str, float | None]
SPEEDS = ("per_cpu_second", "per_second")
TWO_TASKS = "two-tasks"
WIDTH = 132
RECORDS = 4_000_000
QUICK_RECORDS = 400_000
SHORT_SECONDS = 1.0  # a second half that is over sooner says little
NO_SECONDS = 0.1  # and sooner than this, nothing


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help="of the longest rows")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", default=",".join([*ROWS, *EXTRAS, TWO_TASKS]), help="which rows")
    parser.add_argument("--quick", action="store_true", help="a tenth of the records")
    parser.add_argument("--no-java", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.records = min(arguments.records, QUICK_RECORDS)
    console = Console(highlight=False, width=WIDTH)
    wanted = arguments.only.split(",")
    rows = [name for name in wanted if name != TWO_TASKS]  # that one has a broker of its own
    contestants = [name for name in CONTESTANTS if name != "java" or not arguments.no_java]
    if "java" in contestants and not java_found():
        console.print("The Java worker is left out: no Java runtime was found.")
        contestants.remove("java")
    report: dict[str, Mapping[str, Figures]] = {}
    began = time.monotonic()
    work = Path(tempfile.mkdtemp(prefix="penstock-bench-"))
    try:
        with LocalKafka(settings=NO_SYNC, jvm_options=()) as kafka:  # compiled as in production
            for name in rows:
                console.print(f"[dim]{time.monotonic() - began:4.0f} s: {name}[/dim]")
                if name in EXTRAS:
                    report[name] = extra(console, kafka, work, name, contestants, arguments.quick)
                    continue
                scenario = ROWS[name]
                count = int(arguments.records * scenario.share)
                results = run(console, kafka, work, name, contestants, count, arguments.rounds)
                report[name] = figures(results)
                console.print(table(scenario, report[name]))
        if TWO_TASKS in wanted:
            console.print(f"[dim]{time.monotonic() - began:4.0f} s: {TWO_TASKS}[/dim]")
            report[TWO_TASKS] = tasks(console, work, quick=arguments.quick)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if arguments.json:
        machine = {"python": platform.python_version(), "machine": platform.machine()}
        arguments.json.write_text(json.dumps({"machine": machine} | report, indent=2) + "\n")
    console.print(f"[dim]{time.monotonic() - began:4.0f} s in all[/dim]")
    return 0


def extra(
    console: Console,
    kafka: LocalKafka,
    work: Path,
    name: str,
    contestants: Sequence[str],
    quick: bool,
) -> Mapping[str, Figures]:
    """What is no matter of records per second: for each worker, one line."""
    found: dict[str, Figures] = {}
    for contestant in contestants:
        if contestant != "bare":
            java, folder = contestant == "java", work / f"{name}-{contestant}"
            found[contestant] = EXTRAS[name](kafka.bootstrap_servers, folder, java, quick)
            told = ", ".join(f"{what} {figure:,.2f}" for what, figure in found[contestant].items())
            console.print(f"{name}, {contestant}: {told}")
    return found


def tasks(console: Console, work: Path, *, quick: bool) -> Mapping[str, Figures]:
    """Ours alone: of Java's draining connector there is one task only."""
    place = work / TWO_TASKS
    found = two_tasks(place, QUICK_RECORDS // 4, 1) if quick else two_tasks(place)
    for what, figure in found.items():
        console.print(f"{TWO_TASKS}: {what} {figure:,.2f}")
    return {"penstock": found}


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
    scenario, bootstrap = ROWS[name], kafka.bootstrap_servers
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
            short = ", too short" if sample.wall_seconds < SHORT_SECONDS else ""
            speed = f"{sample.per_cpu_second:,.0f}/CPU s, {sample.wall_seconds:.1f} s{short}"
            console.print(f"[dim]     {contestant} {speed}[/dim]")
            shutil.rmtree(folder)
    if scenario.kind == "sink":
        delete_topic(bootstrap, filled)
    return samples


def figures(results: Results) -> Mapping[str, Figures]:
    """Medians and ratios."""

    def median(name: str, of: str) -> float | None:
        sound = [s for s in results[name] if s.wall_seconds > NO_SECONDS or of not in SPEEDS]
        values = [v for s in sound if (v := getattr(s, of)) is not None]
        return statistics.median(values) if values else None

    speeds = {name: median(name, "per_cpu_second") for name in results}
    bare, java = speeds.get("bare"), speeds.get("java")
    return {
        name: {
            "records/CPU s": speeds[name],
            "limit ÷": _ratio(bare, speeds[name]),
            "× Java": _ratio(speeds[name], java),
            "records/s": median(name, "per_second"),
            "MB peak": (median(name, "peak_bytes") or 0.0) / 1e6,
            "REST s": median(name, "first_answer"),
            "first record s": median(name, "first_record"),
            "measured s": median(name, "wall_seconds"),
        }
        for name in results
    }


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


def table(scenario: Scenario, shown: Mapping[str, Figures]) -> Table:
    names = list(dict.fromkeys(name for row in shown.values() for name in row))
    result = Table("", *names, title=scenario.title, title_justify="left")
    for contestant, row in shown.items():
        cells = [
            "" if (value := row.get(name)) is None else f"{value:,.{0 if value > 1000 else 2}f}"
            for name in names
        ]
        result.add_row(contestant, *cells)
    return result


if __name__ == "__main__":
    sys.exit(main())
