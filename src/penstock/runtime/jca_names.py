"""The names by which settings know Java's algorithms, in the order Java lists them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from penstock.runtime.java_order import hash_order

# A name without a digest is one Java accepts in a setting and then cannot use with a plain key.
MACS: Final[dict[str, str | None]] = {
    "SslMacSHA1": None,
    "HmacSHA3-512": "sha3_512",
    "HmacSHA3-256": "sha3_256",
    "HmacSHA512": "sha512",
    "HmacPBESHA384": None,
    "HmacPBESHA1": None,
    "HmacSHA512/256": "sha512_256",
    "HmacMD5": "md5",
    "HmacSHA256": "sha256",
    "PBEWithHmacSHA384": None,
    "HmacPBESHA224": None,
    "HmacSHA1": "sha1",
    "HmacPBESHA512/224": None,
    "PBEWithHmacSHA224": None,
    "HmacSHA3-384": "sha3_384",
    "HmacSHA3-224": "sha3_224",
    "PBEWithHmacSHA1": None,
    "PBEWithHmacSHA256": None,
    "HmacSHA512/224": "sha512_224",
    "HmacPBESHA256": None,
    "HmacSHA224": "sha224",
    "HmacSHA384": "sha384",
    "HmacPBESHA512": None,
    "SslMacMD5": None,
    "PBEWithHmacSHA512": None,
    "HmacPBESHA512/256": None,
}

KEY_GENERATORS: Final = tuple(
    hash_order(
        [
            *(name for name, digest in MACS.items() if digest is not None),
            "AES",
            "ARCFOUR",
            "Blowfish",
            "ChaCha20",
            "DES",
            "DESede",
            "RC2",
            "SunTls12Prf",
            "SunTlsKeyMaterial",
            "SunTlsMasterSecret",
            "SunTlsPrf",
            "SunTlsRsaPremasterSecret",
        ]
    )
)

LEAST_KEY_BITS: Final = 40


def known(name: str, names: Iterable[str]) -> bool:
    """Whether one of the names is meant; Java ignores case."""
    return name.upper() in (each.upper() for each in names)
