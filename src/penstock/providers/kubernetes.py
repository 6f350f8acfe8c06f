"""Secrets and config maps of Kubernetes, read from its API server.

The path is `namespace/name`, or the name alone for the namespace of the settings or of the pod.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import quote

from penstock.providers.settings import SecretsConfig
from penstock.providers.web import (
    Answer,
    Server,
    checked_address,
    chosen,
    mapping,
    refuse,
    tls_context,
)
from penstock.sdk.config import ConfigError, Importance, Option, Password
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

HIGH, MEDIUM, LOW = Importance.HIGH, Importance.MEDIUM, Importance.LOW
ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class KubernetesConfig(SecretsConfig):
    """Which API server is asked, as whom. In a pod nothing needs to be set."""

    other_names: ClassVar[Mapping[str, str]] = {
        "namespace": "kubernetes.namespace",
        "kubernetes.master": "kubernetes.api.server",
    }

    kubernetes_api_server: Annotated[
        str, Option("Address of the API server; unset: that of the pod's cluster.", HIGH)
    ] = ""
    kubernetes_namespace: Annotated[
        str, Option("Namespace of paths without one; unset: that of the pod.", MEDIUM)
    ] = ""
    kubernetes_token: Annotated[
        Password | None, Option("Token to log in with; unset: that of the file.", MEDIUM)
    ] = None
    kubernetes_token_file: Annotated[
        Path, Option("File with the token, read for each request as it changes.", LOW)
    ] = ACCOUNT / "token"
    kubernetes_ca_file: Annotated[
        Path | None,
        Option("Authorities to trust, as PEM; unset: those of the pod's cluster, or else of the "
               "system.", MEDIUM),
    ] = None  # fmt: skip

    def __init__(
        self, properties: Mapping[str, Any], environment: Mapping[str, str] | None = None
    ) -> None:
        self._environment = os.environ if environment is None else environment
        super().__init__(properties)

    def check_together(self) -> None:
        checked_address("kubernetes.api.server", self.address)

    @property
    def address(self) -> str:
        """Raises ConfigError if there is none."""
        if self.kubernetes_api_server:
            return self.kubernetes_api_server
        host = self._environment.get("KUBERNETES_SERVICE_HOST")
        if not host:
            raise ConfigError(
                "kubernetes.api.server is not set, and this is no pod of Kubernetes "
                "(KUBERNETES_SERVICE_HOST is not set); give the address of the API server."
            )
        port = self._environment.get("KUBERNETES_SERVICE_PORT", "443")
        return f"https://{f'[{host}]' if ':' in host else host}:{port}"


class KubernetesSecretConfigProvider(ConfigProvider[KubernetesConfig]):
    """Values of secrets."""

    kind, resource = "secret", "secrets"

    def __init__(
        self, config: KubernetesConfig, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(config)
        authority, address = config.kubernetes_ca_file, config.address
        own = ACCOUNT / "ca.crt"
        if authority is None and not config.kubernetes_api_server and own.exists():
            authority = own
        tls = None
        if address.startswith("https://"):
            tls = tls_context("kubernetes.ca.file", authority)
        self._server = Server("Kubernetes", address, config, tls, sleep)

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        namespace, name = self._place(path)
        where = f"/api/v1/namespaces/{quote(namespace, '')}/{self.resource}/{quote(name, '')}"
        answer = self._server.ask(where, {"Authorization": f"Bearer {self._token()}"})
        if answer.status != 200:
            self._refuse(answer, namespace, name)
        return ConfigData(self.values(answer.body, keys), self.config.secret_ttl_ms)

    def values(self, body: Mapping[str, Any], keys: Collection[str]) -> dict[str, str | None]:
        """Raises LookupFailed for what is not there or no text."""
        return _decoded(chosen(mapping(body.get("data")), keys))

    def _place(self, path: str) -> tuple[str, str]:
        namespace, slash, name = path.rpartition("/")
        if not name or (slash and not namespace) or "/" in namespace:
            text = f"the path is to be namespace/name of a {self.kind}, or its name"
            raise LookupFailed(text)
        return namespace or self._namespace(), name

    def _namespace(self) -> str:
        if self.config.kubernetes_namespace:
            return self.config.kubernetes_namespace
        try:
            return (ACCOUNT / "namespace").read_text("ascii").strip()
        except OSError as error:
            raise LookupFailed(
                "the path names no namespace; write namespace/name, or set kubernetes.namespace"
            ) from error

    def _token(self) -> str:
        if self.config.kubernetes_token is not None:
            return self.config.kubernetes_token.value
        file = self.config.kubernetes_token_file
        try:
            return file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise LookupFailed(
                f"the token cannot be read from {file} ({error}); set kubernetes.token or "
                "kubernetes.token.file"
            ) from error

    def _refuse(self, answer: Answer, namespace: str, name: str) -> None:
        remedies = {
            401: "the token is wrong or has expired; check kubernetes.token or the file it is in",
            403: f"let a role of the account allow to get {self.resource} in the namespace "
            f"{namespace}",
            404: f"there is no {self.kind} {name} in the namespace {namespace}",
        }
        refuse(answer, self._server, remedies, str(answer.body.get("message") or ""))


class KubernetesConfigMapConfigProvider(KubernetesSecretConfigProvider):
    """Values of config maps."""

    kind, resource = "config map", "configmaps"

    def values(self, body: Mapping[str, Any], keys: Collection[str]) -> dict[str, str | None]:
        texts, binary = mapping(body.get("data")), mapping(body.get("binaryData"))
        found = chosen({**texts, **binary}, keys)
        return found | _decoded({k: v for k, v in found.items() if k in binary})


def _decoded(values: Mapping[str, str | None]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for key, value in values.items():
        try:
            found[key] = base64.b64decode(value or "").decode()
        except ValueError:
            raise LookupFailed(f"the value of {key} is no text in UTF-8") from None
    return found
