"""Why a connection to Kafka cannot work: asked of the listener itself, with a few bytes.

A client only sees that connections end. This looks who is there: a listener with or without TLS,
with or without logins, whose certificate is trusted or not. What it says is certain; where it is
not, it says nothing, as somebody may just be starting.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Mapping
from contextlib import suppress

from penstock.kafka.properties_python import tls_context
from penstock.kafka.properties_rules import Setting
from penstock.sdk.errors import ConfigError

TIMEOUT_SECONDS = 2.0
SERVERS_MAX = 3
_ANSWER_MAX = 65536
_API_VERSIONS, _SASL_HANDSHAKE = 18, 17
_NO_LOGINS_HERE = 34
_EXPIRED, _NOT_YET = 10, 9
_WRONG_HOST = (62, 64)  # of a name, of an address


def why_not(settings: Mapping[str, Setting]) -> str | None:
    """One sentence on what is wrong for good, from settings of librdkafka; None if nothing is."""
    servers = str(settings.get("bootstrap.servers", "")).split(",")[:SERVERS_MAX]
    found = [_Listener(server.strip(), settings).complaint() for server in servers]
    return next((text for text in found if text is not None), None) if all(found) else None


class _Listener:
    """One address, as a client with these settings finds it."""

    def __init__(self, server: str, settings: Mapping[str, Setting]) -> None:
        host, _, port = server.rpartition("://")[2].rpartition(":")
        self._address = (host.strip("[]"), int(port) if port.isdigit() else 9092)
        self._server = server
        self._settings = settings
        self._protocol = str(settings.get("security.protocol", "plaintext")).upper()

    def complaint(self) -> str | None:
        try:
            socket.create_connection(self._address, TIMEOUT_SECONDS).close()
        except (OSError, ValueError, OverflowError):
            return None  # nobody there, perhaps not yet; or no address at all
        encrypted = self._protocol.endswith("SSL")
        return self._encrypted() if encrypted else self._plain()

    def _encrypted(self) -> str | None:
        try:
            with self._connected(tls_context(self._settings)) as connection:
                return self._logins(connection)
        except ssl.SSLCertVerificationError as error:
            return self._distrusted(error)
        except ssl.SSLError as error:
            if "ALERT" in (error.reason or "").upper():
                return self._turned_away(error)
        except (OSError, ConfigError):
            pass
        if self._answers(None):
            return (
                f"The listener {self._server} does not speak TLS, but security.protocol is "
                f"{self._protocol}; set the one of the listener or take the port of another."
            )
        return None

    def _plain(self) -> str | None:
        with suppress(OSError), self._connected(None) as connection:
            return self._logins(connection)
        if self._answers(_trusting()):
            return (
                f"The listener {self._server} speaks TLS, but security.protocol is "
                f"{self._protocol}; set {'SASL_SSL' if self._sasl else 'SSL or SASL_SSL'}."
            )
        return None

    @property
    def _sasl(self) -> bool:
        return self._protocol.startswith("SASL")

    def _connected(self, context: ssl.SSLContext | None) -> socket.socket:
        plain = socket.create_connection(self._address, TIMEOUT_SECONDS)
        try:
            if context is None:
                return plain
            return context.wrap_socket(plain, server_hostname=self._address[0].rstrip("."))
        except BaseException:
            plain.close()
            raise

    def _answers(self, context: ssl.SSLContext | None) -> bool:
        with suppress(OSError), self._connected(context) as connection:
            if context is not None:
                return True
            return len(_asked(connection, _API_VERSIONS, 0)) >= 6
        return False

    def _logins(self, connection: socket.socket) -> str | None:
        """Whether the listener wants no login, one, or another kind of it."""
        ours = str(self._settings.get("sasl.mechanism", "PLAIN"))
        _asked(connection, _API_VERSIONS, 0)
        name = struct.pack(">h", len(ours)) + ours.encode()
        answer = _asked(connection, _SASL_HANDSHAKE, 1, name)
        code = int.from_bytes(answer[4:6], "big")
        known = _texts(answer[6:])
        if code == _NO_LOGINS_HERE and self._sasl:
            return (
                f"The listener {self._server} wants no login, but security.protocol is "
                f"{self._protocol}; set {self._protocol.removeprefix('SASL_')}."
            )
        if known and not self._sasl:
            return (
                f"The listener {self._server} wants a login ({', '.join(known)}), but "
                f"security.protocol is {self._protocol}; set SASL_{self._protocol} and sasl.*."
            )
        if known and ours not in known:
            return (
                f"The listener {self._server} knows the logins {', '.join(known)}, but "
                f"sasl.mechanism is {ours}."
            )
        return None

    def _distrusted(self, error: ssl.SSLCertVerificationError) -> str:
        host = self._address[0]
        reason = {
            _EXPIRED: "has expired; the broker needs a new one",
            _NOT_YET: "is not valid yet; check the clocks of both machines",
            **dict.fromkeys(
                _WRONG_HOST,
                f"is not for the host name {host}; use a name that stands in it, or switch the "
                "check off with an empty ssl.endpoint.identification.algorithm",
            ),
        }.get(
            error.verify_code,
            f"is not trusted ({error.verify_message}); ssl.truststore.* must hold the certificate "
            "of its authority",
        )
        return f"The certificate of the listener {self._server} {reason}."

    def _turned_away(self, error: ssl.SSLError) -> str:
        return (
            f"The listener {self._server} ends the TLS connection "
            f"({(error.reason or '').replace('_', ' ').lower()}); ssl.keystore.* must hold a "
            "client certificate that it trusts."
        )


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _asked(connection: socket.socket, api: int, version: int, body: bytes = b"") -> bytes:
    """A request of Kafka's protocol, and its answer without its length; raises OSError."""
    request = struct.pack(">hhih", api, version, 1, -1) + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    (size,) = struct.unpack(">i", _received(connection, 4))
    if not 0 <= size <= _ANSWER_MAX:
        raise ConnectionError("This is not Kafka.")
    return _received(connection, size)


def _received(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        more = connection.recv(size - len(content))
        if not more:
            raise ConnectionError("The connection was closed.")
        content += more
    return content


def _texts(content: bytes) -> list[str]:
    """An array of texts; what is cut off or missing is left out."""
    found: list[str] = []
    with suppress(struct.error):
        (count,) = struct.unpack_from(">i", content)
        at = 4
        for _ in range(min(count, 100)):
            (size,) = struct.unpack_from(">h", content, at)
            found.append(content[at + 2 : at + 2 + size].decode("utf-8", "replace"))
            at += 2 + size
    return found
