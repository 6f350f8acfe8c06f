"""Small servers that speak the interfaces of Vault, Kubernetes and AWS Secrets Manager."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import itertools
import json
import ssl
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import unquote

Reply = tuple[int, dict[str, Any]]


class Speaks(Protocol):
    """What a server answers; header names are in lower case."""

    url: str

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply: ...


@contextmanager
def serving(speaker: Speaks, tls: ssl.SSLContext | None = None) -> Generator[None]:
    """On loopback, on any port; `speaker.url` says where."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, said = speaker.answer(self.command, self.path, headers, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "http" if tls is None else "https"
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        speaker.url = f"{scheme}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@dataclass
class FakeVault:
    """Key-value engines of both versions and one that leases; three ways to log in."""

    url: str = ""
    root: str = "root-token"
    logins: list[str] = field(default_factory=list[str])
    asked: list[str] = field(default_factory=list[str])
    namespace: str | None = None
    token_seconds: float = 3600.0
    lease_seconds: int = 3600
    leases: set[str] = field(default_factory=set[str])  # that are not revoked
    away: int = 0  # so many requests are answered with 503
    v1: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    v2: dict[str, dict[str, Any] | None] = field(default_factory=dict[str, dict[str, Any] | None])

    def __post_init__(self) -> None:
        self._tokens = {self.root: float("inf")}
        self._count = itertools.count(1)

    MOUNTS: ClassVar[dict[str, dict[str, Any]]] = {
        "secret/": {"type": "kv", "options": {"version": "2"}},
        "team/kv/": {"type": "kv", "options": {"version": "2"}},
        "old/": {"type": "kv", "options": {"version": "1"}},
        "database/": {"type": "database", "options": None},
    }

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        path = unquote(path)
        self.asked.append(path)
        if self.away > 0:
            self.away -= 1
            return 503, {"errors": ["Vault is sealed"]}
        if headers.get("x-vault-namespace") != self.namespace:
            return 404, {"errors": ["no handler for route"]}
        path = path.removeprefix("/v1/")
        if method == "POST" and path.startswith("auth/"):
            return self._login(path, json.loads(body))
        if self._tokens.get(headers.get("x-vault-token", ""), 0.0) < time.monotonic():
            return 403, {"errors": ["permission denied"]}
        if path == "sys/leases/lookup":
            known = json.loads(body)["lease_id"] in self.leases
            return (200, {"data": {}}) if known else (400, {"errors": ["invalid lease"]})
        if path.startswith("sys/internal/ui/mounts/"):
            return self._mount(path.removeprefix("sys/internal/ui/mounts/"))
        return self._read(path)

    def _login(self, path: str, given: dict[str, str]) -> Reply:
        self.logins.append(path)
        right = {
            "auth/approle/login": {"role_id": "role", "secret_id": "secret-id"},
            "auth/apps/login": {"role_id": "role", "secret_id": "secret-id"},
            "auth/kubernetes/login": {"role": "connect", "jwt": "account-token"},
        }
        if right.get(path) != given:
            return 400, {"errors": ["invalid role or secret ID"]}
        token = f"hvs.{next(self._count)}"
        self._tokens[token] = time.monotonic() + self.token_seconds
        return 200, {"auth": {"client_token": token, "lease_duration": self.token_seconds}}

    def _mount(self, path: str) -> Reply:
        for mount, described in self.MOUNTS.items():
            if path.startswith(mount):
                return 200, {"data": {"path": mount, **described}}
        return 403, {"errors": ["preflight capability check returned 403"]}

    def _read(self, path: str) -> Reply:
        if path.startswith("database/creds/"):
            user = f"user-{next(self._count)}"
            self.leases.add(f"{path}/{user}")
            return 200, {
                "lease_id": f"{path}/{user}",
                "lease_duration": self.lease_seconds,
                "data": {"username": user, "password": f"made-for-{user}"},
            }
        if path.startswith("old/forbidden"):
            return 403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}
        if path in self.v1:
            return 200, {"lease_id": "", "lease_duration": 2_764_800, "data": self.v1[path]}
        mount, data, name = path.partition("/data/")
        if data and f"{mount}/{name}" in self.v2:
            values = self.v2[f"{mount}/{name}"]
            inner = {"data": values, "metadata": {"version": 1}}
            status = 200 if values is not None else 404
            return status, {"lease_id": "", "lease_duration": 0, "data": inner}
        return 404, {"errors": []}


