"""The settings of librdkafka once more, for kafka-python: the other client, which joins groups.

It starts from the translated settings, so that Java's properties are read in one place only.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock.kafka.oauth_tokens import token_source
from penstock.kafka.properties_rules import Setting
from penstock.sdk.errors import ConfigError

_SAME = {
    "client.id": "client_id",
    "client.dns.lookup": "client_dns_lookup",
    "connections.max.idle.ms": "connections_max_idle_ms",
    "metadata.max.age.ms": "metadata_max_age_ms",
    "reconnect.backoff.ms": "reconnect_backoff_ms",
    "reconnect.backoff.max.ms": "reconnect_backoff_max_ms",
    "retry.backoff.ms": "retry_backoff_ms",
    "socket.timeout.ms": "request_timeout_ms",
    "sasl.mechanism": "sasl_mechanism",
    "sasl.username": "sasl_plain_username",
    "sasl.password": "sasl_plain_password",
}


def to_kafka_python(settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Arguments for a client of kafka-python, from settings of librdkafka."""
    arguments: dict[str, Any] = {
        theirs: settings[ours] for ours, theirs in _SAME.items() if ours in settings
    }
    arguments["bootstrap_servers"] = str(settings.get("bootstrap.servers", "")).split(",")
    protocol = str(settings.get("security.protocol", "plaintext")).upper()
    arguments["security_protocol"] = protocol
    if settings.get("sasl.mechanism") == "OAUTHBEARER" and protocol.startswith("SASL"):
        arguments["sasl_oauth_token_provider"] = _provider(settings)
    if protocol.endswith("SSL"):
        arguments["ssl_context"] = tls_context(settings)
    return arguments


def _provider(settings: Mapping[str, Setting]) -> Any:
    """A token source in the form the client insists on."""
    from kafka.net.sasl.oauth import AbstractTokenProvider

    source = token_source(settings)

    class Provider(AbstractTokenProvider):
        def token(self) -> Any:  # declared to give nothing
            return source.token()

        def extensions(self) -> dict[str, str]:
            return dict(source.extensions)

    return Provider()


def tls_context(settings: Mapping[str, Setting]) -> ssl.SSLContext:
    """What these settings trust, and who they say we are. Raises ConfigError."""
    ca_pem, ca_location = settings.get("ssl.ca.pem"), settings.get("ssl.ca.location")
    location = None if ca_location is None else Path(str(ca_location))
    try:
        context = ssl.create_default_context(
            cafile=str(location) if location is not None and not location.is_dir() else None,
            capath=str(location) if location is not None and location.is_dir() else None,
            cadata=None if ca_pem is None else str(ca_pem),
        )
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"ssl.truststore: its certificates are of no use: {error}") from error
    if settings.get("ssl.endpoint.identification.algorithm") == "none":
        context.check_hostname = False
    if str(settings.get("enable.ssl.certificate.verification", True)).lower() == "false":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    _identify(context, settings)
    return context


def _identify(context: ssl.SSLContext, settings: Mapping[str, Setting]) -> None:
    password = settings.get("ssl.key.password")
    with _chain_file(settings) as chain, _key_file(settings) as key:
        if chain is None or key is None:
            return
        try:
            context.load_cert_chain(chain, key, lambda: "" if password is None else str(password))
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ConfigError(
                "ssl.keystore: its key is of no use; check ssl.key.password and that the key "
                f"belongs to the first certificate ({type(error).__name__})."
            ) from error


def _chain_file(settings: Mapping[str, Setting]) -> Any:
    return _file(settings.get("ssl.certificate.pem"), settings.get("ssl.certificate.location"))


def _key_file(settings: Mapping[str, Setting]) -> Any:
    return _file(settings.get("ssl.key.pem"), settings.get("ssl.key.location"))


@contextmanager
def _file(text: Setting | None, location: Setting | None) -> Generator[str | None]:
    """OpenSSL reads keys from files only: what was given inline is one for a moment."""
    if text is None:
        yield None if location is None else str(location)
        return
    with _memory() as (file, name):
        file.write(str(text).encode())
        file.flush()
        yield name


@contextmanager
def _memory() -> Generator[tuple[Any, str]]:
    """A file that never reaches a disk where the system knows such; else one readable by us."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pem"), "wb") as file:
            yield file, f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.NamedTemporaryFile(suffix=".pem") as file:
            yield file, file.name
