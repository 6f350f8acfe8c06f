"""Mistakes with addresses, certificates and logins of Kafka."""

from __future__ import annotations

from dataclasses import replace

from penstock.runtime.hints.model import Clues, Hint
from penstock.sdk.errors import java_class


def _of_kafka(clues: Clues) -> bool:
    """A connector's own connections fail in the same words."""
    return any(java_class(error).startswith("org.apache.kafka.common.") for error in clues.chain)


_HINTS: tuple[Hint, ...] = (
    Hint(
        "refused",
        "No broker listens where bootstrap.servers says.",
        r"/bootstrap: .*Connection refused",  # a broker met before has a number there
        "Nothing listens at this address: check host and port in bootstrap.servers, and that the "
        "broker runs.",
    ),
    Hint(
        "host-unknown",
        "A broker's host name does not exist in the name service.",
        r"Failed to resolve '(?P<field>[^']+)'|Name or service not known|nodename nor servname",
        "The host name is unknown: check bootstrap.servers and, if another name stands there, the "
        "broker's advertised.listeners.",
    ),
    Hint(
        "tls-to-plaintext",
        "A client speaks TLS to a listener that does not.",
        r"does not speak TLS, but security\.protocol is",
        "Set security.protocol to PLAINTEXT (or SASL_PLAINTEXT), or put the port of the TLS "
        "listener into bootstrap.servers.",
    ),
    Hint(
        "plaintext-to-tls",
        "A client does not speak TLS to a listener that does.",
        r"speaks TLS, but security\.protocol is",
        "Set security.protocol to SSL (or SASL_SSL) and ssl.truststore.*, or put the port of the "
        "plain listener into bootstrap.servers.",
    ),
    Hint(
        "login-wanted",
        "A listener asks for a login, but none is configured.",
        r"wants a login",
        "Set security.protocol to SASL_PLAINTEXT or SASL_SSL, sasl.mechanism and sasl.jaas.config.",
    ),
    Hint(
        "login-not-wanted",
        "A login is configured, but the listener knows none.",
        r"wants no login",
        "Set security.protocol to PLAINTEXT or SSL, or take the port of the listener with logins.",
    ),
    Hint(
        "mechanism-unknown",
        "The listener knows other kinds of login than the one configured.",
        r"knows the logins (?P<known>.+?), but sasl\.mechanism is (?P<found>\S+?)\.?$"
        r"|[Uu]nsupported SASL mechanism|knows the logins (?P<others>[^.]+)\.",
        "Set sasl.mechanism to one that the listener knows, and sasl.jaas.config to fit.",
    ),
    Hint(
        "password-wrong",
        "User name or password is wrong.",
        r"refuses the login",
        "Check user name and password in sasl.jaas.config, and that the user exists for this "
        "sasl.mechanism; the settings stand in the worker's file and, with the prefixes "
        "producer.override., consumer.override. and admin.override., in the connector's.",
    ),
    Hint(
        "certificate-expired",
        "The broker's certificate has expired.",
        r"certificate .*has expired",
        "The broker needs a new certificate (ssl.keystore.* there); nothing in the worker's "
        "settings makes an expired one valid.",
    ),
    Hint(
        "certificate-for-another-host",
        "The broker's certificate is for another host name.",
        r"is not for the host name (?P<field>\S+);",
        "Use a host name in bootstrap.servers and advertised.listeners that stands in the "
        "certificate; an empty ssl.endpoint.identification.algorithm switches this check off.",
    ),
    Hint(
        "authority-unknown",
        "The broker's certificate comes from an authority that is not trusted.",
        r"certificate .*is not trusted",
        "Put the certificate of the authority that issued the broker's into "
        "ssl.truststore.location.",
    ),
    Hint(
        "client-certificate",
        "The broker wants a certificate from its clients, and has none or a wrong one.",
        r"ends the TLS connection",
        "Set ssl.keystore.location and its passwords to a client certificate that the broker "
        "trusts.",
    ),
)

CONNECTIONS = tuple(replace(hint, test=_of_kafka) for hint in _HINTS)
