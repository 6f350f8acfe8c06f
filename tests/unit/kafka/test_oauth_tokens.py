"""Tokens are fetched with client credentials, kept for most of their life, and fetched again."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from typing import Any

import pytest

from penstock.kafka.oauth_tokens import EndpointTokens, UnsignedTokens, token_source
from penstock.sdk.errors import ConfigError, ConnectError
from tests.token_endpoint import Endpoint, token_endpoint

SECRET = "hunter2"


def settings(endpoint: Endpoint, secret: str = "right", **more: str) -> dict[str, Any]:
    given = {
        "method": "oidc",
        "token.endpoint.url": endpoint.url,
        "client.id": "me",
        "client.secret": secret,
        **more,
    }
    return {f"sasl.oauthbearer.{name}": value for name, value in given.items()}


def test_a_token_is_kept_until_most_of_its_life_is_over() -> None:
    time = [0.0]
    with token_endpoint() as endpoint:
        source = EndpointTokens(settings(endpoint), now=lambda: time[0])
        first = source.token()
        body: Any = json.loads(urlsafe_b64decode(first.split(".")[1] + "=="))
        time[0] = body["exp"] * 0.7
        assert source.token() == first
        assert len(endpoint.asked) == 1
        time[0] = body["exp"] * 0.9
        source.token()
        assert len(endpoint.asked) == 2


def test_a_token_is_used_until_its_end_while_the_endpoint_is_away() -> None:
    time = [0.0]
    with token_endpoint() as endpoint:
        source = EndpointTokens(settings(endpoint), now=lambda: time[0])
        first = source.token()
    body: Any = json.loads(urlsafe_b64decode(first.split(".")[1] + "=="))
    time[0] = body["exp"] * 0.99
    assert source.token() == first
    time[0] = body["exp"]
    with pytest.raises(ConnectError, match="gives no token"):
        source.token()


def test_scope_and_extensions_are_passed_on() -> None:
    with token_endpoint() as endpoint:
        source = token_source(settings(endpoint, scope="a b", extensions="x=1,y=2"))
        source.token()
    assert endpoint.asked == [{"grant_type": ["client_credentials"], "scope": ["a b"]}]
    assert source.extensions == {"x": "1", "y": "2"}


def test_a_refused_client_is_told_without_its_secret() -> None:
    with token_endpoint() as endpoint, pytest.raises(ConnectError, match="HTTP status 401") as told:
        EndpointTokens(settings(endpoint, SECRET)).token()
    assert SECRET not in str(told.value)


def test_an_endpoint_that_is_away_is_told() -> None:
    with token_endpoint() as endpoint:
        pass
    with pytest.raises(ConnectError, match=r"/token gives no token \(URLError\)"):
        EndpointTokens(settings(endpoint)).token()


def test_other_grants_are_refused() -> None:
    with token_endpoint() as endpoint, pytest.raises(ConfigError, match="client credentials only"):
        token_source(settings(endpoint, **{"grant.type": "jwt-bearer"}))


def test_tokens_for_development_are_made_here() -> None:
    config = "principal=alice lifeSeconds=60 scope=a,b extension_x=1"
    source = UnsignedTokens(config, now=lambda: 1000.0)
    head, claims, signature = source.token().split(".")
    assert json.loads(urlsafe_b64decode(head + "==")) == {"alg": "none"}
    assert json.loads(urlsafe_b64decode(claims + "===")) == {
        "sub": "alice",
        "iat": 1000.0,
        "exp": 1060.0,
        "scope": ["a", "b"],
    }
    assert signature == ""
    assert source.extensions == {"x": "1"}
