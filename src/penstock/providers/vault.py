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
REUSED = 0.5  # of its time: so long a lease is given again if it still holds, and a token used
MOUNTS_MAX = LEASES_MAX = 1000
FORBIDDEN, NOT_FOUND = 403, 404


Until = float | None  # for ever


class Lease(NamedTuple):
    """What was read at a time, and until when it is good; the id is that of a lease."""

    values: Mapping[str, Any]
    read: float
    until: Until
    id: str = ""


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
        self._token_until: Until = None  # its leases end with it
        self._next_token_at: Until = None
        self._leases: dict[str, Lease] = {}
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
        """Vault makes a lease for each reader, so one that is still good is not read again."""
        now = self._clock()
        self._leases = {n: lease for n, lease in self._leases.items() if _is_usable(lease, now)}
        known = self._leases.pop(path, None)
        if known is None or not self._holds(known, now):
            known = self._read(path, now)
        if known.id and len(self._leases) < LEASES_MAX:
            self._leases[path] = known
        return known

    def _holds(self, lease: Lease, now: float) -> bool:
        """It may have been revoked; when that cannot be asked, a new one is better."""
        if now < lease.read + SHARED_SECONDS:
            return True
        return self._ask("sys/leases/lookup", {"lease_id": lease.id}).status == 200

    def _read(self, path: str, now: float) -> Lease:
        mount, version = self._mount(path)
        answer = self._ask(_read_path(path, mount, version))
        if answer.status != 200:
            self._refuse(answer, version)
        body = answer.body
        values = mapping(body.get("data"))
        if version == "2":
            values = mapping(values.get("data"))
        seconds, lease_id = float(body.get("lease_duration") or 0), str(body.get("lease_id") or "")
        if lease_id:
            seconds *= LEASE_USED
        until = now + seconds if seconds > 0 else None
        if lease_id and until is not None and self._token_until is not None:
            until = min(until, self._token_until)
        return Lease(values, now, until, lease_id)

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

    def _ask(self, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """With the token at hand, or with a new one if that has expired."""
        fresh = self._token is None
        answer = self._with_token(path, body)
        if answer.status == FORBIDDEN and not fresh and self.config.method != "token":
            self._token = None
            answer = self._with_token(path, body)
        return answer

    def _with_token(self, path: str, body: Mapping[str, Any] | None) -> Answer:
        late = self._next_token_at is not None and self._clock() >= self._next_token_at
        if self._token is None or late:
            self._token = self._login()
        headers = self._headers({"X-Vault-Token": self._token})
        return self._server.ask(f"/v1/{quote(path)}", headers, body)

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
        path, now = f"/v1/auth/{quote(config.mount)}/login", self._clock()
        answer = self._server.ask(path, self._headers({}), given)
        granted = mapping(answer.body.get("auth"))
        token, seconds = granted.get("client_token"), float(granted.get("lease_duration") or 0)
        if answer.status != 200 or not token:
            wrong = (
                f"the login by {config.method} is refused; check vault.auth.role, "
                + ("vault.auth.secret" if config.method == "approle" else "the service account")
                + f", and that the method is enabled at auth/{config.mount}"
            )
            statuses: tuple[int, ...] = (200, 400, 401, FORBIDDEN, NOT_FOUND)
            remedies: dict[int, str] = dict.fromkeys(statuses, wrong)
            refuse(answer, self._server, remedies, _errors(answer))
        self._token_until = now + seconds * LEASE_USED if seconds > 0 else None
        self._next_token_at = now + seconds * REUSED if seconds > 0 else None
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


def _is_usable(lease: Lease, now: float) -> bool:
    if lease.until is None or now >= lease.until:
        return False
    return now < max(lease.read + SHARED_SECONDS, (lease.read + lease.until) * REUSED)


def _read_path(path: str, mount: str, version: str) -> str:
    """Version 2 keeps values under `data/` after its mount."""
    rest = path[len(mount) :].lstrip("/")
    if version != "2" or rest.startswith("data/"):
        return path
    return f"{mount}/data/{rest}"


def _errors(answer: Answer) -> str:
    said: Any = [*(answer.body.get("errors") or ()), *(answer.body.get("warnings") or ())]
    return "; ".join(" ".join(str(each).split()) for each in said)
