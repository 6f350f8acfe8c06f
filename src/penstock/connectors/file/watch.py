"""Wakes a reader when its file changes (Linux); elsewhere, or if none can be had, it just rests."""

from __future__ import annotations

import ctypes
import os
import select
import sys
from functools import cache
from pathlib import Path
from typing import Any

_MODIFIED, _ATTRIBUTES, _MOVED, _DELETED = 0x2, 0x4, 0x800, 0x400
_EVENT_BYTES = 4096


class Watch:
    """The changes of one file, told by the kernel. Changes made on other machines are not told."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    @classmethod
    def of(cls, path: Path) -> Watch | None:
        """None where the kernel has no watches, or no more of them."""
        libc = _libc()
        if libc is None:
            return None
        descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if descriptor < 0:
            return None
        events = _MODIFIED | _ATTRIBUTES | _MOVED | _DELETED
        if libc.inotify_add_watch(descriptor, os.fsencode(path), events) < 0:
            os.close(descriptor)
            return None
        return cls(descriptor)

    def wait(self, seconds: float) -> bool:
        """Whether the file changed since the last call, or does within this time."""
        if not self._poll.poll(seconds * 1000):
            return False
        os.read(self._descriptor, _EVENT_BYTES)  # what is left over wakes the next call
        return True

    def close(self) -> None:
        os.close(self._descriptor)


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
