"""The whole REST API over a standalone herder, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest

from penstock.cluster.messages import MakeTaskConfigs, StartConnector
from penstock.rest.basic_auth import BasicAuth
from penstock.rest.endpoint import Guard
from penstock.rest.settings import RestSettings, rest_settings
from tests.unit.rest.fakes import SINK, SOURCE, Worker

CONFIG = {"connector.class": SOURCE, "topic": "t"}

Play = Callable[[Worker, httpx.AsyncClient], Awaitable[None]]


def play(scene: Play, settings: RestSettings | None = None, guards: Sequence[Guard] = ()) -> None:
    async def run() -> None:
        worker = Worker(settings, guards)
        transport = httpx.ASGITransport(app=worker.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://w:1") as client:
            await scene(worker, client)

    asyncio.run(run())


async def create(client: httpx.AsyncClient, name: str = "c", **config: str) -> httpx.Response:
    body = {"name": name, "config": CONFIG | config}
    return await client.post("/connectors", json=body)


def test_a_connector_lives_from_creation_to_deletion():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await create(client)
        assert (answer.status_code, answer.headers["location"]) == (201, "http://w:1/connectors/c")
        assert answer.json()["tasks"] == [{"connector": "c", "task": 0}]
        status = (await client.get("/connectors/c/status")).json()
        assert status["connector"]["state"] == status["tasks"][0]["state"] == "RUNNING"
        assert status["connector"]["worker_id"] == "127.0.0.1:8083"
        assert (await client.put("/connectors/c/pause")).status_code == 202
        status = (await client.get("/connectors/c/status")).json()
        assert status["tasks"][0]["state"] == "PAUSED"
        assert (await client.put("/connectors/c/stop")).status_code == 204
        assert (await client.get("/connectors/c/tasks")).json() == []
        assert (await client.delete("/connectors/c")).status_code == 204
        assert (await client.get("/connectors/c/status")).status_code == 404
        assert worker.hosts.running == {}

    play(scene)


@pytest.mark.parametrize("name", ["a->b", "a b", "a.b", "a!b", "ü", "a+b", "a?b", "x;y", "#"])
def test_any_name_survives_a_round_trip(name: str):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        assert (await create(client, name)).status_code == 201
        quoted = httpx.URL("http://w:1").copy_with(
            raw_path=b"/connectors/" + _quoted(name) + b"/config"
        )
        answer = await client.get(quoted)
        assert answer.json() == CONFIG | {"name": name}

    play(scene)


def _quoted(name: str) -> bytes:
    from urllib.parse import quote

    return quote(name, safe="").encode()


def test_what_was_sent_is_read_back_with_nothing_but_the_name_added():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        await create(client, unknown="kept", secret="${file:/x:y}")
        config = (await client.get("/connectors/c/config")).json()
        assert config == CONFIG | {"unknown": "kept", "secret": "${file:/x:y}", "name": "c"}

    play(scene)


def test_an_invalid_configuration_is_refused():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await client.put("/connectors/c/config", json={"connector.class": SOURCE})
        assert answer.status_code == 400
        assert "contains the following 1 error(s):" in answer.json()["message"]
        assert (await client.get("/connectors")).json() == []

    play(scene)


def test_a_configuration_without_a_class_is_refused_without_telling_its_secrets():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        body = {"topic": "t", "db.password": "hunter2"}
        answer = await client.put("/connectors/c/config", json=body)
        assert answer.status_code == 400
        message = answer.json()["message"]
        assert message.endswith("contains no connector type")
        assert "topic=t" in message
        assert "hunter2" not in message

    play(scene)


def test_a_request_that_takes_too_long_says_what_it_waits_for(monkeypatch: pytest.MonkeyPatch):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        awaited = "starting the "

        async def over(work: Sequence[asyncio.Future[Any]], *, timeout: float) -> Any:
            assert timeout == 7
            while not work[0].done() and awaited not in str(worker.herder.stage()):
                await asyncio.sleep(0)
            return [each for each in work if each.done()], ()

        monkeypatch.setattr(asyncio, "wait", over)  # the time is over when it is as far as that
        worker.hosts.silent = {StartConnector}
        message = (await create(client)).json()["message"]
        assert message.startswith("Request timed out. The worker is currently starting the ")
        awaited = "generating task configs"
        worker.hosts.silent = {MakeTaskConfigs}
        message = (await create(client, "d")).json()["message"]
        assert "currently generating task configs for connector d, which began at 20" in message
        await asyncio.sleep(0)
        assert worker.herder.driver.state.requests == {}
        assert (await client.get("/connectors/c")).status_code == 200

    play(scene, RestSettings(request_timeout_seconds=7))


def test_health_says_starting_until_the_worker_has_started():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        assert (await client.get("/health")).json()["status"] == "healthy"

    play(scene)


def test_a_level_for_the_whole_cluster_is_set_here_too():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        url = "/admin/loggers/penstock.of.this.test"
        assert (await client.get(url)).status_code == 404
        answer = await client.put(url + "?scope=cluster", json={"level": "debug"})
        assert answer.status_code == 204
        assert (await client.get(url)).json()["level"] == "DEBUG"

    play(scene)


def test_offsets_are_read_altered_and_reset():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        await create(client)
        await client.put("/connectors/c/stop")
        body = {"offsets": [{"partition": {"file": "a"}, "offset": {"position": 3}}]}
        answer = await client.patch("/connectors/c/offsets", json=body)
        assert answer.status_code == 200, answer.text
        assert (await client.get("/connectors/c/offsets")).json() == body
        assert (await client.delete("/connectors/c/offsets")).status_code == 200
        assert (await client.get("/connectors/c/offsets")).json() == {"offsets": []}

    play(scene)


def test_plugins_and_their_settings_are_shown():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        connectors = (await client.get("/connector-plugins")).json()
        assert {"class": SINK, "type": "sink", "version": "1"} in connectors
        keys = [
            key["name"] for key in (await client.get(f"/connector-plugins/{SINK}/config")).json()
        ]
        assert keys[:3] == ["file", "name", "connector.class"]
        answer = await client.get("/connector-plugins/Nope/config")
        assert answer.json() == {"error_code": 404, "message": "Unknown plugin Nope."}

    play(scene)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 100_000, 500),
        (b'{"name":"c","config":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}", 500),
        (b'{"name": "\xff"}', 400),
        (b'{"name":"c","config":{"a":1e999}}', 400),
        (b"x" * 2000, 413),
        (b'{"offsets":' + b"9" * 900 + b"}", 500),
    ],
)
def test_hostile_bodies_are_answered_with_an_error(body: bytes, status: int):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/connectors", content=body, headers=headers)
        assert answer.status_code == status
        assert answer.json()["message"]

    limit = 1000 if status == 413 else 1_000_000
    play(scene, RestSettings(body_bytes_max=limit))


def test_admin_resources_are_served_where_the_settings_say():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        assert (await client.get("/admin/loggers")).status_code == 404

    play(scene, rest_settings({"admin.listeners": ""}))


def test_unknown_users_are_refused():
    guard = BasicAuth({"u": "p:q"})
    assert guard.refusal("GET", "connectors", {}) is not None
    known = {"authorization": "bAsIc " + "dTpwOnE="}
    assert guard.refusal("GET", "connectors", known) is None
    assert guard.refusal("POST", "connectors/c/tasks", {}) is None
    assert BasicAuth({}).refusal("GET", "connectors", {}) is None
    assert BasicAuth(None).refusal("GET", "connectors", known) is not None


def test_a_refused_request_gets_401_and_a_sentence():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await client.get("/connectors")
        assert (answer.status_code, answer.text) == (401, "User cannot access the resource.")
        assert (await client.get("/connectors", auth=("u", "p"))).status_code == 200
        answer = await client.get("/connectors", headers={"Authorization": "Basic ??"})
        assert answer.status_code == 500

    play(scene, guards=[BasicAuth({"u": "p"})])


def test_reads_stay_fast_with_many_connectors():
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        herder = worker.herder
        for n in range(100):
            await herder.put_connector_config(f"c{n}", CONFIG | {"name": f"c{n}"}, replace=True)
        answer: Any = (await client.get("/connectors?expand=info&expand=status")).json()
        assert len(answer) == 100

    play(scene)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("!!", "Illegal base64 character 21"),
        ("A", "Input byte[] should at least have 2 bytes for base64 bytes"),
    ],
)
def test_a_signature_that_cannot_be_read_is_a_bad_request(given: str, message: str):
    signed = {
        "X-Connect-Authorization": given,
        "X-Connect-Request-Signature-Algorithm": "HmacSHA256",
    }

    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await client.put("/connectors/c/fence", headers=signed)
        assert (answer.status_code, answer.json()["message"]) == (400, message)

    play(scene)


@pytest.mark.parametrize("plugin", [SOURCE, "nope"])
def test_a_plugin_in_versions_that_cannot_be_read_is_a_bad_request(plugin: str):
    async def scene(worker: Worker, client: httpx.AsyncClient) -> None:
        answer = await client.get(f"/connector-plugins/{plugin}/config?version=%5B4")
        assert answer.status_code == 400
        assert answer.json()["message"] == "Invalid version specification: [4"

    play(scene)
