"""Tells readers when their files change (Linux); elsewhere, or if it cannot be told, they look."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import threading
from collections.abc import Callable
from functools import cache
from typing import Any

_MODIFIED, _ATTRIBUTES, _MOVED, _DELETED = 0x2, 0x4, 0x800, 0x400
_ONCE = 0x8000_0000  # who is busy reading is not told of every line
_EVENTS = _MODIFIED | _ATTRIBUTES | _MOVED | _DELETED | _ONCE
_EVENT = struct.Struct("iIII")
_EVENTS_BYTES = 1 << 16
_LOST = -1  # stands for all watches: more happened than the kernel remembers
# ext, XFS, Btrfs, tmpfs, F2FS, ZFS: nobody but this machine's kernel changes files there
_LOCAL = {0xEF53, 0x58465342, 0x9123683E, 0x01021994, 0xF2F52010, 0x2FC12FC1}
_STATFS_BYTES = 256


class Watch:
    """The next change of an open file is told by a call of `changed`, from another thread.

    Then no more is, until `arm` is called again.
    """

    def __init__(
        self, watcher: Watcher, descriptor: int, changed: Callable[[], None], *, local: bool
    ) -> None:
        self.local = local  # whether all changes are told, and not just those of this machine
        self.armed = False
        self._watcher = watcher
        self._descriptor = descriptor
        self._changed = changed

    @classmethod
    def of(cls, descriptor: int, changed: Callable[[], None]) -> Watch | None:
        """Of an open file, armed; None where the kernel has no watches, or no more of them."""
        watcher = _watcher()
        if watcher is None:
            return None
        watch = cls(watcher, descriptor, changed, local=_is_local(descriptor))
        return watch if watch.arm() else None

    def arm(self) -> bool:
        """From now on the next change is told; look at the file once more. False: it cannot be."""
        return self._watcher.add(self, f"/proc/self/fd/{self._descriptor}")

    def tell(self) -> None:
        self.armed = False
        self._changed()

    def close(self) -> None:
        self._watcher.remove(self)


class Watcher:
    """All watches of this process: one instance of inotify, one thread that waits."""

    def __init__(self, libc: Any, inotify: int) -> None:
        self._libc = libc
        self._inotify = inotify
        self._lock = threading.Lock()
        self._watches: dict[int, list[Watch]] = {}  # those of one file share a number
        threading.Thread(target=self._run, name="file-watch", daemon=True).start()

    def add(self, watch: Watch, path: str) -> bool:
        with self._lock:
            number = self._libc.inotify_add_watch(
                self._inotify, os.fsencode(path), ctypes.c_uint32(_EVENTS)
            )
            if number < 0:
                return False
            watch.armed = True
            self._watches.setdefault(number, []).append(watch)
            return True

    def remove(self, watch: Watch) -> None:
        with self._lock:
            for number, watches in self._watches.items():
                if watch in watches:
                    watches.remove(watch)
                    if not watches:
                        del self._watches[number]
                        self._libc.inotify_rm_watch(self._inotify, number)
                    return

    def _run(self) -> None:
        while True:
            for number in set(_numbers(os.read(self._inotify, _EVENTS_BYTES))):
                for watch in self._told(number):
                    watch.tell()

    def _told(self, number: int) -> list[Watch]:
        with self._lock:
            if number != _LOST:
                return self._watches.pop(number, [])
            everyone = [watch for watches in self._watches.values() for watch in watches]
            self._watches.clear()
            return everyone


def _numbers(events: bytes) -> list[int]:
    """Whose events they are."""
    numbers: list[int] = []
    at = 0
    while at < len(events):
        number, _, _, name_bytes = _EVENT.unpack_from(events, at)
        numbers.append(number)
        at += _EVENT.size + name_bytes
    return numbers


_made: list[Watcher] = []
_making = threading.Lock()


def _watcher() -> Watcher | None:
    """This process's; another try if there could be none the last time."""
    libc = _libc()
    if libc is None:
        return None
    with _making:
        if not _made:
            inotify = libc.inotify_init1(os.O_CLOEXEC)
            if inotify < 0:
                return None
            _made.append(Watcher(libc, inotify))
        return _made[0]


def _is_local(descriptor: int) -> bool:
    found = ctypes.create_string_buffer(_STATFS_BYTES)
    if sys.byteorder != "little" or _libc().fstatfs(descriptor, found) != 0:
        return False
    return int.from_bytes(found.raw[:4], "little") in _LOCAL


@cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
