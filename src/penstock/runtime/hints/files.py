"""Mistakes with files, of the file connectors and of others that say what the system says."""

from __future__ import annotations

from penstock.runtime.hints.model import Clues, Hint


def _of_files(clues: Clues) -> bool:
    return "FileStream" in clues.config.get("connector.class", "")


FILES: tuple[Hint, ...] = (
    Hint(
        "file-is-a-folder",
        "The setting file names a folder.",
        r"The setting 'file' names a folder|Couldn't find or create file .*Is a directory",
        "Let the setting file name a file, not a folder.",
        test=_of_files,
    ),
    Hint(
        "disk-full",
        "The disk that a sink writes to is full.",
        r"No space left on device|Disk quota exceeded",
        "Make room on that disk, or let the connector write to another one, then restart the "
        "task; records that were not written are read again.",
    ),
    Hint(
        "folder-missing",
        "A sink's file is in a folder that does not exist.",
        r"Couldn't find or create file '(?P<found>[^']*)'.*No such file or directory",
        "The folder of {found} does not exist: create it, or change the setting file. The path "
        "counts on the machine of the worker that runs the task.",
        test=_of_files,
    ),
    Hint(
        "file-not-permitted",
        "The worker's user may not read or write a file.",
        r"Permission denied|Read-only file system",
        "Give the user that the worker runs as the right to this file and its folder, or change "
        "the setting file.",
        test=_of_files,
    ),
)
