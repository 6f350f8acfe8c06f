"""Secrets of HashiCorp Vault: key-value engines, and whatever else can be read.

The path is that of the secret, as `vault kv get` takes it; what is leased expires with its lease.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from penstock.providers.vault_config import VaultConfig
from penstock.providers.web import Answer, Server, chosen, mapping, refuse, tls_context
from penstock.sdk.provider import ConfigData, ConfigProvider, LookupFailed

LEASE_USED = 0.9  # of its time: what logs in with it needs a moment to change
SHARED_SECONDS = 10.0  # in which tasks that start together are given the same lease
MOUNTS_MAX = LEASES_MAX = 1000
FORBIDDEN, NOT_FOUND = 403, 404


class Lease(NamedTuple):
    """What was read at a time, and until when it is good."""

    values: Mapping[str, Any]
    read: float
    until: float | None


class VaultConfigProvider(ConfigProvider[VaultConfig]):
    """Logs in when first asked, and again when its token is no good any more."""

    def __init__(
        self,
        config: VaultConfig,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(config)
        tls = None
        if config.vault_address.startswith("https://"):
            authority = config.vault_ssl_ca_location
            verify = config.vault_ssl_verify_enabled
            tls = tls_context("vault.ssl.ca.location", authority, verify=verify)
        self._server = Server("Vault", config.vault_address, config, tls, sleep)
        self._clock = clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._shared: dict[str, Lease] = {}
        self._mounts: dict[str, tuple[str, str]] = {}

    def get(self, path: str, keys: Collection[str]) -> ConfigData:
        full = "/".join(
            part for part in (self.config.vault_prefix.strip("/"), path.strip("/")) if part
        )
        if not full:
            raise LookupFailed("it needs a path, as in ${vault:secret/database:password}")
        with self._lock:
            lease = self._lease(full)
        ttl_ms = self.config.secret_ttl_ms
        if lease.until is not None:
            ttl_ms = max(round((lease.until - self._clock()) * 1000), 0)
        return ConfigData(chosen(lease.values, keys), ttl_ms)

    # Reading ------------------------------------------------------------------------------------

    def _lease(self, path: str) -> Lease:
        now = self._clock()
        self._shared = {
            name: lease
            for name, lease in self._shared.items()
            if now < lease.read + SHARED_SECONDS and lease.until is not None and now < lease.until
        }
        if path in self._shared:
            return self._shared[path]
        lease, leased = self._read(path, now)
        if leased and len(self._shared) < LEASES_MAX:
            self._shared[path] = lease
        return lease

    def _read(self, path: str, now: float) -> tuple[Lease, bool]:
        """What is under a path, and whether it was made for this reader."""
        mount, version = self._mount(path)
        answer = self._ask(_read_path(path, mount, version))
        if answer.status != 200:
            self._refuse(answer, version)
        body = answer.body
        values = mapping(body.get("data"))
        if version == "2":
            values = mapping(values.get("data"))
        seconds, leased = float(body.get("lease_duration") or 0), bool(body.get("lease_id"))
        if leased:
            seconds *= LEASE_USED
        return Lease(values, now, now + seconds if seconds > 0 else None), leased

    def _refuse(self, answer: Answer, version: str) -> None:
        remedies = {
            FORBIDDEN: "let a policy of the login's allow to read this path"
            + (" (with data/ after its mount)" if version == "2" else "")
            + ", and check the login and the namespace",
            NOT_FOUND: "there is no such secret, or it was deleted; check path, mount and "
            "namespace",
        }
        refuse(answer, self._server, remedies, _errors(answer))

    def _mount(self, path: str) -> tuple[str, str]:
        """Where the engine of a path begins, and its version; no version if it is another one."""
        first = path.partition("/")[0]
        if self.config.vault_secrets_version != "auto":
            return first, self.config.vault_secrets_version
        for mount, version in self._mounts.values():
            if path == mount or path.startswith(mount + "/"):
                return mount, version
        answer = self._ask("sys/internal/ui/mounts/" + path)
        data = mapping(answer.body.get("data"))
        if answer.status >= 500:
            self._refuse(answer, "")
        if answer.status != 200 or not data.get("path"):
            return (
                first,
                "1",
            )  # what cannot be asked is read as it is named, as Vault's command does
        mount = str(data["path"]).strip("/")
        known = str(mapping(data.get("options")).get("version") or "1")
        found = mount, known if data.get("type") in ("kv", "generic") else ""
        if len(self._mounts) < MOUNTS_MAX:
            self._mounts[mount] = found
        return found

    # Logging in ---------------------------------------------------------------------------------

    def _ask(self, path: str) -> Answer:
        """With the token at hand, or with a new one if that has expired."""
        fresh = self._token is None
        answer = self._with_token(path)
        if answer.status == FORBIDDEN and not fresh and self.config.method != "token":
            self._token = None
            answer = self._with_token(path)
        return answer

    def _with_token(self, path: str) -> Answer:
        if self._token is None:
            self._token = self._login()
        return self._server.ask(f"/v1/{quote(path)}", self._headers({"X-Vault-Token": self._token}))

    def _headers(self, more: Mapping[str, str]) -> dict[str, str]:
        namespace = self.config.vault_namespace
        spaces = {"X-Vault-Namespace": namespace} if namespace else {}
        return {"X-Vault-Request": "true", **spaces, **more}

    def _login(self) -> str:
        config = self.config
        if config.method == "token":
            assert config.vault_auth_token is not None
            return config.vault_auth_token.value
        if config.method == "approle":
            assert config.vault_auth_secret is not None
            secret = config.vault_auth_secret.value
            given = {"role_id": config.vault_auth_role, "secret_id": secret}
        else:
            given = {"role": config.vault_auth_role, "jwt": self._account_token()}
        path = f"/v1/auth/{quote(config.mount)}/login"
        answer = self._server.ask(path, self._headers({}), given)
        token = mapping(answer.body.get("auth")).get("client_token")
        if answer.status != 200 or not token:
            wrong = (
                f"the login by {config.method} is refused; check vault.auth.role, "
                + ("vault.auth.secret" if config.method == "approle" else "the service account")
                + f", and that the method is enabled at auth/{config.mount}"
            )
            statuses: tuple[int, ...] = (200, 400, 401, FORBIDDEN, NOT_FOUND)
            remedies: dict[int, str] = dict.fromkeys(statuses, wrong)
            refuse(answer, self._server, remedies, _errors(answer))
        return str(token)

    def _account_token(self) -> str:
        """Read each time, as it is replaced now and then."""
        file = self.config.vault_auth_jwt_file
        try:
            return file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise LookupFailed(
                f"the service account's token cannot be read from {file} ({error}); does this "
                "run in Kubernetes? Else set vault.auth.jwt.file"
            ) from error


def _read_path(path: str, mount: str, version: str) -> str:
    """Version 2 keeps values under `data/` after its mount."""
    rest = path[len(mount) :].lstrip("/")
    if version != "2" or rest.startswith("data/"):
        return path
    return f"{mount}/data/{rest}"


def _errors(answer: Answer) -> str:
    said: Any = [*(answer.body.get("errors") or ()), *(answer.body.get("warnings") or ())]
    return "; ".join(" ".join(str(each).split()) for each in said)
