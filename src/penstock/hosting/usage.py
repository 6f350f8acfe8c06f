"""What a process uses, as Linux tells it. Elsewhere nothing is known."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICK = os.sysconf("SC_CLK_TCK")


class Usage(msgspec.Struct, frozen=True):
    """Private memory in bytes, and CPU seconds since the process began."""

    memory: int
    cpu_seconds: float
    threads: int


def usage_of(pid: int) -> Usage | None:
    """None for a process that is gone, and where there is no /proc."""
    folder = Path("/proc") / str(pid)
    try:
        pages = (folder / "statm").read_text().split()
        stat = (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    private = (int(pages[1]) - int(pages[2])) * _PAGE
    return Usage(private, (int(stat[11]) + int(stat[12])) / _TICK, int(stat[17]))


def group_sizes() -> dict[int, int]:
    """How many processes there are in each process group of the machine."""
    sizes: dict[int, int] = {}
    for name in os.listdir("/proc"):  # not by paths: there may be thousands
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb", 0) as stat:
                group = int(stat.read().rpartition(b")")[2].split(None, 3)[2])
        except OSError:
            continue
        sizes[group] = sizes.get(group, 0) + 1
    return sizes


def machine_threads() -> int | None:
    """How many threads there are, of all processes; cheap to ask."""
    try:
        return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    except (OSError, ValueError, IndexError):
        return None
