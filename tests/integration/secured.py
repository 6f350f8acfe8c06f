"""One secured Kafka for the tests of secured connections, and properties that are wrong."""

from __future__ import annotations

import http.server
import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import pytest

from penstock.broker import LocalKafka
from penstock.broker.certificates import (
    issue,
    pem,
    private_pem,
    write_identity,
    write_private,
    write_trusted,
)

RIGHT, WRONG = "penstock-secret", "hunter2"


class Strangers(NamedTuple):
    """Certificates of authorities that the broker's own one knows nothing of."""

    folder: Path  # `truststore.p12` trusts the root, which issued `single.pem`;
    # `client.*` was issued two steps below it
    other: Path  # a certificate of yet another authority


@pytest.fixture(scope="session")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Strangers:
    folder = tmp_path_factory.mktemp("strangers")
    root = issue("a root")
    client = issue("client", issue("an authority below it", root, authority=True))
    write_trusted(folder, root.certificate)
    write_identity(folder, client)
    single = issue("client", root)
    write_private(
        folder / "single.pem", (private_pem(single.key) + pem(single.certificate)).encode()
    )
    other = folder / "other.pem"
    other.write_text(pem(issue("another authority").certificate))
    return Strangers(folder, other)


@pytest.fixture(scope="session")
def secured(strangers: Strangers) -> Iterator[LocalKafka]:
    """The listener SSL speaks TLS 1.2 only, and trusts the strangers' root."""
    ssl = "listener.name.ssl.ssl."
    settings = {
        ssl + "enabled.protocols": "TLSv1.2",
        ssl + "truststore.location": str(strangers.folder / "truststore.p12"),
    }
    with LocalKafka(secure=True, faulty=True, settings=settings) as kafka:
        yield kafka


def wrong_password(properties: Mapping[str, str]) -> dict[str, str]:
    changed = properties["sasl.jaas.config"].replace(RIGHT, WRONG)
    return {**properties, "sasl.jaas.config": changed}


def impossible(kafka: LocalKafka, strangers: Strangers) -> dict[str, tuple[dict[str, str], str]]:
    """Properties that never work, by name, with a part of the sentence that is told."""
    good = kafka.client_properties()
    mutual = kafka.client_properties("SSL")
    plain = {"bootstrap.servers": kafka.bootstrap_servers}
    tls = {"bootstrap.servers": good["bootstrap.servers"]}
    return {
        "password": (wrong_password(good), "refuses the login"),
        "scram password": (
            wrong_password(kafka.client_properties(mechanism="SCRAM-SHA-512")),
            "refuses the login",
        ),
        "authority": ({**good, "ssl.truststore.location": str(strangers.other)}, "is not trusted"),
        "expired": (kafka.client_properties("EXPIRED"), "has expired"),
        "host name": (kafka.client_properties("MISNAMED"), "is not for the host name 127.0.0.1"),
        "tls to plain": ({**good, **plain}, "does not speak TLS"),
        "plain to tls": (tls, "speaks TLS, but security.protocol is PLAINTEXT"),
        "no login": ({"bootstrap.servers": kafka.address("SASL_PLAINTEXT")}, "wants a login"),
        "needless login": (
            {**kafka.client_properties("SASL_PLAINTEXT"), **plain},
            "wants no login",
        ),
        "certificate of a stranger": (mutual, "ends the TLS connection"),
        "kerberos": (good | {"sasl.mechanism": "GSSAPI"}, "Kerberos is not supported"),
    }


# A token endpoint -------------------------------------------------------------------------------


class Endpoint(NamedTuple):
    """Gives tokens to the client `me` with the secret `right`."""

    url: str
    asked: list[dict[str, list[str]]]


@contextmanager
def token_endpoint() -> Generator[Endpoint]:
    asked: list[dict[str, list[str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(parse_qs(body))
            kind, _, text = self.headers.get("Authorization", "").partition(" ")
            known = kind == "Basic" and b64decode(text) == b"me:right"
            answer: dict[str, Any] = {"error": "invalid_client"}
            if known:
                answer = {"access_token": token(), "token_type": "Bearer", "expires_in": 300}
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Endpoint(f"http://127.0.0.1:{server.server_port}/token", asked)
        finally:
            server.shutdown()
            thread.join()


def token() -> str:
    """A token without a signature, which the broker takes as well."""
    now = int(time.time())
    claims = {"sub": "me", "iat": now, "exp": now + 300}
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
