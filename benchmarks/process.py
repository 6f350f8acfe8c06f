"""What a process and its children cost: CPU seconds, proportional memory, and when they began."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import psutil

LOOK_SECONDS = 1.0  # between two looks at memory, each of which takes milliseconds of a core


class Measured:
    """A running program, watched from outside; `stop` ends it."""

    def __init__(self, pid: int, started: float, stop: Callable[[], None], log: Path) -> None:
        self.started = started
        self.peak_bytes = 0
        self._tree = psutil.Process(pid)
        self._stop = stop
        self._log = log
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @classmethod
    def command(cls, command: Sequence[str], folder: Path) -> Self:
        """Run a command in a folder, its output beside it."""
        log = folder / "output.txt"
        started = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)

        def stop() -> None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        return cls(process.pid, started, stop, log)

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self.memory_bytes())

    def _processes(self) -> list[psutil.Process]:
        return [self._tree, *self._tree.children(recursive=True)]

    def memory_bytes(self) -> int:
        """Proportional memory of the whole tree now."""
        try:
            return sum(int(p.memory_full_info().pss) for p in self._processes())
        except psutil.Error:
            return 0

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree so far."""
        times = [p.cpu_times() for p in self._processes()]
        return sum(t.user + t.system for t in times)

    def check(self) -> None:
        """Raise, with the last lines of its output, if the program has ended by itself."""
        if not self._tree.is_running() or self._tree.status() == psutil.STATUS_ZOMBIE:
            raise RuntimeError(f"ended by itself:\n{self._log.read_text(errors='replace')[-2000:]}")

    def stop(self) -> None:
        self._ended.set()
        self._watcher.join()
        self._stop()
