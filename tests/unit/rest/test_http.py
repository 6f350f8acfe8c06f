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
        ("PUT", "/connectors/x/fence", PLAIN, "x", 500, True),
        ("POST", "/connectors/x/tasks", PLAIN, "[]", 500, True),
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
    "path",
    [
        "/connectors//status",
        "/connectors/;a/status",
        "/connectors/%FF",
        "/connectors/a%00b",
        "/connectors/a%2Fb",
        "/connectors/a%25b",
        "/connectors/a%5Cb",
        "/connectors/a%0Ab",
        "/connectors/%2e%2e/status",
    ],
)
def test_an_ambiguous_or_suspicious_path_is_a_bad_request(path: str):
    found = answer("GET", path, {})
    assert found.status_code == 400
    assert found.headers["content-type"] == "text/html;charset=iso-8859-1"


def test_methods_that_show_nothing_get_no_page():
    found = answer("DELETE", "/connectors/a%2Fb", {})
    assert (found.status_code, found.content) == (400, b"")


def test_resources_are_found_by_their_names_as_they_are_written():
    assert answer("GET", "/%63onnectors", {}).status_code == 404


@pytest.mark.parametrize(
    ("path", "name"),
    [("a;b=c", "a"), ("a%3Bb", "a;b"), ("%20", " "), ("a+b", "a+b"), ("x%2e", "x."), ("%3F", "?")],
)
def test_a_name_is_read_from_the_path(path: str, name: str):
    found = answer("GET", f"/connectors/{path}/status", {})
    assert found.json()["message"] == f"No status found for connector {name}"
