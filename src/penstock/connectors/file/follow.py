"""A file that is being written to: what was added, and whether it was cut short or replaced."""

from __future__ import annotations

import enum
import os
import select
import stat
from pathlib import Path

from penstock.sdk.errors import ConnectError

CHUNK_BYTES = 64 * 1024  # with larger ones, memory is mapped and unmapped all the time


class Change(enum.Enum):
    """Why reading starts again at the beginning."""

    TRUNCATED = "has become shorter"
    REPLACED = "has been replaced by another file"


class FollowedFile:
    """An open file, and its name, which may come to mean another file."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor
        self._opened = os.fstat(descriptor)
        self.regular = stat.S_ISREG(self._opened.st_mode)
        self.named = True  # as far as is known; moved away, another may take its name
        self._read_bytes = 0

    @property
    def descriptor(self) -> int:
        return self._descriptor

    @property
    def by_its_own_name(self) -> bool:
        """Whether no symbolic link leads to it, which could come to lead to another file."""
        return os.path.realpath(self._path) == os.path.abspath(self._path)

    @classmethod
    def open(cls, path: Path) -> FollowedFile | None:
        """None if there is no file of that name yet."""
        try:
            # without waiting, because the other end of a pipe may never be opened
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConnectError(
                f"The file '{path}' of the setting 'file' cannot be read: {error.strerror}."
            ) from error
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise ConnectError(f"The setting 'file' names a folder, '{path}'; name a file in it.")
        return cls(path, descriptor)

    @classmethod
    def standard_input(cls) -> FollowedFile:
        return cls(Path("/dev/stdin"), os.dup(0))

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size if self.regular else 0

    def skip(self, count: int) -> None:
        """Start at this byte; the size has been looked at before."""
        if self.regular and count > 0:
            self._read_bytes = os.lseek(self._descriptor, count, os.SEEK_SET)

    def read(self) -> bytes:
        """What was added, up to a limit; empty if nothing was."""
        if not self.regular and not self._arrived():
            return b""
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except OSError as error:
            raise ConnectError(
                f"The file '{self._path}' of the setting 'file' cannot be read: {error.strerror}."
            ) from error
        self._read_bytes += len(data)
        return data

    def _arrived(self) -> bool:
        """Whether a pipe or terminal has something to read."""
        waiting = select.poll()
        waiting.register(self._descriptor, select.POLLIN)
        return bool(waiting.poll(0))

    def change(self) -> Change | None:
        """To be asked at the end of the file only: all of the old one must have been read."""
        if not self.regular:
            return None
        try:
            named = os.stat(self._path)
        except OSError:
            self.named = False
            return None  # moved away; its writer may still have it open
        self.named = True
        if (named.st_ino, named.st_dev) != (self._opened.st_ino, self._opened.st_dev):
            return Change.REPLACED
        return Change.TRUNCATED if named.st_size < self._read_bytes else None

    def close(self) -> None:
        os.close(self._descriptor)
