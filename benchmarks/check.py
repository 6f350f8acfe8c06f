"""Has a hot path become slower? Its cost in multiples of a plain loop, against stored ones.

    python -m benchmarks.check [--ratios] [--store] [--json FILE]

With valgrind, instructions are counted, which no other work on the machine disturbs; without it
(or with --ratios) it is CPU time: the least of many short rounds taken in turn. More than a tenth
over the stored multiple fails (a quarter, by time). `--store` stores what is measured instead.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.workloads import BATCH, workloads

STORED = Path(__file__).with_name("costs.json")
ROUNDS = 150
COUNTED_BATCHES = 3
LIMITS = {"instructions": 1.10, "time": 1.25}
OTHER_PYTHON = 1.25  # what another version of Python may add
COUNT_SECONDS = 400

Costs = dict[str, float]


def version() -> str:
    return f"{sys.implementation.name} {sys.version_info.major}.{sys.version_info.minor}"


def can_count() -> bool:
    return shutil.which("valgrind") is not None


def counted() -> Costs:
    """Multiples of the plain loop in instructions, by callgrind."""
    with tempfile.TemporaryDirectory(prefix="penstock-check-") as folder:
        out = Path(folder, "counts")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
        command += ["--dump-before=getppid", sys.executable, "-m", "benchmarks.check", "--run"]
        done = subprocess.run(
            command,
            env=os.environ | {"PYTHONHASHSEED": "0"},
            cwd=Path(__file__).parents[1],
            capture_output=True,
            text=True,
            timeout=COUNT_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"valgrind failed:\n{done.stderr[-2000:]}")
        names = json.loads(done.stdout)
        # a dump is written at each mark; every second one is of measured work
        counts = {
            name: _total(out.with_suffix(f".{2 * number + 2}")) for number, name in enumerate(names)
        }
    return _multiples(counts)


def _total(path: Path) -> float:
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("totals:"):
            return float(line.split()[1])
    raise RuntimeError(f"{path.name} tells no total")


def run_marked() -> None:
    """Under callgrind: each path between two marks."""
    work = workloads()
    gc.disable()
    for run in work.values():
        for _ in range(2):
            run()
        gc.collect()
        os.getppid()
        for _ in range(COUNTED_BATCHES):
            run()
        os.getppid()
    print(json.dumps(list(work)))


def timed(rounds: int = ROUNDS) -> Costs:
    """Multiples of the plain loop in CPU time."""
    return _multiples(least(workloads(), rounds))


def least(work: Mapping[str, Callable[[], object]], rounds: int) -> Costs:
    """Nanoseconds a record, the least of rounds too short to be disturbed."""
    found = dict.fromkeys(work, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in work.items():
                started = time.thread_time_ns()
                run()
                found[name] = min(found[name], (time.thread_time_ns() - started) / BATCH)
    finally:
        gc.enable()
    return found


def _multiples(costs: Mapping[str, float]) -> Costs:
    (_, bare), *others = costs.items()
    return {name: round(cost / bare, 4) for name, cost in others}


def measured(*, by_time: bool = False) -> tuple[str, Costs]:
    """Which kind of cost, and what each path costs."""
    if by_time or not can_count():
        return "time", timed()
    return "instructions", counted()


def stored(kind: str) -> tuple[Costs, float]:
    """What is stored of this kind, and how much of it is allowed."""
    known: dict[str, dict[str, Costs]] = json.loads(STORED.read_text())
    if version() in known:
        return known[version()][kind], LIMITS[kind]
    return next(iter(known.values()))[kind], LIMITS[kind] * OTHER_PYTHON


def losses(found: Mapping[str, float], before: Mapping[str, float], allowed: float) -> list[str]:
    """A sentence for each path that costs more than is allowed, or that nobody knows."""
    said: list[str] = []
    for name, cost in found.items():
        if name not in before:
            said.append(f"{name}: nothing is stored; run `python -m benchmarks.check --store`")
        elif cost > before[name] * allowed:
            said.append(
                f"{name}: {cost:.3f} × the plain loop, {cost / before[name] - 1:+.0%} "
                f"against the stored {before[name]:.3f}"
            )
    return said


def store() -> None:
    known = json.loads(STORED.read_text()) if STORED.exists() else {}
    known[version()] = {"time": timed()} | ({"instructions": counted()} if can_count() else {})
    STORED.write_text(json.dumps(known, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--ratios", action="store_true", help="CPU time, even with valgrind")
    parser.add_argument("--store", action="store_true", help="store what is measured")
    parser.add_argument("--json", type=Path, help="write what is measured here")
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run_marked()
        return 0
    if arguments.store:
        store()
        return 0
    kind, found = measured(by_time=arguments.ratios)
    before, allowed = stored(kind)
    print(f"{kind}, as multiples of the plain loop; stored; allowed is {allowed:.2f} of that")
    for name, cost in found.items():
        print(f"  {name:46} {cost:7.3f} {before.get(name, 0.0):7.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps({kind: found}, indent=2) + "\n")
    wrong = losses(found, before, allowed)
    for sentence in wrong:
        print(f"SLOWER  {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
