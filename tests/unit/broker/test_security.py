"""Certificates and settings of the secured listeners of a local Kafka."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from penstock.broker import BrokerError, LocalKafka
from penstock.broker.certificates import ELSEWHERE, HERE, STORE_PASSWORD, issue, make_all
from penstock.broker.java_key_store import key_store, trust_store
from penstock.broker.security import FAULTY, SECURED, client_properties, listener_settings
from penstock.broker.settings import broker_settings
from penstock.runtime.key_stores import identity, trusted


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broker") / "tls"
    make_all(folder)
    return folder


def test_certificates_are_made_once(tls: Path) -> None:
    before = (tls / "ca.pem").read_bytes()
    make_all(tls)
    assert (tls / "ca.pem").read_bytes() == before


def test_certificates_that_were_half_made_are_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "ca.pem").touch()
    make_all(folder)
    assert (folder / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE")


def test_only_the_owner_reads_keys(tls: Path) -> None:
    secret = [path for path in tls.iterdir() if path.name.startswith(("broker", "client"))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}
    assert len(secret) == 6


def test_stores_of_every_type_hold_the_same(tls: Path) -> None:
    ca = (tls / "ca.pem").read_text()
    for name in ("truststore.jks", "truststore.p12"):
        assert trusted((tls / name).read_bytes(), STORE_PASSWORD) == ca
    for name in ("client.jks", "client.p12"):
        key, chain = identity((tls / name).read_bytes(), STORE_PASSWORD, None)
        assert key + chain == (tls / "client.pem").read_text()


def test_a_key_may_have_a_password_of_its_own() -> None:
    store = key_store(b"key", [b"certificate"], "outer", "inner")
    assert identity(store, "outer", "inner").key.startswith("-----BEGIN PRIVATE KEY")
    with pytest.raises(ValueError, match="password of its key"):
        identity(store, "outer", None)


def test_a_trust_store_proves_its_password() -> None:
    store = trust_store([b"certificate"], "right")
    with pytest.raises(ValueError, match="password is another"):
        trusted(store, "wrong")


@pytest.mark.parametrize("expired", [True, False])
def test_a_certificate_may_have_expired(expired: bool) -> None:
    authority = issue("authority")
    made = issue("broker", authority, HERE, expired=expired).certificate
    assert (made.not_valid_after_utc < datetime.now(UTC)) is expired
    made.verify_directly_issued_by(authority.certificate)


def test_one_broker_certificate_names_another_host(tls: Path) -> None:
    store = load_pkcs12((tls / "broker-misnamed.p12").read_bytes(), STORE_PASSWORD.encode())
    assert store.cert is not None
    assert ELSEWHERE[0] in store.cert.certificate.subject.rfc4514_string()


def test_listeners_are_added_to_the_plain_one(tmp_path: Path) -> None:
    plain = broker_settings(tmp_path, 1, 2, {})
    ports = {one: 10 + number for number, one in enumerate((*SECURED, *FAULTY))}
    found = listener_settings(plain, ports, tmp_path)
    assert found["listeners"].startswith(plain["listeners"] + ",SASL_SSL://127.0.0.1:10,SSL:")
    assert "CONTROLLER" not in found["advertised.listeners"]
    assert found["listener.security.protocol.map"].endswith("EXPIRED:SASL_SSL,MISNAMED:SASL_SSL")
    assert found["listener.name.ssl.ssl.client.auth"] == "required"
    assert found["listener.name.expired.ssl.keystore.location"].endswith("broker-expired.p12")
    assert "listener.name.sasl_plaintext.ssl.keystore.location" not in found


def test_clients_are_told_what_a_listener_needs(tmp_path: Path) -> None:
    told = client_properties("SASL_SSL", tmp_path, "SCRAM-SHA-512")
    assert told["sasl.mechanism"] == "SCRAM-SHA-512"
    assert "scram.ScramLoginModule" in told["sasl.jaas.config"]
    assert set(client_properties("SASL_PLAINTEXT", tmp_path)) == {
        "security.protocol",
        "sasl.mechanism",
        "sasl.jaas.config",
    }
    assert client_properties("SSL", tmp_path)["ssl.keystore.location"].endswith("client.pem")


def test_a_plain_broker_has_no_secured_address() -> None:
    with pytest.raises(BrokerError, match="secure=True"):
        LocalKafka().address("SASL_SSL")
