"""TLS settings: where Java reads key stores, librdkafka reads PEM.

PEM passes through, inline or by location. For the stores of Java a `Keystores` is asked, which this
module only declares.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from penstock.kafka import properties_pem as pem
from penstock.kafka.properties_rules import Draft, Table, ignored, neutral, same
from penstock.sdk.errors import ConfigError


class Identity(NamedTuple):
    """A private key and the certificates that vouch for it, as PEM."""

    key: str
    chain: str


class Keystores(Protocol):
    """Reads Java's key stores."""

    def trusted(self, path: str, kind: str, password: str | None) -> str:
        """The certificates of a trust store, as PEM."""
        ...

    def identity(
        self, path: str, kind: str, password: str | None, key_password: str | None
    ) -> Identity:
        """The one key of a key store and its chain."""
        ...


_ENGINE = "it names a Java class, and this client is not Java"
_PROTOCOLS = "OpenSSL negotiates the best version; TLSv1.2 and TLSv1.3 are offered"


def _protocols(draft: Draft, name: str, text: str) -> None:
    """What is stronger than asked for needs no remark, what is weaker does."""
    offered = {part.strip() for part in text.split(",") if part.strip()}
    if offered and "TLSv1.2" not in offered:
        draft.remark(name, _PROTOCOLS)


SSL: Table = {
    "ssl.cipher.suites": neutral,  # this and all other neutral ones: see finish_ssl
    "ssl.enabled.protocols": _protocols,
    "ssl.endpoint.identification.algorithm": neutral,
    "ssl.engine.factory.class": ignored(
        _ENGINE, "org.apache.kafka.common.security.ssl.defaultsslenginefactory"
    ),
    "ssl.key.password": neutral,
    "ssl.keymanager.algorithm": neutral,
    "ssl.keystore.certificate.chain": neutral,
    "ssl.keystore.key": neutral,
    "ssl.keystore.location": neutral,
    "ssl.keystore.password": neutral,
    "ssl.keystore.type": neutral,
    "ssl.protocol": ignored(_PROTOCOLS, "TLS", "TLSv1.2", "TLSv1.3"),
    "ssl.provider": neutral,
    "ssl.secure.random.implementation": neutral,
    "ssl.trustmanager.algorithm": neutral,
    "ssl.truststore.certificates": neutral,
    "ssl.truststore.location": neutral,
    "ssl.truststore.password": neutral,
    "ssl.truststore.type": neutral,
    "security.providers": ignored(_ENGINE),
    # librdkafka's own, for which Java has no counterpart
    "enable.ssl.certificate.verification": same,
    "ssl.crl.location": same,
}


def finish_ssl(draft: Draft, keystores: Keystores) -> None:
    """Only called when the connection is encrypted."""
    _truststore(draft, keystores)
    _keystore(draft, keystores)
    _host_name(draft)
    _ciphers(draft)


def _truststore(draft: Draft, keystores: Keystores) -> None:
    inline = draft.text("ssl.truststore.certificates")
    location = draft.text("ssl.truststore.location")
    kind = (draft.text("ssl.truststore.type") or "JKS").upper()
    settings = draft.settings
    if inline is not None:
        settings["ssl.ca.pem"] = pem.certificates("ssl.truststore.certificates", inline)
    elif location is not None and kind == "PEM":
        settings["ssl.ca.location"] = _readable("ssl.truststore.location", location)
    elif location is not None:
        password = draft.text("ssl.truststore.password")
        settings["ssl.ca.pem"] = keystores.trusted(location, kind, password)


def _keystore(draft: Draft, keystores: Keystores) -> None:
    inline = draft.text("ssl.keystore.key")
    location = draft.text("ssl.keystore.location")
    if inline is not None:
        _inline_identity(draft, inline)
    elif draft.text("ssl.keystore.certificate.chain") is not None:
        raise ConfigError("ssl.keystore.certificate.chain needs its key: set ssl.keystore.key.")
    elif location is not None:
        _stored_identity(draft, location, keystores)


def _inline_identity(draft: Draft, key: str) -> None:
    chain = draft.text("ssl.keystore.certificate.chain")
    if chain is None:
        raise ConfigError("ssl.keystore.key needs its certificates: set "
                          "ssl.keystore.certificate.chain.")  # fmt: skip
    settings = draft.settings
    settings["ssl.key.pem"] = pem.private_key("ssl.keystore.key", key)
    settings["ssl.certificate.pem"] = pem.certificates("ssl.keystore.certificate.chain", chain)
    _key_password(draft)


def _stored_identity(draft: Draft, location: str, keystores: Keystores) -> None:
    settings = draft.settings
    kind = (draft.text("ssl.keystore.type") or "JKS").upper()
    password = draft.text("ssl.keystore.password")
    if kind == "PEM":
        file = _readable("ssl.keystore.location", location)
        settings["ssl.key.location"] = settings["ssl.certificate.location"] = file
        _key_password(draft)
    else:
        key_password = draft.text("ssl.key.password")
        identity = keystores.identity(location, kind, password, key_password)
        settings["ssl.key.pem"], settings["ssl.certificate.pem"] = identity


def _readable(setting: str, location: str) -> str:
    try:
        open(location, "rb").close()
    except OSError as error:
        detail = f"The file cannot be read ({error.strerror})."
        raise ConfigError.invalid(setting, location, detail) from error
    return location


def _key_password(draft: Draft) -> None:
    password = draft.text("ssl.key.password")
    if password is not None:
        draft.settings["ssl.key.password"] = password


def _host_name(draft: Draft) -> None:
    """An empty text, which Java's users set on purpose, switches the check off."""
    name = "ssl.endpoint.identification.algorithm"
    given = draft.properties.get(name, "https").strip().lower()
    if given not in ("", "https", "none"):
        raise ConfigError.invalid(name, given, "It is https, or empty to trust any host name.")
    draft.settings[name] = "https" if given == "https" else "none"


def _ciphers(draft: Draft) -> None:
    given = draft.text("ssl.cipher.suites")
    if given is None:
        return
    suites = [part.strip() for part in given.split(",") if part.strip()]
    names = [name for name in map(openssl_name, suites) if name is not None]
    if names:
        draft.settings["ssl.cipher.suites"] = ":".join(names)
    if len(names) < len(suites):
        reason = "librdkafka restricts suites up to TLSv1.2; those of TLSv1.3 stay on offer"
        draft.remark("ssl.cipher.suites", reason)


def openssl_name(suite: str) -> str | None:
    """`TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` as OpenSSL calls it; None for suites of TLSv1.3."""
    exchange, found, cipher = suite.removeprefix("TLS_").removeprefix("SSL_").partition("_WITH_")
    if not found:
        return None if suite.startswith("TLS_") else suite
    cipher = cipher.replace("AES_128", "AES128").replace("AES_256", "AES256")
    cipher = cipher.replace("_CBC", "").replace("CHACHA20_POLY1305_SHA256", "CHACHA20-POLY1305")
    parts = ([] if exchange == "RSA" else [exchange]) + [cipher]
    return "-".join(parts).replace("_", "-")
