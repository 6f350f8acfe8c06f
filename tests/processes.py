"""Looking at processes that others end."""

from __future__ import annotations

import psutil


def runs(process: psutil.Process) -> bool:
    """It may end at any moment, also while it is looked at, or when nobody asks for its status."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
