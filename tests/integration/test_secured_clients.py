"""Both Kafka clients reach every listener with the same Java properties, and fail alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.broker import LocalKafka
from penstock.broker.certificates import STORE_PASSWORD
from penstock.cli.broker import announce_secured
from penstock.kafka.cluster import ClusterLookup
from penstock.kafka.groups import KafkaGroups
from penstock.kafka.properties import ClientKind, to_librdkafka
from penstock.runtime.properties import parse_properties
from penstock.sdk.errors import ConnectError
from tests.integration.secured import WRONG, Strangers, impossible
from tests.token_endpoint import token_endpoint

pytestmark = [pytest.mark.integration, pytest.mark.xdist_group("secured")]

OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required "
UNSIGNED = OAUTH + 'unsecuredLoginStringClaim_sub="me" unsecuredLoginLifetimeSeconds="60";'


def with_librdkafka(properties: dict[str, str]) -> None:
    assert ClusterLookup(properties).run()


def with_kafka_python(properties: dict[str, str]) -> None:
    settings = to_librdkafka(properties, ClientKind.ADMIN).settings
    assert KafkaGroups(settings, 60).group_offsets("nobody") == {}


Client = Callable[[dict[str, str]], None]
both_clients = pytest.mark.parametrize("reach", [with_librdkafka, with_kafka_python])


@both_clients
@pytest.mark.parametrize("listener", ["SASL_SSL", "SASL_PLAINTEXT"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_passwords_log_in(
    reach: Client, listener: str, mechanism: str, secured: LocalKafka
) -> None:
    reach(secured.client_properties(listener, mechanism))


@both_clients
@pytest.mark.parametrize(("kind", "end"), [("JKS", "jks"), ("PKCS12", "p12"), ("PEM", "pem")])
def test_a_client_certificate_is_shown_with_those_between_it_and_the_root(
    reach: Client, kind: str, end: str, secured: LocalKafka, strangers: Strangers
) -> None:
    trusted = "ca.pem" if kind == "PEM" else f"truststore.{end}"
    reach(
        {
            "bootstrap.servers": secured.address("SSL"),
            "security.protocol": "SSL",
            "ssl.enabled.protocols": "TLSv1.2",
            "ssl.truststore.type": kind,
            "ssl.truststore.location": str(secured.tls / trusted),
            "ssl.keystore.type": kind,
            "ssl.keystore.location": str(strangers.folder / f"client.{end}"),
            **(passwords() if kind != "PEM" else {}),
        }
    )


def passwords() -> dict[str, str]:
    names = ("ssl.truststore.password", "ssl.keystore.password", "ssl.key.password")
    return dict.fromkeys(names, STORE_PASSWORD)


@both_clients
@pytest.mark.parametrize("name", ["client.pem", "single.pem"])
def test_certificates_and_key_may_stand_in_the_settings(
    reach: Client, name: str, secured: LocalKafka, strangers: Strangers
) -> None:
    key, begin, chain = (strangers.folder / name).read_text().partition("-----BEGIN CERT")
    reach(
        {
            "bootstrap.servers": secured.address("SSL"),
            "security.protocol": "SSL",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.certificates": (secured.tls / "ca.pem").read_text().replace("\n", " "),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.key": key.replace("\n", " "),
            "ssl.keystore.certificate.chain": (begin + chain).replace("\n", " "),
        }
    )


@both_clients
def test_an_empty_algorithm_takes_a_certificate_for_another_host(
    reach: Client, secured: LocalKafka
) -> None:
    any_host = {"ssl.endpoint.identification.algorithm": ""}
    reach(secured.client_properties("MISNAMED") | any_host)


@both_clients
def test_a_token_of_an_endpoint_logs_in(reach: Client, secured: LocalKafka) -> None:
    with token_endpoint() as endpoint:
        reach(
            secured.client_properties()
            | {
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.token.endpoint.url": endpoint.url,
                "sasl.jaas.config": OAUTH + 'clientId="me" clientSecret="right" scope="kafka";',
            }
        )
    asked = endpoint.asked[-1]
    assert (asked["grant_type"], asked["scope"]) == (["client_credentials"], ["kafka"])


@both_clients
def test_a_token_that_is_not_given_is_explained(reach: Client, secured: LocalKafka) -> None:
    with token_endpoint() as endpoint, pytest.raises(Exception, match="no token to log in") as told:
        reach(
            secured.client_properties()
            | {
                "sasl.mechanism": "OAUTHBEARER",
                "sasl.oauthbearer.token.endpoint.url": endpoint.url,
                "sasl.jaas.config": f'{OAUTH} clientId="me" clientSecret="{WRONG}";',
            }
        )
    assert WRONG not in str(told.value)


@both_clients
def test_tokens_without_a_signature_serve_development(reach: Client, secured: LocalKafka) -> None:
    login = {"sasl.mechanism": "OAUTHBEARER", "sasl.jaas.config": UNSIGNED}
    reach(secured.client_properties() | login)


def test_the_command_prints_what_a_client_needs(
    secured: LocalKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    announce_secured(secured)
    told, _, properties = capsys.readouterr().out.partition("\n\n")
    assert secured.address("EXPIRED") in told
    with_librdkafka(parse_properties(properties))


@pytest.mark.parametrize("name", ["scram password", "no login", "needless login",
                                  "certificate of a stranger"])  # fmt: skip
def test_librdkafka_says_what_can_never_work(
    name: str, secured: LocalKafka, strangers: Strangers
) -> None:
    """The others are those that end whole workers."""
    properties, sentence = impossible(secured, strangers)[name]
    with pytest.raises(ConnectError, match=sentence):
        with_librdkafka(properties)


@pytest.mark.parametrize(
    "name",
    ["password", "authority", "expired", "host name", "tls to plain", "plain to tls", "no login",
     "needless login", "certificate of a stranger"],
)  # fmt: skip
def test_kafka_python_says_the_same_of_what_can_never_work(
    name: str, secured: LocalKafka, strangers: Strangers
) -> None:
    properties, sentence = impossible(secured, strangers)[name]
    with pytest.raises(Exception, match=sentence) as told:
        with_kafka_python(properties)
    assert WRONG not in str(told.value)
