"""HTTP on the wire, with limits: headers are small and come soon, connections are not too many."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_BYTES_MAX = 64 * 1024
HEADER_SECONDS = 30.0
CONNECTIONS_MAX = 4096
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"connection: close\r\ncontent-length: 0\r\n\r\n"
)


class LimitedProtocol(HttpToolsProtocol):
    """One connection. A client that is slow to say what it wants is hung up on."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._unread = 0  # bytes of a request whose headers are not complete
        self._header_bytes = 0
        self._in_headers = True
        self.idle_since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._arm()
        if len(self.connections) > CONNECTIONS_MAX:
            self._make_room()

    def _make_room(self) -> None:
        """Hang up on the client that has said nothing for longest; on this one if all are busy."""
        others = cast("set[LimitedProtocol]", self.connections)
        idle = [other for other in others if other is not self and other.is_idle]
        longest = min(idle, key=lambda other: other.idle_since, default=self)
        longest.transport.abort()

    @property
    def is_idle(self) -> bool:
        """Whether no request has come in full that is not answered yet."""
        cycle: Any = self.cycle
        return self._in_headers and (cycle is None or cycle.response_complete)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._unread += len(data)
        super().data_received(data)
        if self._in_headers and self._unread > HEADER_BYTES_MAX:
            self._refuse()

    def on_message_begin(self) -> None:
        self._in_headers = True
        self._header_bytes = 0
        self._arm()
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4  # a colon, a blank, an end of line
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._unread = 0
        self._disarm()
        if self._header_bytes > HEADER_BYTES_MAX:
            self._refuse()
        else:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        if self._header_bytes <= HEADER_BYTES_MAX:
            super().on_message_complete()
        self._in_headers = True
        self._unread = 0
        self.idle_since = self.loop.time()

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(TOO_LARGE)
            self.transport.close()

    def _arm(self) -> None:
        self._disarm()
        self._deadline = self.loop.call_later(HEADER_SECONDS, self._hang_up)

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
