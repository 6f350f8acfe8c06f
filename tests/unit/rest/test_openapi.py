"""What `/openapi.json` says is what the server does, whatever it is sent."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.rest.openapi import OPERATIONS, document
from penstock.rest.settings import rest_settings
from tests.unit.rest.fakes import SINK, SOURCE, Worker
from tests.unit.rest.json_schemas import ANYTHING, TEXTS, mistakes, values
from tests.unit.rest.test_worker import play

DOCUMENT: dict[str, Any] = document(frozenset(OPERATIONS))
ANSWER_SECONDS = 60
EXAMPLES = 150  # of up to four requests each

# where the reference answers with 500, so do we
REASONS = re.compile(
    r"Failed to find any class|Cannot invoke|standalone mode|The body|The value of|not valid JSON|"
    r"must be an? |contains no connector type|Task config|has an unknown member|must be one of|"
    r"must be at least|empty Level|"
    r"Failed to load plugin|Instantiation error|More than one connector|Invalid value|"
    r"doesn't support|[Mm]issing required configuration"
)


def test_every_resource_is_described_and_no_other():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        routes: Any = worker.app.routes
        served = {(method, route.path) for route in routes for method in route.app.methods}
        assert served == set(OPERATIONS)

    play(scene)


def test_the_document_is_served():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await client.get("/openapi.json")
        assert answer.json() == json.loads(json.dumps(DOCUMENT))
        assert "/admin/loggers" in answer.json()["paths"]

    play(scene)


def test_what_is_not_served_is_not_described():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        assert "/admin/loggers" not in (await client.get("/openapi.json")).json()["paths"]

    play(scene, rest_settings({"admin.listeners": ""}))


def test_references_lead_somewhere():
    found = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(DOCUMENT)))
    assert found == set(DOCUMENT["components"]["schemas"])


# Properties -------------------------------------------------------------------------------------

NAMES = st.one_of(st.sampled_from(["c", "d", SOURCE, "FileStreamSink", "root"]), TEXTS)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "connector.class": st.sampled_from([SOURCE, SINK, "FileStreamSource", "nonsense", ""]),
        "name": NAMES,
        "topic": TEXTS,
        "topics": TEXTS,
        "tasks.max": st.one_of(st.integers(-1, 3), TEXTS),
        "transforms": TEXTS,
        "transforms.a.type": TEXTS,
        "key.converter": TEXTS,
        "batch.size": st.one_of(NAMES, st.none(), st.booleans()),
    },
)


@st.composite
def bodies(draw: st.DrawFn, schema: dict[str, Any]) -> bytes:
    """As described, nearly so, or not at all."""
    how = draw(st.sampled_from(["described", "config", "anything", "broken", "bytes"]))
    if how == "bytes":
        return draw(st.binary(max_size=20))
    if how == "anything":
        return json.dumps(draw(ANYTHING)).encode()
    value = draw(values(schema, DOCUMENT))
    if how == "config":
        config = draw(CONFIGS)
        value = value | {"config": config} if "config" in value else config
    text = json.dumps(value).encode()
    return text[: draw(st.integers(0, len(text)))] if how == "broken" else text


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """A described method and path, and a request of it."""
    path = draw(st.sampled_from(sorted(DOCUMENT["paths"])))
    method = draw(st.sampled_from(sorted(DOCUMENT["paths"][path])))
    operation = DOCUMENT["paths"][path][method]
    url, query = path, {}
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        if parameter["in"] == "path":
            kind = NAMES if name == "name" else st.one_of(st.integers(-5, 5), TEXTS)
            kind = kind.map(str).filter(lambda text: text not in ("", ".", ".."))
            url = url.replace("{" + name + "}", quote(str(draw(kind)), safe=""))
        elif draw(st.booleans()):
            shown = draw(st.one_of(values(parameter["schema"], DOCUMENT), TEXTS))
            query[name] = json.dumps(shown) if isinstance(shown, bool) else shown
    named: dict[str, Any] = {"params": query}
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        named["content"] = draw(bodies(schema))
        named["headers"] = {"content-type": "application/json"}
    return method, path, {"url": url, **named}


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests(), min_size=1, max_size=4))
def test_every_request_gets_an_answer_that_is_described(
    sent: list[tuple[str, str, dict[str, Any]]],
):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        config = {"connector.class": SOURCE, "topic": "t"}
        await client.post("/connectors", json={"name": "c", "config": config})
        for method, path, named in sent:
            async with asyncio.timeout(ANSWER_SECONDS):
                answer = await client.request(method, **named)
            check(answer, DOCUMENT["paths"][path][method])

    play(scene)


def check(answer: httpx.Response, operation: dict[str, Any]) -> None:
    status = str(answer.status_code)
    content_type = answer.headers.get("content-type", "")
    if content_type.startswith("text/html") or (status == "400" and not content_type):
        assert answer.status_code in (400, 414)  # a path that cannot be read
        return
    if status == "404" and "content-type" not in answer.headers:  # another path was meant
        assert answer.json()["error_code"] == 404
        return
    described = operation["responses"].get(status)
    if described is None:
        assert 400 <= answer.status_code < 500, (status, answer.text)
        described = operation["responses"]["default"]
    if "content" not in described:
        assert answer.content == b""
        return
    schema = described["content"]["application/json"]["schema"]
    assert mistakes(answer.json(), schema, DOCUMENT) == []
    if answer.status_code >= 500:
        assert REASONS.search(answer.json()["message"]), answer.text


@pytest.mark.parametrize("depth", [100, 5_000, 100_000])
@pytest.mark.parametrize(
    ("path", "method"), [("/connectors", "POST"), ("/connectors/c/offsets", "PATCH")]
)
def test_deep_json_is_an_error_and_no_more(depth: int, path: str, method: str):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        headers = {"content-type": "application/json"}
        for opened, closed in ((b"[", b"]"), (b'{"offsets":', b"}")):
            body = opened * depth + b"1" + closed * depth
            answer = await client.request(method, path, content=body, headers=headers)
            assert answer.status_code in (400, 500)
            assert answer.json()["message"]

    play(scene)
