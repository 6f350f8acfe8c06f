"""The secured listeners of a local Kafka: their settings, and what clients need to reach them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from penstock.broker import certificates
from penstock.broker.certificates import STORE_PASSWORD
from penstock.broker.settings import HOST

USER = "penstock"
USERS = {USER: "penstock-secret", "other": "other-secret"}  # for everybody to know
SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")
FOLDER = "tls"
_MODULE = "org.apache.kafka.common.security."


class Listener(NamedTuple):
    """An address of the broker."""

    name: str
    protocol: str
    store: str = "broker.p12"


SECURED = (
    Listener("SASL_SSL", "SASL_SSL"),
    Listener("SSL", "SSL"),  # the one that asks clients for a certificate
    Listener("SASL_PLAINTEXT", "SASL_PLAINTEXT"),
)
FAULTY = (
    Listener("EXPIRED", "SASL_SSL", "broker-expired.p12"),
    Listener("MISNAMED", "SASL_SSL", "broker-misnamed.p12"),
)


def listeners(*, secure: bool, faulty: bool) -> tuple[Listener, ...]:
    """The ones to open next to the plain one."""
    return (*(SECURED if secure or faulty else ()), *(FAULTY if faulty else ()))


def prepare(folder: Path) -> Path:
    """The folder with certificates, made if it is not there."""
    certificates.make_all(folder / FOLDER)
    return folder / FOLDER


def listener_settings(
    plain: Mapping[str, str], ports: Mapping[Listener, int], tls: Path
) -> dict[str, str]:
    """The broker settings of these listeners, next to those of a `plain` broker."""
    addresses = [f"{one.name}://{HOST}:{port}" for one, port in ports.items()]
    protocols = [f"{one.name}:{one.protocol}" for one in ports]
    settings = {
        name: ",".join((plain[name], *more))
        for name, more in (
            ("listeners", addresses),
            ("advertised.listeners", addresses),
            ("listener.security.protocol.map", protocols),
        )
    }
    for one in ports:
        settings |= _listener(one, tls)
    return settings


def _listener(one: Listener, tls: Path) -> dict[str, str]:
    prefix = f"listener.name.{one.name.lower()}."
    settings: dict[str, str] = {}
    if one.protocol.endswith("SSL"):
        settings |= _encrypted(tls / one.store)
    if one.protocol == "SSL":
        settings |= _asking_for_certificates(tls)
    if one.protocol.startswith("SASL"):
        settings |= _logins()
    return {prefix + name: value for name, value in settings.items()}


def _encrypted(store: Path) -> dict[str, str]:
    return {
        "ssl.keystore.location": str(store),
        "ssl.keystore.type": "PKCS12",
        "ssl.keystore.password": STORE_PASSWORD,
        "ssl.key.password": STORE_PASSWORD,
    }


def _asking_for_certificates(tls: Path) -> dict[str, str]:
    return {
        "ssl.client.auth": "required",
        "ssl.truststore.location": str(tls / "truststore.p12"),
        "ssl.truststore.type": "PKCS12",
        "ssl.truststore.password": STORE_PASSWORD,
    }


def _logins() -> dict[str, str]:
    """Passwords are checked; tokens are taken as they are, also without a signature."""
    known = " ".join(f'user_{name}="{password}"' for name, password in USERS.items())
    scram = f"{_MODULE}scram.ScramLoginModule required;"
    return {
        "sasl.enabled.mechanisms": ",".join(("PLAIN", *SCRAM, "OAUTHBEARER")),
        "plain.sasl.jaas.config": f"{_MODULE}plain.PlainLoginModule required {known};",
        **{f"{mechanism.lower()}.sasl.jaas.config": scram for mechanism in SCRAM},
        "oauthbearer.sasl.jaas.config": f"{_MODULE}oauthbearer.OAuthBearerLoginModule required "
        'unsecuredLoginStringClaim_sub="broker";',
    }


def scram_arguments() -> list[str]:
    """What Kafka's storage tool needs to know the users."""
    pairs = [(mechanism, user) for mechanism in SCRAM for user in USERS]
    texts = [f"{m}=[name={user},password={USERS[user]}]" for m, user in pairs]
    return [argument for text in texts for argument in ("--add-scram", text)]


def client_properties(listener: str, tls: Path, mechanism: str = "PLAIN") -> dict[str, str]:
    """How a client reaches a listener, as Java's clients are told."""
    protocol = next(one.protocol for one in (*SECURED, *FAULTY) if one.name == listener)
    properties = {"security.protocol": protocol}
    if protocol.startswith("SASL"):
        module = "plain.Plain" if mechanism == "PLAIN" else "scram.Scram"
        properties["sasl.mechanism"] = mechanism
        properties["sasl.jaas.config"] = (
            f'{_MODULE}{module}LoginModule required username="{USER}" password="{USERS[USER]}";'
        )
    if protocol.endswith("SSL"):
        properties["ssl.truststore.type"] = "PEM"
        properties["ssl.truststore.location"] = str(tls / "ca.pem")
    if protocol == "SSL":
        properties["ssl.keystore.type"] = "PEM"
        properties["ssl.keystore.location"] = str(tls / "client.pem")
    return properties
