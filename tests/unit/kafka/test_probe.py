"""A probe says only what is certain: whoever is silent, closes or talks nonsense is waited for."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.kafka import probe
from penstock.kafka.probe import why_not

PROTOCOLS = ("plaintext", "ssl", "sasl_plaintext", "sasl_ssl")
Behaviour = Callable[[socket.socket], object]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may be late on a busy machine."""
    monkeypatch.setattr(probe, "TIMEOUT_SECONDS", 60.0)


@contextmanager
def server(behave: Behaviour) -> Generator[str]:
    """Behaves so on every connection, then closes it."""

    def run() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection, suppress(OSError):
                    behave(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def asked(address: str, protocol: str) -> str | None:
    return why_not(
        {"bootstrap.servers": address, "security.protocol": protocol, "sasl.mechanism": "PLAIN"}
    )


def kafka(logins: bytes) -> Behaviour:
    """Answers as a listener without TLS: that it knows versions, and this on logins."""

    def behave(connection: socket.socket) -> None:
        for answer in (b"\0\0\0\1" + b"\0\0" + b"\0\0\0\0", b"\0\0\0\1" + logins):
            size = int.from_bytes(connection.recv(4), "big")
            if not 0 < size < 1000:  # nothing, or what TLS begins with
                return
            connection.recv(size)
            connection.sendall(struct.pack(">i", len(answer)) + answer)

    return behave


NO_LOGINS = b"\0\x22" + b"\0\0\0\0"
SCRAM_ONLY = b"\0\x21" + b"\0\0\0\1" + b"\0\x0dSCRAM-SHA-512"


@pytest.mark.parametrize(
    ("logins", "protocol", "sentence"),
    [
        (NO_LOGINS, "plaintext", None),
        (NO_LOGINS, "sasl_plaintext", "wants no login, but security.protocol is SASL_PLAINTEXT"),
        (NO_LOGINS, "ssl", "does not speak TLS, but security.protocol is SSL"),
        (SCRAM_ONLY, "plaintext", "wants a login (SCRAM-SHA-512), but"),
        (SCRAM_ONLY, "sasl_plaintext", "knows the logins SCRAM-SHA-512, but sasl.mechanism is PLA"),
        (b"\0\0" + b"\0\0\0\1" + b"\0\5PLAIN", "sasl_plaintext", None),
    ],
)
def test_a_listener_is_asked_what_it_is(logins: bytes, protocol: str, sentence: str | None) -> None:
    with server(kafka(logins)) as address:
        told = asked(address, protocol)
    assert told is None if sentence is None else sentence in (told or "")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_said_of_who_closes(protocol: str) -> None:
    with server(lambda connection: None) as address:
        assert asked(address, protocol) is None


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_is_said_of_who_is_silent(protocol: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "TIMEOUT_SECONDS", 0.05)
    with server(lambda connection: connection.recv(1000) and connection.recv(1000)) as address:
        assert asked(address, protocol) is None


@given(garbage=st.binary(max_size=64), protocol=st.sampled_from(PROTOCOLS))
@settings(max_examples=15, deadline=None)
def test_nothing_is_said_of_who_talks_nonsense(garbage: bytes, protocol: str) -> None:
    def behave(connection: socket.socket) -> None:
        connection.sendall(b"\x7f" + garbage)

    with server(behave) as address:
        assert asked(address, protocol) is None


def test_one_listener_that_may_come_is_enough_to_wait() -> None:
    with server(kafka(NO_LOGINS)) as wrong:
        assert asked(f"{wrong},127.0.0.1:1", "ssl") is None
        assert "does not speak TLS" in (asked(f"{wrong}, SSL://{wrong}", "ssl") or "")


@pytest.mark.parametrize("address", ["", "x", "127.0.0.1:99999", "[::1]:1", "a b:1", "." * 300])
def test_what_is_no_address_is_left_to_the_client(address: str) -> None:
    assert asked(address, "ssl") is None
