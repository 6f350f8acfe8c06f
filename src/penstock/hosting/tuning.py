"""Settings of the Python process that make moving many records cheaper."""

from __future__ import annotations

import ctypes
import gc

GC_THRESHOLDS = (50_000, 20, 20)  # batches are thousands of objects that die together
TRIM_THRESHOLD_BYTES = 64 << 20  # memory of a batch is kept for the next one
TOP_PAD_BYTES = 1 << 20
MAPPED_BYTES = 4 << 20  # a batch of long texts is no new mapping, whose pages cost more than it
ARENAS_MAX = 4  # each of a host's many threads would have one, and keep what it once needed
_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def tune_process() -> None:
    """Call once at the start of a host, after everything it needs is imported."""
    gc.set_threshold(*GC_THRESHOLDS)
    gc.freeze()
    _tune_allocator()


def _tune_allocator() -> None:
    """Only glibc has these; elsewhere nothing happens."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(_M_TRIM_THRESHOLD, TRIM_THRESHOLD_BYTES)
    mallopt(_M_TOP_PAD, TOP_PAD_BYTES)
    mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)
    mallopt(_M_ARENA_MAX, ARENAS_MAX)
