"""Message authentication codes by the names that Java knows them by."""

from __future__ import annotations

import hashlib
import hmac

from penstock.sdk.errors import ConnectError, java_class

# Java's name in lower case -> hashlib's name, and the bytes of a key Java generates for it.
_HASHES = {
    "hmacmd5": ("md5", 64),
    "hmacsha1": ("sha1", 64),
    "hmacsha224": ("sha224", 28),
    "hmacsha256": ("sha256", 32),
    "hmacsha384": ("sha384", 48),
    "hmacsha512": ("sha512", 64),
    "hmacsha512/224": ("sha512_224", 28),
    "hmacsha512/256": ("sha512_256", 32),
    "hmacsha3-224": ("sha3_224", 28),
    "hmacsha3-256": ("sha3_256", 32),
    "hmacsha3-384": ("sha3_384", 48),
    "hmacsha3-512": ("sha3_512", 64),
}
_OBJECT_IDS = {
    "1.2.840.113549.2.7": "hmacsha1",
    "1.2.840.113549.2.8": "hmacsha224",
    "1.2.840.113549.2.9": "hmacsha256",
    "1.2.840.113549.2.10": "hmacsha384",
    "1.2.840.113549.2.11": "hmacsha512",
    "1.2.840.113549.2.12": "hmacsha512/224",
    "1.2.840.113549.2.13": "hmacsha512/256",
    "2.16.840.1.101.3.4.2.13": "hmacsha3-224",
    "2.16.840.1.101.3.4.2.14": "hmacsha3-256",
    "2.16.840.1.101.3.4.2.15": "hmacsha3-384",
    "2.16.840.1.101.3.4.2.16": "hmacsha3-512",
}
_PADDED = {"sslmacmd5": ("md5", 48), "sslmacsha1": ("sha1", 40)}  # of SSL 3.0
_OF_PASSWORDS = frozenset(
    f"{kind}sha{size}"
    for kind in ("hmacpbe", "pbewithhmac")
    for size in ("1", "224", "256", "384", "512", "512/224", "512/256")
)


class UnknownAlgorithm(ValueError):
    """No message authentication code has this name."""

    java_class = "java.security.NoSuchAlgorithmException"


class InvalidKey(ValueError):
    """The code needs another kind of key."""

    java_class = "java.security.InvalidKeyException"


def known(algorithm: str) -> None:
    """Raises UnknownAlgorithm."""
    name = _plain(algorithm)
    if name not in _HASHES and name not in _PADDED and name not in _OF_PASSWORDS:
        raise UnknownAlgorithm(f"Algorithm {algorithm} not available")


def generated_length(algorithm: str) -> int:
    """The bytes of a key that Java generates for it. Raises UnknownAlgorithm."""
    name = _plain(algorithm)
    if name not in _HASHES:
        raise UnknownAlgorithm(f"Algorithm {algorithm} not available")
    return _HASHES[name][1]


def code(key: bytes, body: bytes, algorithm: str) -> bytes:
    """Raises ConnectError for what cannot be computed."""
    try:
        known(algorithm)
        return _code(key, body, _plain(algorithm))
    except (UnknownAlgorithm, InvalidKey) as error:
        raise ConnectError(f"{java_class(error)}: {error}") from error


def _code(key: bytes, body: bytes, name: str) -> bytes:
    if name in _OF_PASSWORDS:
        raise InvalidKey("Missing password")
    if name not in _PADDED:
        return hmac.digest(key, body, _HASHES[name][0])
    kind, pads = _PADDED[name]
    inner = hashlib.new(kind, key + b"\x36" * pads + body).digest()
    return hashlib.new(kind, key + b"\x5c" * pads + inner).digest()


def _plain(algorithm: str) -> str:
    name = algorithm.lower()
    return _OBJECT_IDS.get(name.removeprefix("oid."), name)
