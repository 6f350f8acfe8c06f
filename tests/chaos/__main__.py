"""`python -m tests.chaos [--seed N] [--points N] [--at-least-once]`: everything that can happen.

Prints seed, points, records, duplicates and the longest stall; status 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.counting import NAME
from tests.chaos.run import Chaos, Report, Run

POINTS = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="the same faults again")
    parser.add_argument("--points", type=int, default=POINTS, help="how many things happen")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--at-least-once", action="store_true", help="without transactions")
    parser.add_argument("--folder", type=Path, default=None, help="where logs and data are kept")
    given = parser.parse_args()
    seed = random.randrange(1_000_000) if given.seed is None else given.seed
    chaos = Chaos(seed, given.points, not given.at_least_once, given.workers)
    print(f"seed {seed}")
    if given.folder is not None:
        given.folder.mkdir(parents=True)
        report = Run(chaos, given.folder).go()
    else:
        with tempfile.TemporaryDirectory(prefix="penstock-chaos-") as folder:
            report = Run(chaos, Path(folder)).go()
    show(chaos, report)
    return 0 if report.holds else 1


def _word(true: bool) -> str:
    return "yes" if true else "no"


def show(chaos: Chaos, report: Report) -> None:
    console = Console()
    happened = ", ".join(f"{name} {number}" for name, number in sorted(report.happened.items()))
    kind = "exactly-once" if chaos.exactly_once else "at-least-once"
    table = Table(title=f"{kind}, seed {chaos.seed}, {chaos.points} points")
    for column in ("where", "given", "seen", "lost", "duplicates", "in order", "holds"):
        table.add_column(column, justify="left" if column == "where" else "right")
    for one in report.outcomes:
        counts = map(str, (len(one.given), len(one.seen), one.lost, one.duplicates))
        table.add_row(one.name, *counts, _word(one.in_order), _word(one.holds).upper())
    console.print(table)
    for wrong in report.wrongs[:20]:
        console.print(f"{NAME}: {wrong}", style="red")
    console.print(f"The tasks of {NAME} wrote {report.counted} records.")
    console.print(f"What happened: {happened}.")
    stalled, until = report.longest_stall
    console.print(f"Longest stall of a topic: {stalled:.1f} s, until {until:.1f} s.")
    console.print(f"Tasks found FAILED at the end and restarted: {report.restarted_by_hand}.")


if __name__ == "__main__":
    sys.exit(main())
