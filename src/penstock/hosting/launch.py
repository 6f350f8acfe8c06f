"""Starts host processes: forked by a nursery that has everything imported, or each from nothing.

All calls come from one thread, which lives as long as the hosts: the kernel ends them with it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from penstock.hosting import nursery
from penstock.hosting.nursery import BORN, DEAD, FAILED, FORK, MESSAGE, READY, SIGNAL, kill_group

log = logging.getLogger(__name__)


class Born(NamedTuple):
    """A host that was asked for has a process."""

    number: int
    pid: int


class Dead(NamedTuple):
    """A process ended, with this status as `waitpid` has it."""

    pid: int
    status: int
    peak_kb: int = 0


class NotBorn(NamedTuple):
    """A host could not be started."""

    number: int
    reason: str


class Lost(NamedTuple):
    """The nursery is gone, and with it all its hosts."""


News = Born | Dead | NotBorn | Lost


class Launcher(Protocol):
    """Gives birth to hosts, and tells of their end."""

    def fileno(self) -> int | None:
        """Readable when there are news; None while nothing can happen."""
        ...

    def news(self) -> list[News]: ...

    def launch(self, number: int, channel: socket.socket, output: int) -> None:
        """Start a host; both descriptors stay the caller's to close. Raises OSError."""
        ...

    def signal(self, pid: int, number: int) -> None:
        """Nothing happens if the process has ended; SIGKILL goes to what it started as well."""
        ...

    def close(self) -> None: ...


class ForkLauncher:
    """Hosts forked by a nursery, which is started when the first one is wanted."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._control: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def warm_up(self) -> None:
        """Start the nursery, so that the first host need not wait for it. Raises OSError."""
        if self._control is not None:
            return
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            try:
                self._process = subprocess.Popen(
                    [*self._command, "nursery", str(theirs.fileno())],
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._control = ours

    def fileno(self) -> int | None:
        return None if self._control is None else self._control.fileno()

    def launch(self, number: int, channel: socket.socket, output: int) -> None:
        self.warm_up()
        assert self._control is not None
        message = MESSAGE.pack(FORK, number, 0, 0)
        self._control.setblocking(True)  # short, and only when very many are started at once
        try:
            socket.send_fds(self._control, [message], [channel.fileno(), output])
        finally:
            self._control.setblocking(False)

    def signal(self, pid: int, number: int) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):
                self._control.send(MESSAGE.pack(SIGNAL, 0, pid, number))

    def news(self) -> list[News]:
        found: list[News] = []
        while self._control is not None:
            try:
                data = self._control.recv(MESSAGE.size)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self.close()
                found.append(Lost())
                break
            kind, number, pid, what = MESSAGE.unpack(data)
            if kind == BORN:
                found.append(Born(number, pid))
            elif kind == DEAD:
                found.append(Dead(pid, what, number))
            elif kind == FAILED:
                found.append(NotBorn(number, os.strerror(what)))
            else:
                assert kind == READY
        return found

    def close(self) -> None:
        """Ends the nursery, and with it every host."""
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            try:
                self._process.wait(2.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None


class SpawnLauncher:
    """Hosts started from nothing, where a process cannot be forked safely."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._living: dict[int, subprocess.Popen[bytes]] = {}
        self._news: deque[News] = deque()
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)

    def fileno(self) -> int | None:
        return self._woken.fileno()

    def launch(self, number: int, channel: socket.socket, output: int) -> None:
        try:
            process = subprocess.Popen(
                [*self._command, "host", str(channel.fileno()), str(os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(channel.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            self._tell(NotBorn(number, str(error)))
            return
        self._living[process.pid] = process
        self._tell(Born(number, process.pid))
        threading.Thread(
            target=self._await, args=(process,), name=f"host-{number}-end", daemon=True
        ).start()

    def _await(self, process: subprocess.Popen[bytes]) -> None:
        returned = process.wait()
        with contextlib.suppress(OSError):
            os.killpg(process.pid, nursery.signal.SIGKILL)  # what it has started
        status = -returned if returned < 0 else returned << 8
        self._tell(Dead(process.pid, status))

    def _tell(self, news: News) -> None:
        self._news.append(news)
        with contextlib.suppress(OSError):
            self._wake.send(b"n")

    def news(self) -> list[News]:
        with contextlib.suppress(OSError):
            self._woken.recv(4096)
        found: list[News] = []
        while self._news:
            found.append(self._news.popleft())
        for each in found:
            if isinstance(each, Dead):
                self._living.pop(each.pid, None)
        return found

    def signal(self, pid: int, number: int) -> None:
        process = self._living.get(pid)
        if process is None or process.poll() is not None:
            return
        if number == nursery.signal.SIGKILL:
            kill_group(pid)
        else:
            process.send_signal(number)

    def close(self) -> None:
        for process in list(self._living.values()):
            if process.poll() is None:
                kill_group(process.pid)
        self._woken.close()
        self._wake.close()


def host_command(module: str = "penstock.host") -> list[str]:
    """Runs a module's `main` with the paths of this process, and nothing added to them.

    Its `main` is to turn on the garbage collector: nothing of what is imported is garbage.
    """
    code = (
        "import gc; gc.disable(); import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
        f"from {module} import main; main(sys.argv[2:])"
    )
    return [sys.executable, "-P", "-c", code, json.dumps(sys.path)]
