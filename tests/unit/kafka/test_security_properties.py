"""Java's TLS and SASL settings become those of librdkafka and of kafka-python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.broker.certificates import STORE_PASSWORD, make_all
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.kafka.properties_python import tls_context, to_kafka_python
from penstock.kafka.properties_ssl import Identity, openssl_name
from penstock.sdk.errors import ConfigError
from tests.unit.kafka.test_properties import made

MODULES = "org.apache.kafka.common.security."
PLAIN = f'{MODULES}plain.PlainLoginModule required username="u" password="p;\\"q";'
SCRAM = f"{MODULES}scram.ScramLoginModule required username=u password='p';"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nTUlJQg==\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nTUlJQg==\n-----END PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stores of every type."""
    folder = tmp_path_factory.mktemp("broker") / "tls"
    make_all(folder)
    return folder


def translated(**properties: str) -> dict[str, Any]:
    named = {name.replace("_", "."): value for name, value in properties.items()}
    return dict(to_librdkafka(named, ClientKind.ADMIN).settings)


def sasl(mechanism: str, jaas: str, **more: str) -> dict[str, Any]:
    return translated(
        security_protocol="sasl_plaintext", sasl_mechanism=mechanism, sasl_jaas_config=jaas, **more
    )


def test_plain_and_scram_take_their_user_from_the_login_module() -> None:
    found = sasl("PLAIN", PLAIN)
    assert (found["sasl.username"], found["sasl.password"]) == ("u", 'p;"q')
    made(found, ClientKind.ADMIN)
    found = sasl("SCRAM-SHA-512", SCRAM)
    assert (found["sasl.mechanism"], found["sasl.password"]) == ("SCRAM-SHA-512", "p")
    made(found, ClientKind.ADMIN)


def test_oauth_asks_the_token_endpoint() -> None:
    jaas = (
        f'{MODULES}oauthbearer.OAuthBearerLoginModule required clientId="c" clientSecret="s" '
        'scope="a b" extension_logicalCluster="l";'
    )
    found = sasl("OAUTHBEARER", jaas, sasl_oauthbearer_token_endpoint_url="https://h/token")
    assert found["sasl.oauthbearer.method"] == "oidc"
    assert found["sasl.oauthbearer.client.id"] == "c"
    assert found["sasl.oauthbearer.client.secret"] == "s"
    assert found["sasl.oauthbearer.scope"] == "a b"
    assert found["sasl.oauthbearer.extensions"] == "logicalCluster=l"


def test_oauth_without_signature_serves_development() -> None:
    jaas = (
        f"{MODULES}oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="alice" unsecuredLoginLifetimeSeconds="60";'
    )
    found = sasl("OAUTHBEARER", jaas)
    assert found["sasl.oauthbearer.config"] == "principal=alice lifeSeconds=60"
    made(found, ClientKind.ADMIN)


