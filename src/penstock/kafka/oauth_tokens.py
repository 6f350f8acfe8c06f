"""Tokens for kafka-python, which fetches none itself: from the settings librdkafka fetches with."""

from __future__ import annotations

import base64
import binascii
import json
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from penstock.kafka.properties_rules import Setting
from penstock.sdk.errors import ConfigError, ConnectError

TIMEOUT_SECONDS = 10.0
ANSWER_MAX = 1 << 20
_RENEW_AT = 0.8  # of its life, as librdkafka does
_LIFE_SECONDS = 3600.0
_EXTENSION = "extension_"


class TokenSource(Protocol):
    """Gives a token that is still good, from any thread."""

    @property
    def extensions(self) -> Mapping[str, str]: ...

    def token(self) -> str:
        """Raises ConnectError when there is none to be had."""
        ...


def token_source(settings: Mapping[str, Setting]) -> TokenSource:
    """Raises ConfigError for what only librdkafka can do."""
    if settings.get("sasl.oauthbearer.method") != "oidc":
        return UnsignedTokens(str(settings.get("sasl.oauthbearer.config", "")))
    if "sasl.oauthbearer.grant.type" in settings:
        raise ConfigError(
            "sasl.oauthbearer.jwt.retriever.class: group membership gets tokens for client "
            "credentials only; leave it out."
        )
    return EndpointTokens(settings)


class EndpointTokens:
    """Asks a token endpoint with client credentials, and again before a token expires."""

    def __init__(
        self, settings: Mapping[str, Setting], now: Callable[[], float] = time.time
    ) -> None:
        def text(name: str) -> str:
            return str(settings.get("sasl.oauthbearer." + name, ""))

        self._url = text("token.endpoint.url")
        credentials = f"{text('client.id')}:{text('client.secret')}".encode()
        self._login = "Basic " + base64.b64encode(credentials).decode()
        self._form = {"grant_type": "client_credentials"}
        if scope := text("scope"):
            self._form["scope"] = scope
        pairs = [pair.partition("=") for pair in text("extensions").split(",") if pair]
        self.extensions = {name: value for name, _, value in pairs}
        self._trusted = settings.get("https.ca.location"), settings.get("https.ca.pem")
        self._now = now
        self._known: tuple[str, float, float] | None = None  # when to renew it, when it ends
        self._lock = threading.Lock()

    def token(self) -> str:
        with self._lock:
            known, now = self._known, self._now()
            if known is None or now >= known[1]:
                try:
                    found = self._fetched()
                except ConnectError:
                    if known is None or now >= known[2]:
                        raise
                    return known[0]  # it is good for a while yet
                ends = _expiry(found, now + _LIFE_SECONDS)
                self._known = known = (found, now + (ends - now) * _RENEW_AT, ends)
            return known[0]

    def _fetched(self) -> str:
        request = urllib.request.Request(  # the scheme was checked when settings were read
            self._url,
            data=urllib.parse.urlencode(self._form).encode(),
            headers={"Authorization": self._login, "Accept": "application/json"},
        )
        try:
            with urllib.request.urlopen(
                request, timeout=TIMEOUT_SECONDS, context=self._tls()
            ) as answer:
                told: Any = json.loads(answer.read(ANSWER_MAX))
            return str(told["access_token"])
        except urllib.error.HTTPError as error:
            with error:
                raise self._refusal(f"HTTP status {error.code}") from None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._refusal(type(error).__name__) from error

    def _tls(self) -> ssl.SSLContext | None:
        if not self._url.lower().startswith("https:"):
            return None
        file, pem = (None if given is None else str(given) for given in self._trusted)
        return ssl.create_default_context(cafile=file, cadata=pem)

    def _refusal(self, reason: str) -> ConnectError:
        return ConnectError(
            f"The token endpoint {self._url} gives no token ({reason}); check "
            "sasl.oauthbearer.token.endpoint.url, client id and client secret."
        )


class UnsignedTokens:
    """Makes tokens without a signature, for development."""

    def __init__(self, config: str, now: Callable[[], float] = time.time) -> None:
        pairs = [pair.partition("=") for pair in config.split()]
        self._parts = {name: value for name, _, value in pairs}
        self.extensions = {
            name.removeprefix(_EXTENSION): value
            for name, value in self._parts.items()
            if name.startswith(_EXTENSION)
        }
        self._now = now

    def token(self) -> str:
        parts, now = self._parts, self._now()
        claims: dict[str, Any] = {
            parts.get("principalClaimName", "sub"): parts.get("principal", ""),
            "iat": now,
            "exp": now + float(parts.get("lifeSeconds", _LIFE_SECONDS)),
        }
        if "scope" in parts:
            claims[parts.get("scopeClaimName", "scope")] = parts["scope"].split(",")
        return f"{_encoded({'alg': 'none'})}.{_encoded(claims)}."


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def _expiry(token: str, otherwise: float) -> float:
    """The time a token says it expires at."""
    try:
        body = token.split(".")[1]
        claims: Any = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (IndexError, ValueError, KeyError, TypeError, binascii.Error):
        return otherwise
