"""The settings of the Vault provider."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from penstock.providers.settings import SecretsConfig
from penstock.providers.web import checked_address
from penstock.sdk.config import (
    ConfigError,
    Importance,
    Option,
    Password,
    one_of,
    one_of_ignoring_case,
)

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW

ENVIRONMENT: Mapping[str, str] = {
    "vault.address": "VAULT_ADDR",
    "vault.auth.token": "VAULT_TOKEN",
    "vault.namespace": "VAULT_NAMESPACE",
    "vault.ssl.ca.location": "VAULT_CACERT",
}


class VaultConfig(SecretsConfig):
    """Where Vault is, and how to log in."""

    other_names: ClassVar[Mapping[str, str]] = {
        "uri": "vault.address",
        "token": "vault.auth.token",
        "vault.addr": "vault.address",
        "vault.token": "vault.auth.token",
        "vault.login.by": "vault.auth.method",
        "vault.role.id": "vault.auth.role",
        "vault.secret.id": "vault.auth.secret",
        "app.role.id": "vault.auth.role",
        "app.role.secret.id": "vault.auth.secret",
        "app.role.path": "vault.auth.mount",
        "kubernetes.role": "vault.auth.role",
        "kubernetes.token.path": "vault.auth.jwt.file",
        "kubernetes.auth.path": "vault.auth.mount",
        "vault.engine.version": "vault.secrets.version",
        "vault.prefixpath": "vault.prefix",
        "vault.max.retries": "retry.count",
        "vault.retry.interval.ms": "retry.interval.ms",
        "vault.secret.minimum.ttl.ms": "secret.ttl.ms",
    }

    vault_address: Annotated[
        str, Option("Where Vault is; unset: as the environment variable VAULT_ADDR says.", HIGH)
    ] = ""
    vault_auth_method: Annotated[
        str,
        Option(
            "How to log in.", HIGH, check=one_of_ignoring_case("token", "approle", "kubernetes")
        ),
    ] = "token"
    vault_auth_token: Annotated[
        Password | None,
        Option("With the method token: the token; unset: that of VAULT_TOKEN.", HIGH),
    ] = None
    vault_auth_role: Annotated[
        str, Option("With approle the id of the role, with kubernetes its name.", HIGH)
    ] = ""
    vault_auth_secret: Annotated[
        Password | None, Option("With approle: the secret id of the role.", HIGH)
    ] = None
    vault_auth_jwt_file: Annotated[
        Path, Option("With kubernetes: the file with the token of the service account.", LOW)
    ] = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
    vault_auth_mount: Annotated[
        str, Option("Where the method is enabled in Vault; unset: under its own name.", LOW)
    ] = ""
    vault_namespace: Annotated[
        str, Option("The namespace, in editions that have them; unset: VAULT_NAMESPACE.", MEDIUM)
    ] = ""
    vault_prefix: Annotated[str, Option("What every path begins with.", LOW)] = ""
    vault_secrets_version: Annotated[
        str,
        Option(
            "Version of the key-value engine that paths lead to. With auto Vault is asked; other "
            "engines are found as well then.",
            MEDIUM,
            check=one_of("auto", "1", "2"),
        ),
    ] = "auto"
    vault_ssl_ca_location: Annotated[
        Path | None,
        Option("File with the authorities to trust, as PEM; unset: VAULT_CACERT, or else those of "
               "the system.", MEDIUM),
    ] = None  # fmt: skip
    vault_ssl_verify_enabled: Annotated[
        bool, Option("Whether Vault's certificate is checked; turn off in development only.", LOW)
    ] = True

    def __init__(
        self, properties: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        variables = os.environ if environment is None else environment
        named = {n: variables[v] for n, v in ENVIRONMENT.items() if variables.get(v)}
        given = {self.other_names.get(name, name) for name in properties}
        super().__init__({n: v for n, v in named.items() if n not in given} | dict(properties))

    @property
    def method(self) -> str:
        return self.vault_auth_method.lower()

    @property
    def mount(self) -> str:
        return self.vault_auth_mount.strip("/") or self.method

    def check_together(self) -> None:
        if not self.vault_address:
            raise ConfigError("vault.address is not set, and neither is VAULT_ADDR; give Vault's "
                              "address, for example https://vault.example.com:8200.")  # fmt: skip
        checked_address("vault.address", self.vault_address)
        needed: Mapping[str, tuple[str, ...]] = {
            "token": ("vault.auth.token",),
            "approle": ("vault.auth.role", "vault.auth.secret"),
            "kubernetes": ("vault.auth.role",),
        }
        for name in needed[self.method]:
            value = self.parsed[name]
            if not (value.value if isinstance(value, Password) else value):
                raise ConfigError(f"vault.auth.method {self.method} needs {name}; it is not set.")
