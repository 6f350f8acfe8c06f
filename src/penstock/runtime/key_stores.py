"""Java's key stores as PEM: the keys and certificates in a file of type JKS or PKCS12.

What a file is says its beginning, as Java reads both under either name. JKS is read here, as no
kept library does; PKCS12 by `cryptography`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates

_JKS = b"\xfe\xed\xfe\xed"
_JCEKS = b"\xce\xce\xce\xce"
_WHITENER = b"Mighty Aphrodite"  # a part of the format
_DIGEST_BYTES = 20
_KEY_ENTRY, _CERTIFICATE_ENTRY = 1, 2


class KeyStoreError(ValueError):
    """Why a key store cannot be used; never with a password in it."""


class Identity(NamedTuple):
    """A private key, and the certificates that vouch for it, as PEM."""

    key: str
    chain: str


class _Entry(NamedTuple):
    key: bytes | None  # still encrypted; None for a certificate that is trusted
    certificates: Sequence[bytes]


def identity(content: bytes, password: str | None, key_password: str | None) -> Identity:
    """The first key of a store, and its chain. Raises KeyStoreError."""
    if not _is_jks(content):
        return _pkcs12_identity(content, password)
    found = next((entry for entry in _jks(content, password) if entry.key is not None), None)
    if found is None or found.key is None:
        raise KeyStoreError("it holds no private key")
    key = _unlocked(found.key, key_password or password or "")
    return Identity(_pem("PRIVATE KEY", key), _certificates(found.certificates))


def trusted(content: bytes, password: str | None) -> str:
    """The certificates that a store trusts. Raises KeyStoreError."""
    if _is_jks(content):
        entries = [entry for entry in _jks(content, password) if entry.key is None]
        found = [certificate for entry in entries for certificate in entry.certificates]
    else:
        found = _pkcs12_trusted(content, password)
    if not found:
        raise KeyStoreError("it holds no certificate to trust")
    return _certificates(found)


def _is_jks(content: bytes) -> bool:
    if content.startswith(_JCEKS):
        raise KeyStoreError("it is of type JCEKS; convert it to PKCS12 with keytool")
    return content.startswith(_JKS)


# JKS --------------------------------------------------------------------------------------------


class _Reader:
    """Big-endian fields, one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def take(self, count: int) -> bytes:
        self._at += count
        if self._at > len(self._content):
            raise KeyStoreError("it ends in the middle")
        return self._content[self._at - count : self._at]

    def number(self, size: int = 4) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self) -> bytes:
        return self.take(self.number())

    def skip_text(self) -> None:
        self.take(self.number(2))


def _jks(content: bytes, password: str | None) -> list[_Entry]:
    """Its entries. Without a password the store is not checked, as in Java."""
    body, digest = content[:-_DIGEST_BYTES], content[-_DIGEST_BYTES:]
    if password:
        found = hashlib.sha1(_java_text(password) + _WHITENER + body).digest()
        if not hmac.compare_digest(found, digest):
            raise KeyStoreError("it was changed, or its password is another")
    reader = _Reader(body)
    reader.take(len(_JKS))
    version = reader.number()
    if version not in (1, 2):
        raise KeyStoreError(f"its version {version} is not known")
    return [_entry(reader, version) for _ in range(reader.number())]


def _entry(reader: _Reader, version: int) -> _Entry:
    kind = reader.number()
    reader.skip_text()  # its alias
    reader.take(8)  # when it was made
    if kind == _CERTIFICATE_ENTRY:
        return _Entry(None, [_certificate(reader, version)])
    if kind != _KEY_ENTRY:
        raise KeyStoreError(f"it has an entry of the unknown kind {kind}")
    key = reader.block()
    return _Entry(key, [_certificate(reader, version) for _ in range(reader.number())])


def _certificate(reader: _Reader, version: int) -> bytes:
    if version == 2:
        reader.skip_text()  # always X.509
    return reader.block()


def _unlocked(protected: bytes, password: str) -> bytes:
    """A key of JKS, as PKCS #8: a stream of SHA-1 digests lies over it."""
    data = _last_octets(protected)
    salt, check = data[:_DIGEST_BYTES], data[-_DIGEST_BYTES:]
    body = data[_DIGEST_BYTES:-_DIGEST_BYTES]
    secret, block, stream = _java_text(password), salt, b""
    while len(stream) < len(body):
        block = hashlib.sha1(secret + block).digest()
        stream += block
    key = bytes(a ^ b for a, b in zip(body, stream, strict=False))
    if not hmac.compare_digest(hashlib.sha1(secret + key).digest(), check):
        raise KeyStoreError("the password of its key is another")
    return key


def _last_octets(der: bytes) -> bytes:
    """Of a sequence of an algorithm and the encrypted octets, the latter."""
    sequence = _Reader(_element(_Reader(der)))
    _element(sequence)
    return _element(sequence)


def _element(reader: _Reader) -> bytes:
    """The value of the next element of DER."""
    reader.take(1)
    size = reader.number(1)
    return reader.take(reader.number(size & 0x7F) if size & 0x80 else size)


def _java_text(password: str) -> bytes:
    return password.encode("utf-16-be")


# PKCS12 -----------------------------------------------------------------------------------------


def _pkcs12_identity(content: bytes, password: str | None) -> Identity:
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    store = _pkcs12(content, password)
    if store.key is None or store.cert is None:
        raise KeyStoreError("it holds no private key with a certificate")
    key = store.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    chain = [store.cert, *store.additional_certs]
    der = [held.certificate.public_bytes(Encoding.DER) for held in chain]
    return Identity(_pem("PRIVATE KEY", key), _certificates(der))


def _pkcs12_trusted(content: bytes, password: str | None) -> list[bytes]:
    from cryptography.hazmat.primitives.serialization import Encoding

    store = _pkcs12(content, password)
    return [held.certificate.public_bytes(Encoding.DER) for held in store.additional_certs]


def _pkcs12(content: bytes, password: str | None) -> PKCS12KeyAndCertificates:
    from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

    try:
        return load_pkcs12(content, None if password is None else password.encode())
    except ValueError as error:
        raise KeyStoreError("it is no JKS or PKCS12 store, or its password is another") from error


# PEM --------------------------------------------------------------------------------------------


def _certificates(found: Sequence[bytes]) -> str:
    return "".join(_pem("CERTIFICATE", der) for der in found)


def _pem(label: str, der: bytes) -> str:
    lines = "\n".join(textwrap.wrap(base64.b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
