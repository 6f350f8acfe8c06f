"""`python -m tests.simulation [SEED [COUNT]]`: one seed, or many, until one fails."""

from __future__ import annotations

import sys
import time

from tests.simulation.group import simulate

COUNT = 3000


def main() -> None:
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    given = sys.argv[2:] or ([] if len(sys.argv) < 2 else ["1"])
    count = int(given[0]) if given else COUNT
    began = time.monotonic()
    for seed in range(first, first + count):
        simulate(seed)
    print(f"{count} seeds from {first} on hold, in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
