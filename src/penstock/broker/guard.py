"""Runs a program that must not outlive the process that asked for it.

    guard.py PARENT GRACE_SECONDS DISCARDED PROGRAM ARGUMENTS...

Prints the program's process id, then waits for whatever comes first: a letter on standard input
(T: end the program politely, K: at once), the end of standard input, the end of the parent, or the
end of the program. If the parent has died, it removes the folder DISCARDED (unless empty text).
Exits with the program's status. Needs nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.25
ORPHANED_SECONDS = 2.0


class Asked(Exception):
    """Somebody sent the guard itself a signal."""


def main(parent: int, grace_seconds: float, discarded: str, command: list[str]) -> int:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _raise)
    program = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        close_fds=False,  # it inherits the lock on its folder
        preexec_fn=_dies_with_guard(),
    )
    try:
        print(program.pid, flush=True)
        letter = _awaited(parent, program)
    except (Asked, OSError):
        letter = b"T"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    status = _ended(program, letter or b"T", grace_seconds)
    if discarded and _is_gone(parent, ORPHANED_SECONDS if not letter else 0.0):
        os.chdir("/")
        shutil.rmtree(discarded, ignore_errors=True)
    return status


def _raise(number: int, frame: FrameType | None) -> None:
    raise Asked


def _dies_with_guard() -> Callable[[], None] | None:
    """Has the kernel kill the program should the guard be killed (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl: Any = ctypes.CDLL(None).prctl
    guard = os.getpid()

    def before_exec() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # killed before the kernel was told
            os._exit(1)

    return before_exec


def _awaited(parent: int, program: subprocess.Popen[bytes]) -> bytes:
    """The letter that says how to go on, none if the parent wrote none before it closed its end.

    Polls only where there are no process descriptors.
    """
    watched: list[int] = [sys.stdin.fileno()]
    try:
        watched += [os.pidfd_open(parent), os.pidfd_open(program.pid)]
        timeout = None
    except ProcessLookupError:  # the parent is gone already
        return b"T"
    except (AttributeError, OSError):
        timeout = POLL_SECONDS
    while os.getppid() == parent and program.poll() is None:
        ready, _, _ = select.select(watched, (), (), timeout)
        if watched[0] in ready:
            return os.read(watched[0], 1)
    return b"T"


def _is_gone(parent: int, seconds: float) -> bool:
    """Files of a process that ends are closed a moment before its children have another parent."""
    end = time.monotonic() + seconds
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.005)
    return os.getppid() != parent


def _ended(program: subprocess.Popen[bytes], letter: bytes, grace_seconds: float) -> int:
    if letter == b"T":
        program.terminate()
        try:
            return program.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            pass
    program.kill()
    return program.wait()


if __name__ == "__main__":
    status = main(int(sys.argv[1]), float(sys.argv[2]), sys.argv[3], sys.argv[4:])
    sys.exit(status if status >= 0 else 128 - status)
