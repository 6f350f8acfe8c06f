"""Certificates of a local Kafka and its clients: made once, in every form that clients read."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.broker import java_key_store

STORE_PASSWORD = "changeit"
VALID = datetime.timedelta(days=3650)
HOUR = datetime.timedelta(hours=1)
COMPLETE = "complete"
HERE = ("localhost", "127.0.0.1", "::1")
ELSEWHERE = ("broker.example.org",)


@dataclass(frozen=True, slots=True)
class Holder:
    """A private key, and the certificates from its own to that of its authority."""

    key: Any
    chain: tuple[Any, ...]

    @property
    def certificate(self) -> Any:
        return self.chain[0]


def make_all(folder: Path) -> None:
    """Fill `folder`, unless an earlier start has done so.

    `ca.pem` and `truststore.*` are for clients, `client.*` hold the key of one; `broker*.p12` are
    the broker's own, of which one has expired and one names another host.
    """
    if (folder / COMPLETE).exists():
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = issue("Penstock local authority")
    write_trusted(folder, authority.certificate)
    for name, names, expired in (
        ("broker", HERE, False),
        ("broker-expired", HERE, True),
        ("broker-misnamed", ELSEWHERE, False),
    ):
        holder = issue(names[0], authority, names, expired=expired)
        write_private(folder / f"{name}.p12", pkcs12(holder))
    write_identity(folder, issue("client", authority))
    (folder / COMPLETE).touch()


def issue(
    name: str,
    by: Holder | None = None,
    hosts: tuple[str, ...] = (),
    *,
    authority: bool = False,
    expired: bool = False,
) -> Holder:
    """A certificate for `name`. An authority may issue others; without an issuer it is one."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    now = datetime.datetime.now(datetime.UTC)
    end = now - HOUR if expired else now + VALID
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signing = key if by is None else by.key
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if by is None else by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(end - VALID - HOUR)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=authority or by is None, path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False
        )
    )
    if hosts:
        made = made.add_extension(x509.SubjectAlternativeName(list(map(_name, hosts))), False)
    certificate = made.sign(signing, hashes.SHA256())
    return Holder(key, (certificate, *(() if by is None else by.chain)))


def _name(host: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


# Forms ------------------------------------------------------------------------------------------


def write_trusted(folder: Path, certificate: Any) -> None:
    """`ca.pem`, `truststore.p12` and `truststore.jks`."""
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import (
        PKCS12Certificate,
        serialize_java_truststore,
    )

    entry = PKCS12Certificate(certificate, b"ca")
    locked = BestAvailableEncryption(STORE_PASSWORD.encode())
    (folder / "ca.pem").write_text(pem(certificate), "ascii")
    (folder / "truststore.p12").write_bytes(serialize_java_truststore([entry], locked))
    store = java_key_store.trust_store([der(certificate)], STORE_PASSWORD)
    (folder / "truststore.jks").write_bytes(store)


def write_identity(folder: Path, holder: Holder) -> None:
    """`client.pem`, `client.p12` and `client.jks`: a key and its certificates."""
    chain = "".join(map(pem, holder.chain))
    write_private(folder / "client.pem", (private_pem(holder.key) + chain).encode())
    write_private(folder / "client.p12", pkcs12(holder))
    store = java_key_store.key_store(
        private_der(holder.key), list(map(der, holder.chain)), STORE_PASSWORD, STORE_PASSWORD
    )
    write_private(folder / "client.jks", store)


def write_private(path: Path, content: bytes) -> None:
    """A file that only its owner reads, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)


def pkcs12(holder: Holder) -> bytes:
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

    locked = BestAvailableEncryption(STORE_PASSWORD.encode())
    own, *issuers = holder.chain
    return serialize_key_and_certificates(b"key", holder.key, own, issuers, locked)


def pem(certificate: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.PEM).decode()


def der(certificate: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def private_pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def private_der(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
