"""An address in front of a broker that goes away in the middle of a request of a certain kind."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Self

CONNECT_SECONDS = 5.0

LIST_OFFSETS, METADATA, OFFSET_COMMIT, OFFSET_FETCH, FIND_COORDINATOR = 2, 3, 8, 9, 10
JOIN_GROUP, HEARTBEAT, SYNC_GROUP, CREATE_TOPICS = 11, 12, 14, 19


class Relay:
    """Hands bytes on, request by request; after `cut` it refuses connections for some time."""

    def __init__(self, broker: tuple[str, int], port: int) -> None:
        self._broker = broker
        self._port = port
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._cut: tuple[int, bytes, float] | None = None
        self._closed = False
        self._flowing = threading.Event()
        self._flowing.set()
        self.cuts = 0

    def cut(self, kind: int, naming: str, seconds: float) -> None:
        """Go away for so long instead of passing on the next request of this kind."""
        with self._lock:
            self._cut = (kind, naming.encode(), seconds)

    def hold(self) -> None:
        """Pass nothing on from now on, without a word: a cable is out."""
        self._flowing.clear()

    def release(self) -> None:
        self._flowing.set()

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        self._flowing.set()
        self._close_all()

    def _listen(self) -> None:
        if self._closed:
            return
        self._listener = socket.create_server(("127.0.0.1", self._port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._connect(client, listener)

    def _connect(self, client: socket.socket, listener: socket.socket) -> None:
        try:
            broker = socket.create_connection(self._broker, CONNECT_SECONDS)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        with self._lock:
            if self._listener is not listener:  # gone meanwhile
                client.close()
                broker.close()
                return
            self._open |= {client, broker}
        for ends in ((client, broker, True), (broker, client, False)):
            threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, requests: bool) -> None:
        with contextlib.suppress(OSError), source, target, source.makefile("rb") as stream:
            while len(head := stream.read(4)) == 4:
                body = stream.read(struct.unpack(">i", head)[0])
                seconds = self._cut_here(body) if requests else None
                if seconds is not None:
                    self._close_all()
                    threading.Timer(seconds, self._listen).start()
                    return
                self._flowing.wait()
                target.sendall(head + body)
            target.shutdown(socket.SHUT_RDWR)

    def _cut_here(self, request: bytes) -> float | None:
        with self._lock:
            if self._cut is None:
                return None
            kind, naming, seconds = self._cut
            if struct.unpack(">h", request[:2])[0] != kind or naming not in request:
                return None
            self._cut = None
            self.cuts += 1
            return seconds

    def _close_all(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
            if self._listener is not None:
                ends.add(self._listener)
                self._listener = None
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
