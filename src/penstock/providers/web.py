"""Requests for JSON over HTTP: with a limit to their time, size and number."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, cast

from penstock.providers.settings import SecretsConfig
from penstock.sdk.config import ConfigError
from penstock.sdk.provider import LookupFailed

BYTES_MAX = 4 * 1024 * 1024
BUSY = 429
_TEMPORARY = (BUSY, 500, 502, 503, 504)


class Answer(NamedTuple):
    """A server's answer; a body that is no JSON object is empty."""

    status: int
    body: Mapping[str, Any]


class Server:
    """One server, at a base address."""

    def __init__(
        self,
        name: str,
        address: str,
        config: SecretsConfig,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.name, self.address = name, address.rstrip("/")
        self._config, self._sleep = config, sleep
        handlers: list[urllib.request.BaseHandler] = [_NoRedirects()]
        if tls is not None:
            handlers.append(urllib.request.HTTPSHandler(context=tls))
        self._opener = urllib.request.build_opener(*handlers)

    def ask(
        self, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Answer:
        """GET, or POST if there is a body. Raises LookupFailed when there is no good answer."""
        for attempt in range(1, self._config.retry_count + 1):
            last = attempt == self._config.retry_count
            try:
                answer = self._once(path, headers, body)
            except ssl.SSLCertVerificationError as error:
                raise LookupFailed(self._untrusted(error)) from error
            except (OSError, http.client.HTTPException) as error:
                if last:
                    raise LookupFailed(self._away(error), passing=True) from error
            else:
                if answer.status not in _TEMPORARY or last:
                    return answer
            self._sleep(self._config.retry_interval_ms / 1000)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, path: str, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = dict(headers) | ({} if data is None else {"Content-Type": "application/json"})
        request = urllib.request.Request(self.address + path, data, sent)
        try:
            with self._opener.open(request, timeout=self._config.timeout_seconds) as reply:
                return Answer(reply.status, _object(reply.read(BYTES_MAX)))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _object(error.read(BYTES_MAX)))
        except urllib.error.URLError as error:
            if isinstance(error.reason, OSError):
                raise error.reason from error
            raise

    def _untrusted(self, error: ssl.SSLCertVerificationError) -> str:
        return (
            f"the certificate of {self.name} at {self.address} is not trusted "
            f"({error.verify_message}); give the certificate of its authority in the provider's "
            "settings, or the host name that stands in it"
        )

    def _away(self, error: Exception) -> str:
        return (
            f"{self.name} at {self.address} cannot be reached after {self._config.retry_count} "
            f"attempts ({error}); is the address right, and is it running?"
        )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Another host must not be given the token."""

    def redirect_request(self, *args: Any, **named: Any) -> None:
        return None


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(data)
    except ValueError:
        return {}
    return mapping(found)


def mapping(value: Any) -> Mapping[str, Any]:
    """An object of JSON; anything else counts as an empty one."""
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def tls_context(setting: str, authority: Path | None, *, verify: bool = True) -> ssl.SSLContext:
    """Trusts what the system trusts, or the authorities of a PEM file. Raises ConfigError."""
    try:
        context = ssl.create_default_context(cafile=authority)
    except (OSError, ssl.SSLError) as error:
        text = f"it is no file with certificates in PEM ({error})"
        raise ConfigError.invalid(setting, authority, text) from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def checked_address(setting: str, address: str) -> str:
    """An address of the web. Raises ConfigError."""
    if not address.startswith(("http://", "https://")):
        detail = "give an address that begins with http:// or https://"
        raise ConfigError.invalid(setting, address, detail)
    return address


def refuse(answer: Answer, server: Server, remedies: Mapping[int, str], said: str) -> NoReturn:
    """Raise LookupFailed for an answer that gives nothing; `said` is the server's own word."""
    quoted = f": {said[:300]}" if said else ""
    remedy = remedies.get(answer.status)
    if remedy is None and 300 <= answer.status < 400:
        remedy = "it redirects to another address; give that one"
    passing = answer.status in _TEMPORARY
    text = f"{server.name} at {server.address} answers {answer.status}{quoted}"
    raise LookupFailed(text + (f"; {remedy}" if remedy else ""), passing=passing)


def as_text(value: Any) -> str | None:
    """A value of JSON as a setting: texts as they are, the rest as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def chosen(values: Mapping[str, Any], keys: Any) -> dict[str, str | None]:
    """The values of these keys. Raises LookupFailed if there is none of one of them."""
    missing = sorted(key for key in keys if key not in values)
    if missing:
        there = ", ".join(sorted(values)) or "none"
        raise LookupFailed(f"it has no key {' or '.join(missing)}; its keys are: {there}")
    return {key: as_text(values[key]) for key in keys}
