"""Session keys, and the signatures of requests that workers send each other.

Only workers that can read the config topic know the key, so a signature proves membership.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable, Collection, Mapping

from penstock.cluster import base64, macs
from penstock.cluster.config_state import SessionKey
from penstock.cluster.errors import BadRequest, RequestError
from penstock.cluster.ports import Signature

SIGNATURE_HEADER = "X-Connect-Authorization"
ALGORITHM_HEADER = "X-Connect-Request-Signature-Algorithm"

Headers = list[tuple[str, str]]


def key_length(algorithm: str, size_bits: int | None = None) -> int:
    """The bytes of a generated key."""
    length = macs.generated_length(algorithm)
    return length if size_bits is None else (size_bits + 7) // 8


def generate(
    algorithm: str,
    size_bits: int | None,
    now_ms: int,
    random: Callable[[int], bytes] = os.urandom,
) -> SessionKey:
    return SessionKey(random(key_length(algorithm, size_bits)), algorithm, now_ms)


def expiration_ms(key: SessionKey, ttl_ms: int, *, at_startup: bool) -> int | None:
    """When a leader replaces the key. Without a time to live it never does, except that a key
    found at start-up is replaced once."""
    return key.created_ms + ttl_ms if ttl_ms > 0 or at_startup else None


def must_rotate(
    key: SessionKey | None,
    expires_ms: int | None,
    now_ms: int,
    algorithm: str,
    size_bits: int | None = None,
) -> bool:
    """Whether a leader of a group with signed requests needs a new key."""
    if key is None or key.algorithm != algorithm:
        return True
    if expires_ms is not None and expires_ms <= now_ms:
        return True
    return len(key.key) != key_length(algorithm, size_bits)


def sign(key: SessionKey, body: bytes | None, algorithm: str) -> Headers:
    """The headers that a request with this body needs."""
    signature = base64.encode(macs.code(key.key, body or b"", algorithm))
    return [(SIGNATURE_HEADER, signature), (ALGORITHM_HEADER, algorithm)]


def read_signature(headers: Mapping[str, str], body: bytes | None) -> Signature | None:
    """What a request carries; None when a header is missing. Raises BadRequest."""
    encoded, algorithm = headers.get(SIGNATURE_HEADER), headers.get(ALGORITHM_HEADER)
    if encoded is None or algorithm is None:
        return None
    try:
        macs.known(algorithm)
        return Signature(body or b"", base64.decode(encoded), algorithm)
    except ValueError as error:
        raise BadRequest(str(error)) from error


def is_valid(signature: Signature, key: SessionKey) -> bool:
    """In constant time."""
    expected = macs.code(key.key, signature.body, signature.algorithm)
    return hmac.compare_digest(expected, signature.signature)


def check(signature: Signature | None, key: SessionKey | None, accepted: Collection[str]) -> None:
    """Let a request pass, or raise what HTTP answers. Only for groups that sign requests."""
    if signature is None:
        raise BadRequest("Internal request missing required signature")
    if signature.algorithm not in accepted:
        raise BadRequest(
            f"This worker does not support the '{signature.algorithm}' key signing algorithm used "
            "by other workers. This worker is currently configured to use: "
            f"[{', '.join(accepted)}]. Check that all workers' configuration files permit the "
            "same set of signature algorithms, and correct any misconfigured worker and restart "
            "it."
        )
    if key is None:
        raise RequestError(
            503,
            "This worker is still starting up and has not been able to read a session key from "
            "the config topic yet",
        )
    if not is_valid(signature, key):
        raise RequestError(403, "Internal request contained invalid signature.")
