"""The client against a worker on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from penstock.client import ClientError, ConnectClient, HttpPeers
from penstock.cluster.messages import TargetState, TaskId
from penstock.rest.server import RestServer
from penstock.rest.settings import RestSettings
from tests.unit.rest.fakes import SOURCE, Worker
from tests.unit.rest.test_server import LOOPBACK

CONFIG = {"connector.class": SOURCE, "topic": "t"}


def play(scene: Callable[[ConnectClient], Any]) -> Any:
    async def run() -> Any:
        settings = RestSettings(listeners=(LOOPBACK,))
        server = RestServer(settings)
        await server.start(Worker(settings).app)
        try:
            return await asyncio.to_thread(scene, ConnectClient(server.url))
        finally:
            await server.stop(1)

    return asyncio.run(run())


def test_a_connector_from_creation_to_deletion():
    def scene(client: ConnectClient) -> None:
        name = "a->b c d"
        info = client.create(name, CONFIG, TargetState.PAUSED)
        assert (info.name, info.type) == (name, "source")
        assert client.status(name).connector.state == "PAUSED"
        client.aim(name, TargetState.STARTED)
        assert client.restart(name) is None
        restarted = client.restart(name, include_tasks=True)
        assert restarted is not None
        assert restarted.connector.state == "RESTARTING"
        assert [task.id for task in client.tasks(name)] == [TaskId(name, 0)]
        client.restart_task(name, 0)
        assert client.put_config(name, CONFIG | {"x": "1"}).config["x"] == "1"
        assert "x" not in client.patch_config(name, {"x": None}).config
        assert client.config(name) == CONFIG | {"name": name}
        client.aim(name, TargetState.STOPPED)
        offsets = [{"partition": {"file": "a"}, "offset": {"position": 1}}]
        assert "altered successfully" in client.alter_offsets(name, offsets)
        assert client.offsets(name).offsets[0].offset == {"position": 1}
        assert "reset successfully" in client.reset_offsets(name)
        assert client.topics(name) == []
        client.reset_topics(name)
        client.delete(name)
        assert client.connectors() == []

    play(scene)


def test_what_a_worker_is_and_can():
    def scene(client: ConnectClient) -> None:
        assert client.server().kafka_cluster_id == "cluster"
        assert SOURCE in [plugin.class_name for plugin in client.plugins()]
        assert client.validate(SOURCE, {"connector.class": SOURCE}).error_count == 2
        assert client.set_level("penstock.client.test", "DEBUG") == ["penstock.client.test"]
        assert client.set_level("penstock.client.test", "INFO", cluster=True) == []
        assert client.loggers()["penstock.client.test"].level == "INFO"

    play(scene)


def test_errors_are_told_in_the_workers_words():
    def scene(client: ConnectClient) -> None:
        with pytest.raises(ClientError, match="Connector none not found") as caught:
            client.info("none")
        assert caught.value.status == 404

    play(scene)


def test_a_worker_that_is_not_there_is_named():
    client = ConnectClient("http://127.0.0.1:9/", timeout_seconds=1)
    with pytest.raises(ClientError, match=r"No worker answers at http://127\.0\.0\.1:9"):
        client.connectors()


def test_another_worker_that_is_not_there_is_an_error_of_the_system():
    async def ask() -> None:
        await HttpPeers(timeout_seconds=1).ask("GET", "http://127.0.0.1:9/", {}, None)

    with pytest.raises(OSError):
        asyncio.run(ask())
