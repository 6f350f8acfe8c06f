"""A broker's address that can be cut off and joined again."""

from __future__ import annotations

import contextlib
import socket
import threading


class Relay:
    """Hands bytes on in both directions; while it is cut, nothing moves and nothing is refused.

    That is how a network partition looks: connections stay, and are silent.
    """

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self._target = target
        self._through = threading.Event()
        self._through.set()
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._through.clear()

    def join(self) -> None:
        self._through.set()

    def close(self) -> None:
        self._listener.close()
        self._through.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        self._through.wait()
        try:
            broker = socket.create_connection(self._target, 5.0)
        except OSError:
            client.close()
            return
        broker.settimeout(None)
        for ends in ((client, broker), (broker, client)):
            threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._through.wait()
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
