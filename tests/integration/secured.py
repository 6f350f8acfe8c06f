"""One secured Kafka for the tests of secured connections, and properties that are wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

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

REAUTHENTICATION = "connections.max.reauth.ms"
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
    """The listener SSL speaks TLS 1.2 only, and trusts the strangers' root.

    Who logs in with SCRAM-SHA-256 at SASL_PLAINTEXT has to do so every few seconds. What no rule
    is about is allowed to everybody.
    """
    ssl = "listener.name.ssl.ssl."
    settings = {
        f"listener.name.sasl_plaintext.scram-sha-256.{REAUTHENTICATION}": "3000",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "super.users": "User:ANONYMOUS;User:penstock",
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
