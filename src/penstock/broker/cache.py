"""The folder that keeps what was downloaded once, shared by all processes of a user."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from penstock.broker.errors import BrokerError


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`PENSTOCK_CACHE`, or `penstock` in the user's cache folder (`XDG_CACHE_HOME`)."""
    if own := environ.get("PENSTOCK_CACHE"):
        return Path(own).expanduser().absolute()
    shared = environ.get("XDG_CACHE_HOME", "")
    base = Path(shared) if Path(shared).is_absolute() else Path.home() / ".cache"
    return base / "penstock"


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Only one process at a time; the lock ends with its process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("ab")
    except OSError as error:
        raise BrokerError(
            f"The cache folder {folder} cannot be written ({error.strerror}); "
            "name another one with PENSTOCK_CACHE."
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