@dataclass
class FakeKubernetes:
    """The part of an API server that gives secrets and config maps."""

    url: str = ""
    token: str = "account-token"
    secrets: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    maps: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != f"Bearer {self.token}":
            return 401, _status(401, "Unauthorized")
        _, _, _, namespaces, namespace, resource, name = unquote(path).split("/")
        assert namespaces == "namespaces"
        if namespace == "forbidden":
            text = f'{resource} "{name}" is forbidden: User "connect" cannot get resource'
            return 403, _status(403, text)
        if resource == "configmaps" and f"{namespace}/{name}" in self.maps:
            return 200, {"kind": "ConfigMap", **self.maps[f"{namespace}/{name}"]}
        if resource == "secrets" and f"{namespace}/{name}" in self.secrets:
            values = self.secrets[f"{namespace}/{name}"]
            data = {key: base64.b64encode(value).decode() for key, value in values.items()}
            return 200, {"kind": "Secret", "type": "Opaque", "data": data}
        return 404, _status(404, f'{resource} "{name}" not found')


def _status(code: int, message: str) -> dict[str, Any]:
    return {"kind": "Status", "status": "Failure", "message": message, "code": code}


@dataclass
class FakeSecretsManager:
    """GetSecretValue, for requests that are signed with the right key."""

    url: str = ""
    access_key: str = "AKIDEXAMPLE"
    secret_key: str = "aws-secret-key"
    busy: int = 0  # so many requests are answered with 500
    asked: list[str] = field(default_factory=list[str])
    secrets: dict[str, str | bytes] = field(default_factory=dict[str, str | bytes])

    def answer(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        if headers["x-amz-target"] != "secretsmanager.GetSecretValue":
            return 400, {"__type": "UnknownOperationException"}
        name = json.loads(body)["SecretId"]
        self.asked.append(name)
        if self.busy > 0:
            self.busy -= 1
            return 500, {"__type": "InternalServiceError", "message": "busy"}
        if problem := self._unsigned(method, path, headers, body):
            return 400, {"__type": problem, "message": f"The security token is {problem}"}
        if name == "forbidden":
            text = "User: me is not authorized to perform: secretsmanager:GetSecretValue"
            return 400, {"__type": "AccessDeniedException", "Message": text}
        found = self.secrets.get(name)
        if found is None:
            text = "Secrets Manager can't find the specified secret."
            return 400, {"__type": "ResourceNotFoundException", "Message": text}
        if isinstance(found, bytes):
            return 200, {"Name": name, "SecretBinary": base64.b64encode(found).decode()}
        return 200, {"Name": name, "SecretString": found}

    def _unsigned(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> str | None:
        """Why the request's signature (version 4) is not right."""
        kind, _, rest = headers.get("authorization", "").partition(" ")
        if kind != "AWS4-HMAC-SHA256":
            return "MissingAuthenticationTokenException"
        given = dict(part.strip().split("=", 1) for part in rest.split(","))
        key, *scope = given["Credential"].split("/")
        if key != self.access_key:
            return "UnrecognizedClientException"
        signed = given["SignedHeaders"].split(";")
        lines = [f"{name}:{' '.join(headers[name].split())}" for name in signed]
        digest = hashlib.sha256(body).hexdigest()
        request = "\n".join([method, path, "", *lines, "", given["SignedHeaders"], digest])
        hashed = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join([kind, headers["x-amz-date"], "/".join(scope), hashed])
        secret = f"AWS4{self.secret_key}".encode()
        for part in [*scope, text]:
            secret = hmac.new(secret, part.encode(), hashlib.sha256).digest()
        right = hmac.compare_digest(secret.hex(), given["Signature"])
        return None if right else "InvalidSignatureException"
