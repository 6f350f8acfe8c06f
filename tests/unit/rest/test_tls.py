"""https listeners, with certificates made for the test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from penstock.rest.server import RestServer
from penstock.rest.settings import Listener, RestSettings, rest_settings
from penstock.rest.tls import server_context
from penstock.sdk.errors import ConfigError
from tests.unit.rest.test_server import play

OPENSSL = shutil.which("openssl")


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Key and certificate of 127.0.0.1."""
    if OPENSSL is None:
        pytest.skip("needs the openssl command")
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    named = ["-subj", "/CN=w", "-addext", "subjectAltName=IP:127.0.0.1"]
    out = ["-keyout", str(key), "-out", str(certificate)]
    command = [OPENSSL, "req", "-x509", *made, *named, *out]
    subprocess.run(command, check=True, capture_output=True)
    return key.read_text(), certificate.read_text()


def test_an_https_listener_answers(identity: tuple[str, str], tmp_path: Path):
    key, certificate = identity
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(certificate)

    async def scene(server: RestServer) -> None:
        import ssl

        context = ssl.create_default_context(cafile=str(trusted))
        async with httpx.AsyncClient(verify=context) as client:
            answer = await client.get(server.url + "connectors")
        assert answer.json() == []
        assert server.url.startswith("https://")

    pem = {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.key": key,
        "ssl.keystore.certificate.chain": certificate,
    }
    play(scene, RestSettings(listeners=(Listener("https", "127.0.0.1", 0),), ssl=pem))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "only PEM key stores can be read"),
        ({"ssl.keystore.type": "PEM"}, "needs ssl.keystore.location"),
        (
            {"ssl.keystore.type": "PEM", "ssl.keystore.location": "/nowhere"},
            "Invalid value /nowhere for configuration ssl.keystore.location",
        ),
        (
            {
                "ssl.keystore.type": "PEM",
                "ssl.keystore.key": "x",
                "ssl.keystore.certificate.chain": "y",
            },
            "must hold a certificate chain and its private key",
        ),
        ({"ssl.enabled.protocols": "SSLv3"}, "at least one of TLSv1.2, TLSv1.3"),
    ],
)
def test_tls_settings_that_cannot_be_used_are_named(settings: dict[str, str], message: str):
    with pytest.raises(ConfigError, match=message):
        server_context(settings)


def test_tls_settings_come_from_the_worker():
    found = rest_settings({"listeners": "https://:1", "ssl.keystore.type": "PEM"})
    assert found.ssl == {"ssl.keystore.type": "PEM"}
