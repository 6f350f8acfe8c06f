"""Says why a host process ended, in words for an operator."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import msgspec


class Ending(msgspec.Struct, frozen=True):
    """What is known of a process that ended."""

    status: int | None  # as `waitpid` has it; None if nobody could tell
    asked: str | None = None  # why the worker ended it, if the worker did
    peak_kb: int = 0
    last_lines: Sequence[str] = ()


def explained(what: str, ending: Ending) -> str:
    """`what` is the subject: the process of which tasks."""
    lines = "".join(f"\n\t| {line}" for line in ending.last_lines)
    written = f"\nIts last output:{lines}" if lines else ""
    return f"{what} {_cause(ending)}{written}"


def _cause(ending: Ending) -> str:
    if ending.asked is not None:
        return f"was ended: {ending.asked}"
    if ending.status is None:
        return "is gone; nobody can tell why."
    if os.WIFSIGNALED(ending.status):
        return _by_signal(os.WTERMSIG(ending.status), ending.peak_kb)
    code = os.waitstatus_to_exitcode(ending.status)
    return f"ended by itself with exit status {code}; connector code must not end its process."


def _by_signal(number: int, peak_kb: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    text = f"was killed by signal {number} ({name})"
    if number == signal.SIGKILL:
        peak = f" (its peak was {peak_kb // 1024} MB)" if peak_kb else ""
        return f"{text}; that is how the system ends a process when memory runs out{peak}."
    if number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGABRT, signal.SIGFPE):
        return f"{text}: it crashed in native code."
    return f"{text}."
