"""Writes Java's own format of key stores (JKS), so that clients can be tried with them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence

MAGIC = 0xFEEDFEED
VERSION = 2
KEY, CERTIFICATE = 1, 2
SALT_BYTES = 20
INTEGRITY = b"Mighty Aphrodite"  # a part of the format
PROTECTED = bytes.fromhex("300e060a2b060104012a021101010500")  # Sun's protection of private keys


def trust_store(certificates: Iterable[bytes], password: str) -> bytes:
    """A store of certificates (DER) to trust."""
    return _store([_head(CERTIFICATE, f"ca-{n}") + _x509(c) for n, c in enumerate(certificates)],
                  password)  # fmt: skip


def key_store(key: bytes, chain: Sequence[bytes], password: str, key_password: str) -> bytes:
    """A store of one private key (PKCS #8, DER) and its certificates."""
    entry = _head(KEY, "key") + _sized(_protected(key, key_password))
    return _store([entry + _number(len(chain)) + b"".join(map(_x509, chain))], password)


def _store(entries: Sequence[bytes], password: str) -> bytes:
    body = _number(MAGIC) + _number(VERSION) + _number(len(entries)) + b"".join(entries)
    return body + hashlib.sha1(password.encode("utf-16-be") + INTEGRITY + body).digest()


def _head(kind: int, alias: str) -> bytes:
    return _number(kind) + _text(alias) + _number(0, 8)  # the time it was made


def _x509(certificate: bytes) -> bytes:
    return _text("X.509") + _sized(certificate)


def _protected(key: bytes, password: str) -> bytes:
    """The key below a stream of digests, with what proves the password, in its envelope."""
    secret, salt = password.encode("utf-16-be"), os.urandom(SALT_BYTES)
    block, stream = salt, b""
    while len(stream) < len(key):
        block = hashlib.sha1(secret + block).digest()
        stream += block
    hidden = bytes(a ^ b for a, b in zip(key, stream, strict=False))
    octets = salt + hidden + hashlib.sha1(secret + key).digest()
    return _element(0x30, PROTECTED + _element(0x04, octets))


def _element(tag: int, content: bytes) -> bytes:
    """An element of DER: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    width = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | width)) + _number(size, width) + content


def _text(text: str) -> bytes:
    return _number(len(text), 2) + text.encode("ascii")


def _sized(content: bytes) -> bytes:
    return _number(len(content)) + content


def _number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size, "big")
