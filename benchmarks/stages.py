"""Where the time of a hot path goes: microseconds of CPU a record for each of its stages.

    python -m benchmarks.stages [--rounds N]

Without a broker; the client's own calls are not in it. A stage costs what a path with it costs
more than the same path without it, each the least of many short rounds taken in turn.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping

from benchmarks.check import ROUNDS, least
from benchmarks.workloads import workloads

READ, JSON = "sink, bytes, columns", "sink, JSON, columns"
RECORDS, WRAPPED = "sink, JSON, records", "sink, envelope, records"
PRINTED = "values as text, as the file sink prints them"
PATHS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "sink, String": {
        "keys, values, headers, offsets of messages": (READ, ""),
        "text": ("sink, String, columns", READ),
    },
    "sink, JSON, 3 transformations, into a file": {
        "keys, values, headers, offsets of messages": (READ, ""),
        "parsing": (JSON, READ),
        "records, if the task looks at them": (RECORDS, JSON),
        "three transformations": ("sink, JSON, 3 transforms, records", RECORDS),
        "lines of the file": (PRINTED, ""),
    },
    "sink, envelope, 3 transformations": {
        "keys, values, headers, offsets of messages": (READ, ""),
        "parsing, schema and records": (WRAPPED, READ),
        "three transformations": ("sink, envelope, 3 transforms, records", WRAPPED),
    },
    "source": {
        "lines of a file, and their positions": ("source, lines of a file", ""),
        "records and JSON": ("source, JSON", ""),
        "an envelope around it": ("source, envelope", "source, JSON"),
        "three transformations": ("source, JSON, 3 transforms", "source, JSON"),
    },
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    costs = {"": 0.0} | least(workloads(), parser.parse_args().rounds)
    for path, stages in PATHS.items():
        print(path)
        for stage, (whole, without) in stages.items():
            print(f"  {stage:46} {(costs[whole] - costs[without]) / 1000:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
