"""A small real token endpoint, as OAuth knows it, for tests of OAUTHBEARER."""

from __future__ import annotations

import http.server
import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs


class Endpoint(NamedTuple):
    """Gives tokens to the client `me` with the secret `right`."""

    url: str
    asked: list[dict[str, list[str]]]


@contextmanager
def token_endpoint() -> Generator[Endpoint]:
    asked: list[dict[str, list[str]]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            asked.append(parse_qs(body))
            kind, _, text = self.headers.get("Authorization", "").partition(" ")
            known = kind == "Basic" and b64decode(text) == b"me:right"
            answer: dict[str, Any] = {"error": "invalid_client"}
            if known:
                answer = {"access_token": token(), "token_type": "Bearer", "expires_in": 300}
            self.send_response(200 if known else 401)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Endpoint(f"http://127.0.0.1:{server.server_port}/token", asked)
        finally:
            server.shutdown()
            thread.join()


def token() -> str:
    """A token without a signature, which the broker takes as well."""
    now = int(time.time())
    claims = {"sub": "me", "iat": now, "exp": now + 300}
    parts = [json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims)]
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
