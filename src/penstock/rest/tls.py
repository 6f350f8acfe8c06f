"""TLS for listeners, from Java's `ssl.*` settings: PEM, JKS and PKCS12 stores."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from penstock.runtime import key_stores
from penstock.sdk.errors import ConfigError

_CLIENT_AUTH = {
    "none": ssl.CERT_NONE,
    "requested": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
_KINDS = ("PEM", "JKS", "PKCS12")
_VERSIONS = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}


def server_context(settings: Mapping[str, str]) -> ssl.SSLContext:
    """What an https listener needs. Raises ConfigError, which names the setting."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _limit_versions(context, settings)
    _load_identity(context, settings)
    wanted = settings.get("ssl.client.auth", "none").strip().lower()
    if wanted not in _CLIENT_AUTH:
        expected = ", ".join(_CLIENT_AUTH)
        raise ConfigError.invalid("ssl.client.auth", wanted, f"must be one of: {expected}")
    context.verify_mode = _CLIENT_AUTH[wanted]
    if context.verify_mode is not ssl.CERT_NONE:
        _load_trusted(context, settings)
    ciphers = settings.get("ssl.cipher.suites", "").strip()
    if ciphers:
        _limit_ciphers(context, ciphers)
    return context


def client_context(settings: Mapping[str, str]) -> ssl.SSLContext:
    """What a worker needs to ask others over https; the settings are those of its listeners."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _limit_versions(context, settings)
    if not settings.get("ssl.endpoint.identification.algorithm", "https").strip():
        context.check_hostname = False
    _load_trusted(context, settings, ssl.Purpose.SERVER_AUTH)
    if "ssl.keystore.location" in settings or "ssl.keystore.key" in settings:
        _load_identity(context, settings)
    ciphers = settings.get("ssl.cipher.suites", "").strip()
    if ciphers:
        _limit_ciphers(context, ciphers)
    return context


def _limit_versions(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    named = settings.get("ssl.enabled.protocols", "TLSv1.2,TLSv1.3").split(",")
    versions = [_VERSIONS[name.strip()] for name in named if name.strip() in _VERSIONS]
    if not versions:
        detail = f"at least one of {', '.join(_VERSIONS)} must be enabled"
        raise ConfigError.invalid("ssl.enabled.protocols", ",".join(named), detail)
    context.minimum_version, context.maximum_version = min(versions), max(versions)


def _limit_ciphers(context: ssl.SSLContext, names: str) -> None:
    """OpenSSL offers all suites of TLS 1.3 or none; others are limited to those that are named."""
    from penstock.kafka.properties_ssl import openssl_name

    suites = [name.strip() for name in names.split(",") if name.strip()]
    older = [text for name in suites if (text := openssl_name(name)) is not None]
    if not older:
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        return
    if len(older) == len(suites):
        context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.set_ciphers(":".join(older))
    except ssl.SSLError as error:
        detail = "none of these cipher suites is known"
        raise ConfigError.invalid("ssl.cipher.suites", names, detail) from error


def _load_identity(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    location = settings.get("ssl.keystore.location")
    if location and _kind(settings, "keystore") != "PEM":
        _load_stored_identity(context, location, settings)
        return
    text = _text("ssl.keystore.location", location) if location else _inline_identity(settings)
    try:
        _load_chain(context, text, settings.get("ssl.key.password"))
    except (ssl.SSLError, OSError, ValueError) as error:
        text = "ssl.keystore.* must hold a certificate chain and its private key as PEM"
        raise ConfigError(f"{text} (is ssl.key.password right?)") from error


def _load_stored_identity(
    context: ssl.SSLContext, location: str, settings: Mapping[str, str]
) -> None:
    setting = "ssl.keystore.location"
    content = _content(setting, location)
    passwords = settings.get("ssl.keystore.password"), settings.get("ssl.key.password")
    try:
        found = key_stores.identity(content, *passwords)
        _load_chain(context, found.key + found.chain, None)
    except (key_stores.KeyStoreError, ssl.SSLError) as error:
        raise ConfigError.invalid(setting, location, f"cannot be used: {error}") from error


def _load_chain(context: ssl.SSLContext, text: str, password: str | None) -> None:
    with _pem(text) as path:
        context.load_cert_chain(path, password=password or _no_password)


def _kind(settings: Mapping[str, str], store: str) -> str:
    """Of a store, one of PEM, JKS and PKCS12; Java's default is JKS."""
    setting = f"ssl.{store}.type"
    kind = settings.get(setting, "JKS").strip().upper()
    if kind not in _KINDS:
        expected = ", ".join(_KINDS)
        raise ConfigError.invalid(setting, kind, f"must be one of: {expected}")
    return kind


def _no_password() -> str:
    """Given to OpenSSL, so that it never asks at the terminal."""
    return ""


def _inline_identity(settings: Mapping[str, str]) -> str:
    chain = settings.get("ssl.keystore.certificate.chain")
    key = settings.get("ssl.keystore.key")
    if not chain or not key:
        raise ConfigError(
            "An https listener needs ssl.keystore.location, or ssl.keystore.certificate.chain "
            "and ssl.keystore.key with ssl.keystore.type=PEM"
        )
    return f"{key}\n{chain}\n"


def _load_trusted(
    context: ssl.SSLContext,
    settings: Mapping[str, str],
    purpose: ssl.Purpose = ssl.Purpose.CLIENT_AUTH,
) -> None:
    certificates = settings.get("ssl.truststore.certificates") or _stored_trusted(settings)
    if not certificates:
        context.load_default_certs(purpose)
        return
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a certificate of its own will do
    try:
        context.load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError("ssl.truststore.* must hold certificates as PEM") from error


def _stored_trusted(settings: Mapping[str, str]) -> str | None:
    setting = "ssl.truststore.location"
    location = settings.get(setting)
    if not location:
        return None
    if _kind(settings, "truststore") == "PEM":
        return _text(setting, location)
    password = settings.get("ssl.truststore.password")
    try:
        return key_stores.trusted(_content(setting, location), password)
    except key_stores.KeyStoreError as error:
        raise ConfigError.invalid(setting, location, f"cannot be used: {error}") from error


def _text(setting: str, location: str) -> str:
    try:
        return _content(setting, location).decode("ascii")
    except UnicodeDecodeError as error:
        raise ConfigError.invalid(setting, location, "cannot be read as a PEM file") from error


def _content(setting: str, location: str) -> bytes:
    try:
        return Path(location).read_bytes()
    except OSError as error:
        detail = f"cannot be read: {error.strerror}"
        raise ConfigError.invalid(setting, location, detail) from error


@contextmanager
def _pem(text: str) -> Generator[str, None, None]:
    """OpenSSL reads keys from files only; this one nobody else can read, and not for long."""
    handle, path = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        yield path
    finally:
        os.unlink(path)
