"""Key stores that Java's keytool made."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime import key_stores
from penstock.runtime.key_stores import KeyStoreError

FOLDER = Path(__file__).parent / "key_stores"
CERTIFICATE = (FOLDER / "w.pem").read_text().split()
JKS = (FOLDER / "identity.jks").read_bytes()
PKCS12 = (FOLDER / "identity.p12").read_bytes()


@pytest.mark.parametrize(("content", "key_password"), [(JKS, "key-pw"), (PKCS12, None)])
def test_a_key_comes_with_its_certificates(content: bytes, key_password: str | None):
    found = key_stores.identity(content, "store-pw", key_password)
    assert found.chain.split() == CERTIFICATE
    assert found.key.startswith("-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize("name", ["trusted.jks", "trusted.p12"])
def test_certificates_to_trust_are_read(name: str):
    content = (FOLDER / name).read_bytes()
    assert key_stores.trusted(content, "store-pw").split() == CERTIFICATE


def test_a_jks_store_of_certificates_needs_no_password():
    content = (FOLDER / "trusted.jks").read_bytes()
    assert key_stores.trusted(content, None).split() == CERTIFICATE


@pytest.mark.parametrize(
    ("content", "password", "key_password", "message"),
    [
        (JKS, "other", "key-pw", "its password is another"),
        (JKS, "store-pw", "other", "the password of its key is another"),
        (JKS, "store-pw", None, "the password of its key is another"),
        (PKCS12, "other", None, "its password is another"),
        ((FOLDER / "trusted.jks").read_bytes(), "store-pw", None, "no private key"),
        ((FOLDER / "trusted.p12").read_bytes(), "store-pw", None, "no private key"),
        (b"\xce\xce\xce\xce", "store-pw", None, "JCEKS"),
        (b"", "store-pw", None, "no JKS or PKCS12 store"),
    ],
)
def test_a_store_that_gives_no_key_says_why(
    content: bytes, password: str, key_password: str | None, message: str
):
    with pytest.raises(KeyStoreError, match=message) as caught:
        key_stores.identity(content, password, key_password)
    assert "store-pw" not in str(caught.value)


@pytest.mark.parametrize("content", [JKS, PKCS12])
def test_a_key_is_not_trusted_for_being_there(content: bytes):
    with pytest.raises(KeyStoreError, match="no certificate to trust"):
        key_stores.trusted(content, "store-pw")


@given(st.integers(0, len(JKS) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_store_is_refused_and_nothing_else(at: int, byte: int, cut: bool):
    damaged = JKS[:at] if cut else JKS[:at] + bytes([byte]) + JKS[at + 1 :]
    for password in ("store-pw", None):
        try:
            key_stores.identity(damaged, password, "key-pw")
        except KeyStoreError:
            continue
        assert password is None or damaged == JKS
