"""The server on real sockets, with clients that do not behave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from penstock.rest import endpoint, protocol
from penstock.rest.server import RestServer
from penstock.rest.settings import Listener, RestSettings
from penstock.sdk.errors import ConnectError
from tests.unit.rest.fakes import Worker

Scene = Callable[[RestServer], Awaitable[None]]
LOOPBACK = Listener("http", "127.0.0.1", 0)
PATIENCE_SECONDS = 60.0  # only what fails takes so long


def play(scene: Scene, settings: RestSettings | None = None) -> None:
    async def run() -> None:
        told = settings or RestSettings(listeners=(LOOPBACK,))
        server = RestServer(told)
        worker = Worker(told)
        await server.start(worker.app, worker.app)
        try:
            await scene(server)
        finally:
            await server.stop(1)

    asyncio.run(run())


async def exchange(port: int, request: bytes) -> bytes:
    """The whole answer to a request after which the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    finally:
        writer.close()


GET = b"GET /connectors HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n"


def test_it_answers_on_every_listener_and_advertises_the_first():
    async def scene(server: RestServer) -> None:
        assert server.worker_id == f"127.0.0.1:{server.ports[0]}"
        assert server.url == f"http://127.0.0.1:{server.ports[0]}/"
        for port in server.ports:
            assert b" 200 " in await exchange(port, GET)

    play(scene, RestSettings(listeners=(LOOPBACK, LOOPBACK)))


def test_what_is_advertised_can_be_set():
    settings = RestSettings(listeners=(LOOPBACK,), advertised_host="h", advertised_port=7)
    server = RestServer(settings)
    assert server.worker_id == "h:7"
    server.close()


def test_a_port_that_is_taken_is_named():
    server = RestServer(RestSettings(listeners=(LOOPBACK,)))
    port = server.ports[0]
    server.main[0][1].listen()
    with pytest.raises(ConnectError, match=f"Cannot listen on http://127.0.0.1:{port}"):
        RestServer(RestSettings(listeners=(Listener("http", "127.0.0.1", port),)))
    server.close()


def test_a_client_that_says_nothing_is_hung_up_on_and_stops_nobody(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(protocol, "HEADER_SECONDS", 1.0)

    async def scene(server: RestServer) -> None:
        slow = [asyncio.create_task(exchange(server.ports[0], b"GET / HT")) for _ in range(50)]
        await asyncio.sleep(0.05)
        assert b" 200 " in await exchange(server.ports[0], GET)
        assert await asyncio.gather(*slow) == [b""] * 50

    play(scene)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n", b" 431 "),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n", b" 431 "),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n", b" 414 "),
        (b"\x00\x01\x02\r\n\r\n", b" 400 "),
        (b"GET /connectors/%zz HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n", b" 400 "),
        (b"GET /%ff HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n", b" 400 "),
    ],
)
def test_nonsense_is_answered_with_an_error_of_the_client(request_bytes: bytes, status: bytes):
    async def scene(server: RestServer) -> None:
        answer = await exchange(server.ports[0], request_bytes)
        assert status in answer.partition(b"\r\n")[0]
        assert b" 200 " in await exchange(server.ports[0], GET)

    play(scene)


POST = b"POST /connectors HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\n"


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(endpoint, "BODY_SECONDS", 0.1)

    async def scene(server: RestServer) -> None:
        slow = POST + b"Connection: close\r\nContent-Length: 1000\r\n\r\n{"
        assert b" 408 " in await exchange(server.ports[0], slow)

    play(scene)


def test_half_a_body_creates_nothing():
    async def scene(server: RestServer) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.ports[0])
        writer.write(POST + b"Content-Length: 3\r\n\r\n{}")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await exchange(server.ports[0], GET)).endswith(b"[]")

    play(scene)


def test_one_connection_serves_many_requests():
    async def scene(server: RestServer) -> None:
        kept = GET.replace(b"Connection: close\r\n", b"")
        answer: Any = await exchange(server.ports[0], kept * 20 + GET)
        assert answer.count(b"HTTP/1.1 200") == 21

    play(scene)


def test_who_is_silent_longest_makes_room_for_others(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 20)

    async def scene(server: RestServer) -> None:
        port = server.ports[0]
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(50)]
        for _ in range(5):
            assert b" 200 " in await exchange(port, GET)
        gone = [reader for reader, _ in silent if reader.at_eof() or reader.exception()]
        assert gone == [reader for reader, _ in silent[: len(gone)]]
        assert 30 <= len(gone) <= 36
        for _, writer in silent:
            writer.close()

    play(scene)


def test_clients_that_are_waited_on_are_not_hung_up_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(protocol, "CONNECTIONS_MAX", 2)

    async def scene(server: RestServer) -> None:
        port = server.ports[0]
        head = POST + b"Connection: close\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in busy:
            writer.write(head)
            assert b" 100 " in await reader.readuntil(b"\r\n\r\n")  # its body is waited for
        with pytest.raises((ConnectionError, AssertionError)):
            assert b" 200 " in await exchange(port, GET)
        for reader, writer in busy:
            writer.write(b"{}")
            assert b" 500 " in await reader.read()
            writer.close()

    play(scene)
