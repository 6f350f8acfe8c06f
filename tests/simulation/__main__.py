"""`python -m tests.simulation [SEED [COUNT]]`: one seed, or many on all cores, until one fails."""

from __future__ import annotations

import multiprocessing
import sys
import time

from tests.simulation.group import played

COUNT = 3000


def main() -> int:
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    given = sys.argv[2:] or ([] if len(sys.argv) < 2 else ["1"])
    count = int(given[0]) if given else COUNT
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(min(count, multiprocessing.cpu_count())) as pool:
        for said in pool.imap(played, range(first, first + count), chunksize=10):
            if said is not None:
                print(said)
                return 1
    print(f"{count} seeds from {first} on hold, in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
