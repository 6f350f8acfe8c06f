"""Paths and media types, as a Java worker treats them."""

from __future__ import annotations

import httpx
import pytest

from tests.unit.rest.fakes import Worker
from tests.unit.rest.test_worker import play

PLAIN = {"Content-Type": "text/plain"}


def answer(method: str, path: str, headers: dict[str, str], body: str = "") -> httpx.Response:
    found: list[httpx.Response] = []

    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        found.append(await client.request(method, path, headers=headers, content=body))

    play(scene)
    return found[0]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "shown"),
    [
        ("GET", "/connectors", PLAIN, "", 415, False),
        ("DELETE", "/connectors/x", PLAIN, "", 415, False),
        ("PUT", "/connectors/x/pause", PLAIN, "", 415, False),
        ("DELETE", "/connectors", PLAIN, "", 405, False),
        ("PUT", "/connectors/x/pause", {}, "x", 404, True),
        ("POST", "/connectors", {}, "{}", 415, True),
        ("POST", "/connectors", {"Content-Type": "*/*"}, "{}", 415, True),
        ("POST", "/connectors", {"Content-Type": "application/*"}, "{}", 415, True),
        ("POST", "/connectors", {"Content-Type": "application/vnd.x+json"}, "{}", 415, False),
        ("GET", "/connectors", {"Accept": "nonsense"}, "", 406, False),
        ("GET", "/connectors", {"Accept": "application/vnd.x+json"}, "", 406, False),
        ("GET", "/connectors", {"Accept": "text/html, application/json;q=0"}, "", 200, True),
        ("GET", "/connectors", {"Accept": ""}, "", 200, True),
        ("FOO", "/connectors", {}, "", 405, False),
    ],
)
def test_media_types_decide_before_any_resource_does(
    method: str, path: str, headers: dict[str, str], body: str, status: int, shown: bool
):
    found = answer(method, path, headers, body)
    assert found.status_code == status
    assert found.headers.get("content-type") == ("application/json" if shown else None)


@pytest.mark.parametrize("content_type", ["", "nonsense", "a/b/c", "/json"])
def test_a_content_type_that_is_none_is_a_bad_request(content_type: str):
    found = answer("POST", "/connectors", {"Content-Type": content_type}, "{}")
    assert found.status_code == 400
    assert found.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    "path", ["/connectors//status", "/connectors/;a/status", "/connectors/%FF", "/connectors/a%00b"]
)
def test_an_ambiguous_path_is_a_bad_request(path: str):
    assert answer("GET", path, {}).status_code == 400


@pytest.mark.parametrize(
    ("path", "name"),
    [("a;b=c", "a"), ("a%3Bb", "a;b"), ("%20", " "), ("a+b", "a+b"), ("x%2e", "x."), ("%3F", "?")],
)
def test_a_name_is_read_from_the_path(path: str, name: str):
    found = answer("GET", f"/connectors/{path}/status", {})
    assert found.json()["message"] == f"No status found for connector {name}"
