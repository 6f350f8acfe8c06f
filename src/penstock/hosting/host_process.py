"""The worker's end of one host process: its channel, its output, its birth and its death.

Everything here happens on the event loop of the hosts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from typing import Protocol

from penstock.hosting.endings import Ending
from penstock.hosting.frames import BrokenFrame, FrameReader, framed
from penstock.hosting.launch import Launcher
from penstock.hosting.messages import FromHost, ToHost, encoded, read_by_worker
from penstock.hosting.output import Lines, Output

OUTPUT_BYTES = 1 << 16
OUTPUT_PAUSE_SECONDS = 0.05  # after each piece: at most so much per second is read of a flood
RECEIVE_BYTES = 1 << 18
UNSENT_BYTES_MAX = 256 << 20
DEATH_SECONDS = 2.0  # between the end of the channel and the word of the end of the process
MUTE = "it does not speak to the worker any more."


class Owner(Protocol):
    """Hears what becomes of a host."""

    def heard(self, host: HostProcess, message: FromHost) -> None: ...
    def printed(self, host: HostProcess, lines: Lines) -> None: ...
    def ended(self, host: HostProcess, ending: Ending) -> None: ...


class HostProcess:
    """One host. Messages may be sent at once; they wait until there is somebody to read them."""

    def __init__(
        self, number: int, launcher: Launcher, owner: Owner, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.number = number
        self.pid: int | None = None
        self.began = time.monotonic()
        self.output = Output()
        self.over = False
        self.asked: str | None = None  # why it is being ended
        self._launcher = launcher
        self._owner = owner
        self._loop = loop
        self._reader = FrameReader()
        self._unsent = bytearray()
        self._channel, theirs = socket.socketpair()
        self._output, write_end = os.pipe()
        try:
            launcher.launch(number, theirs, write_end)
        except OSError as error:
            self.asked = f"it could not be started: {error}"
            loop.call_soon(self.died, None)
        finally:
            theirs.close()
            os.close(write_end)
        self._channel.setblocking(False)
        os.set_blocking(self._output, False)
        loop.add_reader(self._channel, self._receive)
        loop.add_reader(self._output, self._read_output)

    def send(self, message: ToHost) -> None:
        self.send_bytes(framed(encoded(message)))

    def send_bytes(self, data: bytes) -> None:
        """An encoded message in its frame."""
        if self.over:
            return
        if not self._unsent:
            with contextlib.suppress(BlockingIOError):
                try:
                    data = data[self._channel.send(data) :]
                except OSError as error:
                    if isinstance(error, BlockingIOError):
                        raise
                    return  # its end will be noticed
            if not data:
                return
            self._loop.add_writer(self._channel, self._flush)
        self._unsent += data
        if len(self._unsent) > UNSENT_BYTES_MAX:
            self.kill("it does not read what it is sent.")

    def _flush(self) -> None:
        try:
            sent = self._channel.send(memoryview(self._unsent)[: 1 << 20])
        except BlockingIOError:
            return
        except OSError:
            self._unsent.clear()
        else:
            del self._unsent[:sent]
        if not self._unsent:
            self._loop.remove_writer(self._channel)

    def born(self, pid: int) -> None:
        self.pid = pid
        if self.asked is not None:
            self._launcher.signal(pid, signal.SIGKILL)

    def kill(self, why: str) -> None:
        """End it now, with all that it has started."""
        if self.over or self.asked is not None:
            return
        self.asked = why
        if self.pid is not None:
            self._launcher.signal(self.pid, signal.SIGKILL)

    def signal(self, number: int) -> None:
        if self.pid is not None and not self.over:
            self._launcher.signal(self.pid, number)

    def _receive(self) -> None:
        try:
            data = self._channel.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(self._channel)
            self._loop.call_later(DEATH_SECONDS, self._overdue)
            return
        try:
            for message in self._reader.feed(data):
                self._owner.heard(self, read_by_worker(message))
        except (BrokenFrame, ValueError) as error:
            self.kill(f"it sent what cannot be read: {error}")

    def _overdue(self) -> None:
        """The channel is closed, and yet nobody has told of the end of the process."""
        if not self.over:
            self.kill(MUTE)
            self._loop.call_later(DEATH_SECONDS, self.died, None)

    def _read_output(self) -> None:
        """A piece, then a pause: who prints without end waits, and nobody else does."""
        self._loop.remove_reader(self._output)
        if data := self._piece():
            self._receive()  # what is secret was told before it could be printed
            self._printed(data)
            self._loop.call_later(OUTPUT_PAUSE_SECONDS, self._go_on_reading)

    def _go_on_reading(self) -> None:
        if not self.over:
            self._loop.add_reader(self._output, self._read_output)

    def _piece(self) -> bytes:
        try:
            return os.read(self._output, OUTPUT_BYTES)
        except BlockingIOError:
            return b""

    def _printed(self, data: bytes) -> None:
        self._owner.printed(self, self.output.feed(data, time.monotonic()))

    def died(self, status: int | None, peak_kb: int = 0) -> None:
        """Read what it said last, then tell."""
        if self.over:
            return
        self._last_words()
        self.over = True
        for descriptor in (self._channel, self._output):
            self._loop.remove_reader(descriptor)
        self._loop.remove_writer(self._channel)
        self._channel.close()
        os.close(self._output)
        self._owner.printed(self, self.output.end(time.monotonic()))
        last = tuple(self.output.last)
        # what ended before it could be killed for its silence has a better reason
        asked = None if self.asked == MUTE and not _may_be_ours(status) else self.asked
        self._owner.ended(self, Ending(status, asked, peak_kb, last))

    def _last_words(self) -> None:
        with contextlib.suppress(OSError, BrokenFrame, ValueError):
            while data := self._channel.recv(RECEIVE_BYTES):
                for message in self._reader.feed(data):
                    self._owner.heard(self, read_by_worker(message))
        while data := self._piece():  # no more than a pipe can hold: nobody is left to write
            self._printed(data)


def _may_be_ours(status: int | None) -> bool:
    """Whether a process that ended with this status may have been killed by its worker."""
    return status is None or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL)
