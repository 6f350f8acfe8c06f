"""Clients that do not behave, and what others notice of them: nothing."""

from __future__ import annotations

import http.client
import json
import re
import resource
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from penstock.rest.protocol import HEADER_BYTES_MAX
from penstock.rest.settings import RestSettings
from tests.integration.workers import Worker, ended, wait_until

pytestmark = pytest.mark.integration

NOWHERE = "127.0.0.1:1"  # nothing listens here; REST answers without Kafka
IDLE_CONNECTIONS = 1_000
FEW_FILES = 256
LATE_MS = 50.0
ROUNDS_SECONDS = 20.0  # the best one counts, as others use this machine too
ANSWER_SECONDS = 60.0
GET = b"GET /connectors HTTP/1.1\r\nHost: w\r\n\r\n"
POST = b"POST /connectors HTTP/1.1\r\nHost: w\r\nContent-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a worker that was started where few files may be open, as in most shells."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, limits[1]))
    try:
        worker = Worker(tmp_path_factory.mktemp("worker"), NOWHERE).start()
    finally:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (max(limits[0], 4 * IDLE_CONNECTIONS), limits[1])
        )
    wait_until(lambda: worker.ask("/")[0] == 200, what="REST")
    yield worker.port
    list(ended([worker]))
    assert "Traceback" not in worker.log


def connect(port: int, said: bytes = b"") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)
    if said:
        connection.sendall(said)
    return connection


def answer(port: int, request: bytes) -> bytes:
    """All that is answered until the connection is closed."""
    with connect(port) as connection:
        sending = threading.Thread(target=_send, args=(connection, request))
        sending.start()
        found = b""
        try:
            while chunk := connection.recv(65536):
                found += chunk
        except ConnectionResetError:
            assert found  # it was told before it was hung up on
        sending.join(ANSWER_SECONDS)
        return found


def _send(connection: socket.socket, request: bytes) -> None:
    try:
        connection.sendall(request)
    except OSError:  # nobody reads on
        return


def latencies(port: int, paths: list[str], count: int = 100) -> list[float]:
    """Milliseconds of answers to a client that behaves, sorted."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    found: list[float] = []
    for number in range(count):
        began = time.perf_counter()
        connection.request("GET", paths[number % len(paths)])
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        found.append((time.perf_counter() - began) * 1000)
    connection.close()
    return sorted(found)


def served_in_time(port: int, paths: list[str] | None = None) -> None:
    """Of a hundred answers ninety-nine come at once."""
    rounds: list[float] = []
    end = time.monotonic() + ROUNDS_SECONDS  # less than what slow clients are waited for
    while time.monotonic() < end:
        rounds.append(latencies(port, paths or ["/connectors", "/", "/connector-plugins"])[98])
        if rounds[-1] < LATE_MS:
            return
    pytest.fail(f"the slowest but one of 100 answers took {rounds} ms")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET /conn",
        b"GET / HTTP/1.1\r\nHost: w\r\nX: ",
        POST + b"Content-Length: 1000\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
        GET,  # and then silence
    ],
)
def test_connections_that_say_half_of_what_they_want_hinder_nobody(port: int, said: bytes):
    with ExitStack() as held:
        count = IDLE_CONNECTIONS if said in (b"", GET) else 200
        for _ in range(count):
            held.enter_context(connect(port, said))
        served_in_time(port)


def test_bodies_that_come_slowly_hinder_nobody(port: int):
    with ExitStack() as held:
        slow = [
            held.enter_context(connect(port, POST + CLOSE + b"Content-Length: 40\r\n\r\n"))
            for _ in range(100)
        ]
        for byte in b'{"name":"c","config":{"a":"b"}}         ':
            for connection in slow:
                connection.sendall(bytes([byte]))
        served_in_time(port)
        assert all(b" 400 " in each.recv(1000) for each in slow)


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * HEADER_BYTES_MAX * 2 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * HEADER_BYTES_MAX + b"\r\n", 431),
        (b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: w\r\n" + CLOSE + b"\r\n", 414),
        (b"\x16\x03\x01\x02\x00\x01", 400),  # TLS where none is
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (POST + CLOSE + b"Content-Length: -1\r\n\r\n", 400),
        (POST + CLOSE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_a_request_that_cannot_be_read_is_refused(port: int, request_bytes: bytes, status: int):
    assert int(answer(port, request_bytes).split(b" ")[1]) == status
    served_in_time(port)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(port: int, chunked: bool):
    size = RestSettings().body_bytes_max + 1
    if chunked:
        head = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % size
    else:
        head = b"Content-Length: %d\r\n\r\n" % size
    found = answer(port, POST + head + b" " * size)
    assert found.startswith(b"HTTP/1.1 413 ")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["error_code"] == 413


def test_a_body_that_says_it_is_too_large_is_not_waited_for(port: int):
    began = time.perf_counter()
    found = answer(port, POST + b"Content-Length: 999999999999\r\n\r\n{")
    assert found.startswith(b"HTTP/1.1 413 ")
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("opened", [b"[", b'{"a":'])
def test_deep_json_is_refused_at_once(port: int, opened: bytes):
    body = opened * (10_000_000 // len(opened))
    head = POST + CLOSE + b"Content-Length: %d\r\n\r\n" % len(body)
    assert answer(port, head + body).startswith(b"HTTP/1.1 500 ")
    served_in_time(port)


def test_requests_in_a_row_are_answered_in_their_order(port: int):
    paths = [b"/", b"/connectors", b"/nothing", b"/connectors/x/status"] * 25
    wanted = [b"200", b"200", b"404", b"404"] * 25
    requests = [b"GET %s HTTP/1.1\r\nHost: w\r\n" % path for path in paths]
    found = answer(port, b"\r\n".join([*requests[:-1], requests[-1] + CLOSE]) + b"\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", found) == wanted


def test_many_clients_are_served_at_the_same_time(port: int):
    def client(_: int) -> float:
        return latencies(port, ["/connectors"], 20)[-1]

    with ThreadPoolExecutor(50) as clients:
        slowest = list(clients.map(client, range(50)))
    assert statistics.median(slowest) < 2_000
    served_in_time(port)


def test_reads_are_fast_while_500_connectors_work():
    command = [sys.executable, "-m", "tests.integration.busy_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            one = [f"/connectors/c{number}/status" for number in range(20)]
            served_in_time(port, ["/connectors", "/connectors/c7", *one])
        finally:
            process.kill()
