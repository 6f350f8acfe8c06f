"""TLS for listeners, from Java's `ssl.*` settings with PEM certificates."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from penstock.sdk.errors import ConfigError

_CLIENT_AUTH = {
    "none": ssl.CERT_NONE,
    "requested": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}
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


def _limit_versions(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    named = settings.get("ssl.enabled.protocols", "TLSv1.2,TLSv1.3").split(",")
    versions = [_VERSIONS[name.strip()] for name in named if name.strip() in _VERSIONS]
    if not versions:
        detail = f"at least one of {', '.join(_VERSIONS)} must be enabled"
        raise ConfigError.invalid("ssl.enabled.protocols", ",".join(named), detail)
    context.minimum_version, context.maximum_version = min(versions), max(versions)


def _limit_ciphers(context: ssl.SSLContext, names: str) -> None:
    """Names of TLS 1.3 suites are fixed; others are taken as OpenSSL names them."""
    older = [name.strip() for name in names.split(",") if not name.strip().startswith("TLS_")]
    if older:
        try:
            context.set_ciphers(":".join(older))
        except ssl.SSLError as error:
            detail = "name cipher suites as OpenSSL does"
            raise ConfigError.invalid("ssl.cipher.suites", names, detail) from error


def _load_identity(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    kind = settings.get("ssl.keystore.type", "JKS").strip().upper()
    if kind != "PEM":
        detail = "only PEM key stores can be read; convert it with openssl pkcs12"
        raise ConfigError.invalid("ssl.keystore.type", kind, detail)
    password = settings.get("ssl.key.password") or None
    with _pem(_identity(settings)) as path:
        try:
            context.load_cert_chain(path, password=password or _no_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            text = "ssl.keystore.* must hold a certificate chain and its private key as PEM"
            raise ConfigError(f"{text} (is ssl.key.password right?)") from error


def _no_password() -> str:
    """Given to OpenSSL, so that it never asks at the terminal."""
    return ""


def _identity(settings: Mapping[str, str]) -> str:
    location = settings.get("ssl.keystore.location")
    if location:
        return _text("ssl.keystore.location", location)
    chain = settings.get("ssl.keystore.certificate.chain")
    key = settings.get("ssl.keystore.key")
    if not chain or not key:
        raise ConfigError(
            "An https listener needs ssl.keystore.location, or ssl.keystore.certificate.chain "
            "and ssl.keystore.key"
        )
    return f"{key}\n{chain}\n"


def _load_trusted(context: ssl.SSLContext, settings: Mapping[str, str]) -> None:
    certificates = settings.get("ssl.truststore.certificates")
    location = settings.get("ssl.truststore.location")
    if certificates is None and location:
        certificates = _text("ssl.truststore.location", location)
    if not certificates:
        context.load_default_certs(ssl.Purpose.CLIENT_AUTH)
        return
    try:
        context.load_verify_locations(cadata=certificates)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError("ssl.truststore.* must hold certificates as PEM") from error


def _text(setting: str, location: str) -> str:
    try:
        return Path(location).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError.invalid(setting, location, "cannot be read as a PEM file") from error


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
