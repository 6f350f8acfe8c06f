"""What a process and its children cost: CPU seconds, proportional memory, and when they answer."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil


class Measured:
    """A running command, watched from outside."""

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.log = folder / "output.txt"
        self._output = self.log.open("wb")
        self.started = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
        )
        self._tree = psutil.Process(self.process.pid)
        self.peak_bytes = 0
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.25):
            self.peak_bytes = max(self.peak_bytes, self._memory())

    def _memory(self) -> int:
        try:
            tree = [self._tree, *self._tree.children(recursive=True)]
            return sum(int(p.memory_full_info().pss) for p in tree)
        except psutil.Error:
            return 0

    def cpu_seconds(self) -> float:
        """User and system time of the whole tree so far."""
        try:
            tree = [self._tree, *self._tree.children(recursive=True)]
            times = [p.cpu_times() for p in tree]
        except psutil.Error:
            return 0.0
        return sum(t.user + t.system for t in times)

    def check(self) -> None:
        """Raise, with the last lines of its output, if the command has ended by itself."""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise RuntimeError(f"ended with status {self.process.returncode}:\n{tail}")

    def stop(self) -> None:
        self._ended.set()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._watcher.join()
        self._output.close()
