"""https listeners, with certificates made for the test."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest

from penstock.rest.server import RestServer
from penstock.rest.settings import Listener, RestSettings, rest_settings
from penstock.rest.tls import client_context, server_context
from penstock.sdk.errors import ConfigError
from tests.unit.rest.certificates import Certified, certified
from tests.unit.rest.test_server import play

STORES = Path(__file__).parents[1] / "runtime" / "key_stores"
AUTHORITY = certified("authority")
SERVER = certified("w", AUTHORITY)
CLIENT = certified("client", AUTHORITY)
STRANGER = certified("client", certified("another authority"))
PEM = {
    "ssl.keystore.type": "PEM",
    "ssl.keystore.key": SERVER.key_pem(),
    "ssl.keystore.certificate.chain": SERVER.certificate_pem,
}
TRUST = {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": AUTHORITY.certificate_pem}


def trusting(certificate: str = AUTHORITY.certificate_pem) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=certificate)


def presenting(client: Certified, folder: Path) -> ssl.SSLContext:
    context = trusting()
    path = folder / "client.pem"
    path.write_text(client.key_pem() + client.certificate_pem)
    context.load_cert_chain(path)
    return context


def ask(settings: dict[str, str], context: ssl.SSLContext) -> str:
    """The version of TLS with which GET /connectors was answered."""
    found: list[str] = []

    async def scene(server: RestServer) -> None:
        assert server.url.startswith("https://")
        url = server.url + "connectors"
        async with (
            httpx.AsyncClient(verify=context) as client,
            client.stream("GET", url) as answer,
        ):
            assert answer.status_code == 200
            stream = answer.extensions["network_stream"]
            found.append(stream.get_extra_info("ssl_object").version())

    play(scene, RestSettings(listeners=(Listener("https", "127.0.0.1", 0),), ssl=settings))
    return found[0]


def test_an_https_listener_answers_with_a_certificate_given_as_pem():
    assert ask(PEM, trusting()) == "TLSv1.3"


def test_a_key_that_is_locked_is_opened_with_its_password(tmp_path: Path):
    store = tmp_path / "store.pem"
    store.write_text(SERVER.key_pem("secret") + SERVER.certificate_pem)
    settings = {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(store)}
    ask(settings | {"ssl.key.password": "secret"}, trusting())
    with pytest.raises(ConfigError, match=r"is ssl\.key\.password right"):
        server_context(settings | {"ssl.key.password": "other"})


@pytest.mark.parametrize("kind", ["PKCS12", "pkcs12", "JKS"])
def test_a_key_comes_from_a_pkcs12_store(tmp_path: Path, kind: str):
    store = tmp_path / "store.p12"
    store.write_bytes(SERVER.pkcs12("secret"))
    settings = {"ssl.keystore.type": kind, "ssl.keystore.location": str(store)}
    ask(settings | {"ssl.keystore.password": "secret"}, trusting())


def test_a_key_comes_from_a_jks_store_which_is_the_default():
    settings = {
        "ssl.keystore.location": str(STORES / "identity.jks"),
        "ssl.keystore.password": "store-pw",
        "ssl.key.password": "key-pw",
    }
    ask(settings, trusting((STORES / "w.pem").read_text()))


@pytest.mark.parametrize("wanted", ["none", "requested", "required"])
@pytest.mark.parametrize("client", ["nobody", "known", "stranger"])
def test_clients_show_certificates_as_the_settings_ask(wanted: str, client: str, tmp_path: Path):
    settings = PEM | TRUST | {"ssl.client.auth": wanted}
    shown = {"known": CLIENT, "stranger": STRANGER}.get(client)
    context = trusting() if shown is None else presenting(shown, tmp_path)
    refused = (client == "stranger" and wanted != "none") or (
        client == "nobody" and wanted == "required"
    )
    if refused:
        with pytest.raises(httpx.TransportError):
            ask(settings, context)
    else:
        ask(settings, context)


@pytest.mark.parametrize("store", ["trusted.jks", "trusted.p12"])
def test_clients_are_trusted_by_a_store(store: str):
    settings = {
        "ssl.client.auth": "required",
        "ssl.truststore.location": str(STORES / store),
        "ssl.truststore.password": "store-pw",
    }
    context = server_context(PEM | settings)
    assert context.cert_store_stats()["x509"] == 1


def test_a_certificate_that_is_trusted_itself_needs_no_authority(tmp_path: Path):
    settings = PEM | {"ssl.client.auth": "required", "ssl.truststore.type": "PEM"}
    known = {"ssl.truststore.certificates": CLIENT.certificate_pem}
    ask(settings | known, presenting(CLIENT, tmp_path))


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_only_the_versions_that_are_enabled_are_spoken(version: str):
    assert ask(PEM | {"ssl.enabled.protocols": version}, trusting()) == version


@pytest.mark.parametrize(
    ("suites", "version"),
    [
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLSv1.2"),
        ("TLS_AES_256_GCM_SHA384", "TLSv1.3"),
        ("TLS_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLSv1.3"),
        ("ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2"),
    ],
)
def test_cipher_suites_are_named_as_java_names_them(suites: str, version: str):
    assert ask(PEM | {"ssl.cipher.suites": suites}, trusting()) == version


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, r"needs ssl\.keystore\.location"),
        ({"ssl.keystore.type": "PEM"}, r"needs ssl\.keystore\.location"),
        ({"ssl.keystore.type": "BKS", "ssl.keystore.location": "x"}, "must be one of: PEM, JKS"),
        (
            {"ssl.keystore.type": "PEM", "ssl.keystore.location": "/nowhere"},
            r"Invalid value /nowhere for configuration ssl\.keystore\.location",
        ),
        (
            {"ssl.keystore.location": str(STORES / "identity.jks"), "ssl.keystore.password": "no"},
            "cannot be used: it was changed, or its password is another",
        ),
        (PEM | {"ssl.keystore.key": "x"}, "must hold a certificate chain and its private key"),
        (PEM | {"ssl.client.auth": "maybe"}, "must be one of: none, requested, required"),
        (PEM | {"ssl.cipher.suites": "NO_SUCH"}, "none of these cipher suites is known"),
        (
            PEM | {"ssl.client.auth": "required", "ssl.truststore.location": "/nowhere"},
            r"ssl\.truststore\.location",
        ),
        ({"ssl.enabled.protocols": "SSLv3"}, r"at least one of TLSv1\.2, TLSv1\.3"),
    ],
)
def test_tls_settings_that_cannot_be_used_are_named(settings: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message) as caught:
        server_context(settings)
    assert "PRIVATE" not in str(caught.value)


def test_workers_ask_each_other_with_the_settings_of_their_listeners():
    both = PEM | TRUST | {"ssl.client.auth": "required"}
    assert ask(both, client_context(both)) == "TLSv1.3"


def test_a_worker_asks_no_worker_that_others_have_signed():
    others = certified("another authority").certificate_pem
    trusts_others = TRUST | {"ssl.truststore.certificates": others}
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        ask(PEM, client_context(trusts_others))


def test_host_names_are_compared_unless_that_is_turned_off():
    assert client_context(TRUST).check_hostname
    off = {"ssl.endpoint.identification.algorithm": ""}
    assert not client_context(TRUST | off).check_hostname


def test_settings_below_the_listeners_prefix_are_used_alone():
    given = {"ssl.keystore.type": "PEM", "ssl.protocol": "TLS"}
    assert rest_settings(given).ssl == given
    own = {"listeners.https.ssl.keystore.type": "PKCS12"}
    assert rest_settings(given | own).ssl == {"ssl.keystore.type": "PKCS12"}
    admin = {"admin.listeners.https.ssl.keystore.type": "JKS"}
    assert rest_settings(given | own | admin).admin_ssl == {"ssl.keystore.type": "JKS"}