@pytest.mark.parametrize(
    ("mechanism", "jaas", "complaint"),
    [
        ("PLAIN", SCRAM, "sasl.jaas.config must name a PlainLoginModule"),
        ("PLAIN", "x.PlainLoginModule required username=u;", "needs the option password"),
        ("PLAIN", "x.PlainLoginModule required username=u", "must end with a semicolon"),
        ("PLAIN", "x.PlainLoginModule", "a login module and a control flag are expected"),
        ("PLAIN", "x.PlainLoginModule maybe;", "required, requisite, sufficient, or optional"),
        ("PLAIN", 'x.PlainLoginModule required username="u;', "quotation mark is not closed"),
        ("PLAIN", "x.A required; x.B required;", "one login module only"),
        ("PLAIN", "x.PlainLoginModule required secret;", "options look like"),
        ("AWS_MSK_IAM", PLAIN, "Invalid value AWS_MSK_IAM for configuration sasl.mechanism"),
        ("OAUTHBEARER", "x.OAuthBearerLoginModule required;", "token.endpoint.url is missing"),
        ("GSSAPI", "x.Krb5LoginModule required;", "Kerberos is not supported; take PLAIN"),
        ("", "x.Krb5LoginModule required;", "Kerberos, which is the default, is not supported"),
        ("SCRAM-SHA-256", "x.ScramLoginModule required tokenauth=true;", "delegation token"),
    ],
)
def test_what_cannot_log_in_is_refused_with_a_remedy(
    mechanism: str, jaas: str, complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        sasl(mechanism, jaas)


def test_an_error_in_the_login_module_does_not_show_its_secrets() -> None:
    with pytest.raises(ConfigError) as refused:
        sasl("PLAIN", 'x.PlainLoginModule required password="hunter2"')
    assert "hunter2" not in str(refused.value)


def test_credentials_without_a_protocol_that_uses_them_are_no_matter() -> None:
    assert "sasl.mechanism" not in translated(sasl_mechanism="PLAIN", sasl_jaas_config="nonsense")


def test_pem_given_on_one_line_is_laid_out_in_lines() -> None:
    one_line = CERTIFICATE.replace("\n", " ")
    found = translated(security_protocol="SSL", ssl_truststore_certificates=one_line + one_line)
    assert found["ssl.ca.pem"] == CERTIFICATE * 2


def test_pem_of_a_key_keeps_its_headers() -> None:
    key = (
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n"
        "TUlJQg==\n-----END RSA PRIVATE KEY-----\n"
    )
    found = translated(
        security_protocol="SSL",
        ssl_keystore_key=key,
        ssl_keystore_certificate_chain=CERTIFICATE,
        ssl_key_password="secret",
    )
    assert (found["ssl.key.pem"], found["ssl.certificate.pem"]) == (key, CERTIFICATE)
    assert found["ssl.key.password"] == "secret"


def test_pem_files_are_named_by_location(tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(KEY + CERTIFICATE)
    found = translated(
        security_protocol="SSL",
        ssl_truststore_type="PEM",
        ssl_truststore_location=str(both),
        ssl_keystore_type="pem",
        ssl_keystore_location=str(both),
    )
    assert found["ssl.ca.location"] == str(both)
    assert found["ssl.key.location"] == found["ssl.certificate.location"] == str(both)


@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_java_stores_become_pem_in_memory(tls: Path, kind: str) -> None:
    end = "jks" if kind == "JKS" else "p12"
    found = translated(
        security_protocol="SSL",
        ssl_truststore_type=kind,
        ssl_truststore_location=str(tls / f"truststore.{end}"),
        ssl_truststore_password=STORE_PASSWORD,
        ssl_keystore_type=kind,
        ssl_keystore_location=str(tls / f"client.{end}"),
        ssl_keystore_password=STORE_PASSWORD,
    )
    assert found["ssl.ca.pem"] == (tls / "ca.pem").read_text()
    assert found["ssl.key.pem"] + found["ssl.certificate.pem"] == (tls / "client.pem").read_text()
    made(found, ClientKind.ADMIN)
    assert to_kafka_python(found)["ssl_context"].get_ca_certs()


@pytest.mark.parametrize("store", ["truststore", "keystore"])
@pytest.mark.parametrize("kind", ["JKS", "PKCS12", "PEM"])
def test_a_store_that_is_not_there_is_named_with_its_setting(store: str, kind: str) -> None:
    names = {f"ssl_{store}_type": kind, f"ssl_{store}_location": "/nowhere/x"}
    with pytest.raises(ConfigError, match=rf"/nowhere/x for configuration ssl\.{store}\.location"):
        translated(security_protocol="SSL", **names)


@pytest.mark.parametrize(("store", "file"), [("truststore", "truststore"), ("keystore", "client")])
@pytest.mark.parametrize("kind", ["JKS", "PKCS12"])
def test_a_wrong_store_password_is_told_and_not_shown(
    tls: Path, store: str, file: str, kind: str
) -> None:
    end = "jks" if kind == "JKS" else "p12"
    names = {
        f"ssl_{store}_type": kind,
        f"ssl_{store}_location": str(tls / f"{file}.{end}"),
        f"ssl_{store}_password": "hunter2",
    }
    with pytest.raises(ConfigError, match=rf"Check ssl\.{store}\.password") as refused:
        translated(security_protocol="SSL", **names)
    assert "hunter2" not in str(refused.value)


def test_a_store_of_an_unknown_type_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"BKS for configuration ssl\.truststore\.type"):
        translated(
            security_protocol="SSL",
            ssl_truststore_type="BKS",
            ssl_truststore_location="/t.bks",
        )


class Stores:
    def trusted(self, path: str, kind: str, password: str | None) -> str:
        return f"{path} {kind} {password}"

    def identity(
        self, path: str, kind: str, password: str | None, key_password: str | None
    ) -> Identity:
        return Identity(f"key {key_password}", f"chain {kind} {password}")


def test_java_stores_are_read_through_the_port() -> None:
    found = to_librdkafka(
        {
            "security.protocol": "SSL",
            "ssl.truststore.location": "/t.jks",
            "ssl.truststore.password": "a",
            "ssl.keystore.location": "/k.jks",
            "ssl.keystore.password": "b",
            "ssl.key.password": "c",
        },
        ClientKind.PRODUCER,
        Stores(),
    ).settings
    assert found["ssl.ca.pem"] == "/t.jks JKS a"
    assert (found["ssl.key.pem"], found["ssl.certificate.pem"]) == ("key c", "chain JKS b")


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("ssl.truststore.certificates", "no pem", "expected a PEM certificate"),
        ("ssl.keystore.key", KEY, "needs its certificates"),
        ("ssl.keystore.certificate.chain", CERTIFICATE, "needs its key"),
        ("ssl.endpoint.identification.algorithm", "ldap", "It is https, or empty"),
    ],
)
def test_incomplete_tls_settings_are_refused(name: str, value: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        to_librdkafka({"security.protocol": "SSL", name: value}, ClientKind.ADMIN)


def test_an_empty_algorithm_switches_the_check_of_host_names_off() -> None:
    name = "ssl.endpoint.identification.algorithm"
    assert translated(security_protocol="SSL")[name] == "https"
    found = translated(security_protocol="SSL", ssl_endpoint_identification_algorithm="")
    assert found[name] == "none"
    made(found, ClientKind.ADMIN)


@pytest.mark.parametrize(
    ("java", "openssl"),
    [
        ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384", "ECDHE-ECDSA-AES256-SHA384"),
        ("TLS_RSA_WITH_AES_256_GCM_SHA384", "AES256-GCM-SHA384"),
        ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
        ("TLS_AES_128_GCM_SHA256", None),
    ],
)
def test_cipher_suites_get_openssls_names(java: str, openssl: str | None) -> None:
    assert openssl_name(java) == openssl
    if openssl is not None:
        made(translated(security_protocol="SSL", ssl_cipher_suites=java), ClientKind.ADMIN)


def test_kafka_python_gets_the_same_connection() -> None:
    found = to_kafka_python(
        translated(
            bootstrap_servers="a:1, b:2",
            client_id="me",
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_jaas_config=PLAIN,
            request_timeout_ms="7000",
        )
    )
    assert found["bootstrap_servers"] == ["a:1", "b:2"]
    assert found["sasl_plain_username"] == "u"
    assert (found["client_id"], found["request_timeout_ms"]) == ("me", 7000)
    assert found["security_protocol"] == "SASL_PLAINTEXT"


def test_kafka_python_trusts_what_was_given_and_says_when_it_is_no_use(tmp_path: Path) -> None:
    found = to_kafka_python(
        translated(security_protocol="SSL", ssl_endpoint_identification_algorithm="")
    )
    assert found["ssl_context"].check_hostname is False
    bad = tmp_path / "ca.pem"
    bad.write_text("nothing")
    settings = translated(
        security_protocol="SSL", ssl_truststore_type="PEM", ssl_truststore_location=str(bad)
    )
    with pytest.raises(ConfigError, match="of no use"):
        to_kafka_python(settings)


def test_a_key_given_to_openssl_leaves_no_file(
    tls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seen = list[str]()
    monkeypatch.setattr(
        "ssl.SSLContext.load_cert_chain",
        lambda context, chain, key, password: seen.extend((chain, key, Path(key).read_text())),
    )
    properties = {
        "security.protocol": "SSL",
        "ssl.keystore.location": str(tls / "client.jks"),
        "ssl.keystore.password": STORE_PASSWORD,
    }
    tls_context(to_librdkafka(properties, ClientKind.ADMIN).settings)
    assert "PRIVATE KEY" in seen[2]
    assert not any(still_there(name) for name in seen[:2])
    assert not list(tmp_path.iterdir())


def still_there(name: str) -> bool:
    """A descriptor's number may mean something else by now."""
    path = Path(name)
    return "pem" in str(path.readlink()) if path.is_symlink() else path.exists()
