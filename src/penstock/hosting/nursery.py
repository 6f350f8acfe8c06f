"""A process that has imported everything and forks task hosts. It runs no plugin and no thread.

It hears requests on a socket from its worker and tells of births and deaths. When the worker is
gone, however it went, every host is killed with all that it started.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Callable
from typing import Any

PR_SET_PDEATHSIG = 1
OUT_OF_MEMORY_SCORE = "500"  # when memory runs out, the system shall end a host, not the worker
READY, FORK, SIGNAL, BORN, DEAD, FAILED = b"R", b"F", b"S", b"B", b"D", b"X"
MESSAGE = struct.Struct("<cqqq")

HostMain = Callable[[socket.socket], None]


def serve(control: socket.socket, host_main: HostMain) -> None:
    """Fork hosts until the worker is gone. Call when all imports are done."""
    _Nursery(control, host_main).run()


class _Nursery:
    def __init__(self, control: socket.socket, host_main: HostMain) -> None:
        self._control = control
        self._host_main = host_main
        self._children: set[int] = set()
        self._woken, wake = socket.socketpair()
        for end in (self._woken, wake):
            end.setblocking(False)
        self._wake = wake
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the worker's business
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)

    def run(self) -> None:
        try:
            self._tell(READY)
            while True:
                ready, _, _ = select.select((self._control, self._woken), (), ())
                if self._woken in ready:
                    self._woken.recv(4096)
                    self._reap()
                if self._control in ready and not self._request():
                    return
        except OSError:  # the worker is gone
            return
        finally:
            signal.set_wakeup_fd(-1)  # nobody listens any more to the deaths that follow
            for pid in self._children:
                kill_group(pid)

    def _request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE.size, 2)
        if not data:
            return False
        kind, number, pid, what = MESSAGE.unpack(data)
        if kind == FORK:
            self._fork(number, descriptors)
        elif kind == SIGNAL and pid in self._children:
            if what == signal.SIGKILL:
                kill_group(pid)
            else:
                os.kill(pid, what)
        return True

    def _fork(self, number: int, descriptors: list[int]) -> None:
        me = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            self._tell(FAILED, number, 0, error.errno or 0)
        else:
            if pid == 0:
                self._become_host(me, *descriptors)
            self._children.add(pid)
            self._tell(BORN, number, pid)
        for descriptor in descriptors:
            os.close(descriptor)

    def _become_host(self, parent: int, channel: int, output: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self._control, self._woken, self._wake):
                end.close()
            os.setsid()
            become_host(parent)
            take_output(output)
            self._host_main(socket.socket(fileno=channel))
            status = 0
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        for pid in list(self._children):
            if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                continue
            kill_group(pid)  # what it has started; its own number is not free yet
            _, status, usage = os.wait4(pid, 0)
            self._children.discard(pid)
            self._tell(DEAD, usage.ru_maxrss, pid, status)

    def _tell(self, kind: bytes, number: int = 0, pid: int = 0, what: int = 0) -> None:
        self._control.send(MESSAGE.pack(kind, number, pid, what))


def kill_group(pid: int) -> None:
    """End a host and everything in its session."""
    for kill in (os.kill, os.killpg):
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


def become_host(parent: int) -> None:
    """Die with the parent, and rather than the worker when memory runs out (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    prctl: Any = ctypes.CDLL(None).prctl
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the kernel was told
        os._exit(1)
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write(OUT_OF_MEMORY_SCORE)
    except OSError:
        pass  # a system that does not let us; nothing depends on it


def take_output(output: int) -> None:
    """What is printed goes to the worker, in lines; there is nothing to read."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(nothing)
    if output > 2:
        os.close(output)
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
