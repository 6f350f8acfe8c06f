"""Java's key stores as files, for clients that want PEM; keys stay in memory."""

from __future__ import annotations

from pathlib import Path

from penstock.kafka.properties_ssl import Identity
from penstock.sdk.errors import ConfigError

_KINDS = ("JKS", "PKCS12", "PEM")
_KEYS, _TRUSTED = "ssl.keystore", "ssl.truststore"


class FileStores:
    """A `Keystores` that reads files. Raises ConfigError, which never shows a password."""

    def trusted(self, path: str, kind: str, password: str | None) -> str:
        from penstock.runtime import key_stores  # which few clients have

        content = _content(_TRUSTED, path, kind)
        try:
            return key_stores.trusted(content, password)
        except key_stores.KeyStoreError as error:
            raise _useless(_TRUSTED, path, error) from error

    def identity(
        self, path: str, kind: str, password: str | None, key_password: str | None
    ) -> Identity:
        from penstock.runtime import key_stores

        content = _content(_KEYS, path, kind)
        try:
            return Identity(*key_stores.identity(content, password, key_password))
        except key_stores.KeyStoreError as error:
            raise _useless(_KEYS, path, error) from error


def _content(store: str, path: str, kind: str) -> bytes:
    if kind not in _KINDS:
        raise ConfigError.invalid(f"{store}.type", kind, f"It is one of {', '.join(_KINDS)}.")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        detail = f"The file cannot be read ({error.strerror})."
        raise ConfigError.invalid(f"{store}.location", path, detail) from error


def _useless(store: str, path: str, error: Exception) -> ConfigError:
    detail = f"The store is of no use: {error}. Check {store}.password and {store}.type."
    return ConfigError.invalid(f"{store}.location", path, detail)
