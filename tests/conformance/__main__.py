"""Compare Penstock with recorded behaviour of the Java worker.

    python -m tests.conformance FILE.jsonl...      exit status 1 if any case differs

Prints, per file, `N of M equal` and the first differences; `--all` prints every difference and
`--only ID` runs single cases.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.conformance.runner import run_file


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--all", action="store_true", help="print every difference")
    parser.add_argument("--only", action="append", default=[], help="run only the case of this id")
    arguments = parser.parse_args()
    worst = 0
    for path in arguments.files:
        report = run_file(path, only=frozenset(arguments.only))
        print(report.text(most=None if arguments.all else 5))
        worst = max(worst, 0 if report.passed else 1)
    return worst


if __name__ == "__main__":
    sys.exit(main())
