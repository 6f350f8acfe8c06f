"""Pages of other origins, as a Java worker treats them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from penstock.rest.settings import rest_settings
from penstock.sdk.errors import ConfigError
from tests.unit.rest.fakes import Worker
from tests.unit.rest.test_worker import play

ORIGINS = "http://a.example,http://*.c.example"
PREFLIGHT = {"Access-Control-Request-Method": "POST"}


def answer(method: str, path: str, headers: dict[str, str], **settings: str) -> httpx.Response:
    found: list[httpx.Response] = []
    named = {name.replace("_", "."): value for name, value in settings.items()}
    told = {"access.control.allow.origin": ORIGINS} | named

    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        found.append(await client.request(method, path, headers=headers))

    play(scene, rest_settings(told))
    return found[0]


def cors(response: httpx.Response) -> dict[str, Any]:
    prefix = "access-control-allow-"
    pairs = response.headers.items()
    return {name.removeprefix(prefix): v for name, v in pairs if name.startswith(prefix)}


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://a.example", True),
        ("HTTP://A.EXAMPLE", True),
        ("http://a.example http://evil.example", True),
        ("http://c.example", True),  # an origin is a pattern, in which a star repeats
        ("http://x.c.example", False),
        ("http://a.example:80", False),
        ("http://b.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_origins_are_patterns(origin: str, allowed: bool):
    found = answer("GET", "/connectors", {"Origin": origin})
    assert cors(found) == ({"origin": origin} if allowed else {})
    assert (found.status_code, found.headers["vary"]) == (200, "Origin")
    found = answer("OPTIONS", "/connectors", {"Origin": origin, **PREFLIGHT})
    assert ("methods" in cors(found)) == allowed
    assert found.status_code == 200


@pytest.mark.parametrize("origin", ["http://a.example", "null", ""])
def test_a_star_allows_any_origin(origin: str):
    found = answer("GET", "/", {"Origin": origin}, access_control_allow_origin="*")
    assert cors(found) == {"origin": origin}


@pytest.mark.parametrize("wanted", ["POST", "PUT", "post", "NONSENSE", ""])
def test_a_preflight_is_told_what_is_allowed_whatever_it_asks_for(wanted: str):
    headers = {"Origin": "http://a.example", "Access-Control-Request-Method": wanted}
    found = answer("OPTIONS", "/connectors", headers)
    methods = "GET,HEAD,POST"
    expected = {"origin": "http://a.example", "methods": methods, "headers": "Content-Type"}
    assert cors(found) == expected
    assert found.headers["access-control-max-age"] == "60"
    assert found.headers["allow"] == "GET,HEAD,OPTIONS,POST"


def test_methods_are_those_of_the_settings():
    told = {"access_control_allow_methods": "PUT,GET"}
    headers = {"Origin": "http://a.example", **PREFLIGHT}
    assert cors(answer("OPTIONS", "/connectors", headers, **told))["methods"] == "GET,PUT"


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "allowed"),
    [
        ("GET", "/nothing", {}, 404, True),
        ("OPTIONS", "/nothing", PREFLIGHT, 404, True),
        ("POST", "/connectors", {"Content-Type": "text/plain"}, 415, True),
        ("GET", "/connectors", {"Accept": "text/html"}, 406, True),
        ("GET", "/connectors/%25", {}, 400, False),
    ],
)
def test_refused_requests_may_be_read_unless_they_cannot_be_understood(
    method: str, path: str, headers: dict[str, str], status: int, allowed: bool
):
    found = answer(method, path, {"Origin": "http://a.example", **headers})
    assert found.status_code == status
    assert ("origin" in cors(found)) == allowed


def test_an_operators_headers_win():
    rules = {"response_http_headers_config": "set Vary: X, add X-One: 1"}
    found = answer("GET", "/", {"Origin": "http://a.example"}, **rules)
    assert (found.headers["vary"], found.headers["x-one"]) == ("X", "1")


def test_without_origins_nothing_is_said():
    found = answer("GET", "/", {"Origin": "http://a.example"}, access_control_allow_origin="")
    assert "vary" not in found.headers
    assert cors(found) == {}


def test_an_origin_that_is_no_pattern_is_refused_at_the_start():
    with pytest.raises(ConfigError, match=r"access\.control\.allow\.origin"):
        rest_settings({"access.control.allow.origin": "http://(a"})
