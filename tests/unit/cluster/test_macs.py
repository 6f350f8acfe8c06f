"""Codes under all the names Java has for them."""

from __future__ import annotations

import hmac

import pytest

from penstock.cluster.macs import UnknownAlgorithm, code, generated_length, known
from penstock.sdk.errors import ConnectError


@pytest.mark.parametrize("name", ["HmacSHA256", "hmacsha256", "1.2.840.113549.2.9"])
def test_a_code_has_several_names(name: str) -> None:
    assert code(b"k", b"[]", name) == hmac.digest(b"k", b"[]", "sha256")
    assert generated_length(name) == 32


@pytest.mark.parametrize("name", ["", "nope", "SHA-256"])
def test_an_unknown_name_is_refused(name: str) -> None:
    with pytest.raises(UnknownAlgorithm, match=f"Algorithm {name} not available"):
        known(name)
    with pytest.raises(ConnectError, match="NoSuchAlgorithmException"):
        code(b"k", b"", name)


def test_codes_of_passwords_are_known_but_cannot_be_computed() -> None:
    known("HmacPBESHA256")
    with pytest.raises(ConnectError, match="InvalidKeyException: Missing password"):
        code(b"k", b"", "HmacPBESHA256")


def test_the_padded_codes_of_old_connections_are_hashes_of_hashes() -> None:
    assert code(b"k", b"", "SslMacMD5").hex() == "a3a12562d382b1591a3f5f49f5f63a7a"
