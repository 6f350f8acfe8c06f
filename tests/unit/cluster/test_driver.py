"""The driver and the standalone herder around it, on a real event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from penstock.cluster.commands import with_references
from penstock.cluster.messages import (
    CheckOffsets,
    MakeTaskConfigs,
    Report,
    StartConnector,
    StartTask,
    StopTask,
    TaskConfigsMade,
    TaskId,
)
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import build_standalone
from penstock.cluster.state import Settings
from penstock.cluster.views import ConfigInfos
from penstock.sdk.errors import ConnectError, NotFoundError
from tests.unit.cluster.world import Hosts

CONFIG = {"name": "c", "connector.class": "X", "tasks.max": "1"}


class ThreadedHosts(Hosts):
    """Reports from a thread, as real hosts do."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        super().__init__()
        self.report = report

    def send(self, command: Any) -> None:
        reports = self.answer(command)
        if isinstance(command, MakeTaskConfigs) and reports:
            reports = [self._echoed(command)]
        threading.Thread(target=lambda: [self.report(report) for report in reports]).start()

    def _echoed(self, command: MakeTaskConfigs) -> TaskConfigsMade:
        """A connector that hands its own configuration on."""
        starts = [c for c in self.commands if isinstance(c, StartConnector)]
        return TaskConfigsMade(
            command.connector, command.incarnation, [dict(starts[-1].properties)]
        )


class Everything:
    """Validator, offsets and levels that agree with everything."""

    def __init__(self) -> None:
        self.levels: list[Any] = []

    async def validate(self, config: Any) -> ConfigInfos:
        return ConfigInfos("X", 0, [], [])

    def kind(self, config: Any) -> str:
        return "source"

    async def read(self, connector: str, config: Any) -> Any:
        return []

    async def prepare(self, connector: str, config: Any, offsets: Any) -> Any:
        return offsets or []

    async def write(self, connector: str, config: Any, offsets: Any, *, reset: bool) -> None: ...

    def all(self) -> Any:
        return {}

    def one(self, logger: str) -> Any:
        return None

    def set(self, logger: str, level: str) -> list[str]:
        self.levels.append((logger, level))
        return []


Scene = Callable[[HerderService, ThreadedHosts], Awaitable[None]]


def resolve(properties: Mapping[str, str]) -> dict[str, str]:
    if any("${broken" in value for value in properties.values()):
        raise ConnectError("Could not read value for key password")
    return {key: value.replace("${file:p}", "hunter2") for key, value in properties.items()}


def play(scene: Scene) -> None:
    async def run() -> None:
        made: list[ThreadedHosts] = []

        def hosts(report: Callable[[Report], None]) -> ThreadedHosts:
            made.append(ThreadedHosts(report))
            return made[0]

        all_ports = Everything()
        settings = Settings("w:1", "http://w:1/")
        herder = build_standalone(settings, hosts, all_ports, all_ports, all_ports, resolve)
        herder.started()
        async with asyncio.timeout(10):
            await scene(herder, made[0])

    asyncio.run(run())


def test_reports_of_other_threads_are_heard():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        created, info = await herder.put_connector_config("c", CONFIG, replace=False)
        assert created
        assert info.tasks == [TaskId("c", 0)]
        assert await herder.driver.close(5)
        assert hosts.running == {}
        with pytest.raises(ConnectError, match="Worker is shutting down"):
            await herder.delete_connector("c")

    play(scene)


def test_hosts_see_secrets_and_nobody_else_does():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        config = CONFIG | {"password": "${file:p}"}
        await herder.put_connector_config("c", config, replace=False)
        starts = [c for c in hosts.commands if isinstance(c, StartConnector)]
        assert starts[0].properties["password"] == "hunter2"
        assert (await herder.connector_config("c"))["password"] == "${file:p}"
        (task,) = await herder.task_configs("c")
        assert task.config["password"] == "${file:p}"
        while not (tasks := [c for c in hosts.commands if isinstance(c, StartTask)]):
            await asyncio.sleep(0.001)
        assert tasks[0].task_properties["password"] == "hunter2"

    play(scene)


def test_a_secret_that_cannot_be_read_fails_the_connector_which_can_still_be_deleted():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        config = CONFIG | {"password": "${broken:x}"}
        with pytest.raises(ConnectError, match="Could not read value for key password"):
            await herder.put_connector_config("c", config, replace=False)
        status = await herder.connector_status("c")
        assert status.connector.state == "FAILED"
        assert "ConnectException: Could not read value" in str(status.connector.trace)
        await herder.delete_connector("c")
        with pytest.raises(NotFoundError):
            await herder.connector_status("c")
        assert hosts.commands == []
        assert herder.driver.state.local == {}

    play(scene)


def test_what_came_out_of_a_reference_is_the_reference_again():
    raw, resolved = {"a": "${x:y}", "b": "z"}, {"a": "s", "b": "z"}
    configs = [{"a": "s", "c": "s"}, {"a": "other", "b": "z"}]
    assert with_references(configs, raw, resolved) == [
        {"a": "${x:y}", "c": "s"},
        {"a": "other", "b": "z"},
    ]


def test_a_connector_that_never_stops_does_not_keep_the_worker_from_ending():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        await herder.put_connector_config("c", CONFIG, replace=False)
        hosts.silent = {StopTask}
        assert not await herder.driver.close(0.05)

    play(scene)


def test_somebody_who_stops_waiting_leaves_nothing_behind():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        hosts.silent = {StartConnector}
        waiting = asyncio.create_task(herder.put_connector_config("c", CONFIG, replace=False))
        while herder.stage("c") is None or "starting" not in str(herder.stage("c")):
            await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert herder.stage("c") is None

    play(scene)


def test_the_connector_is_asked_before_its_offsets_are_altered():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        await herder.put_connector_config("c", CONFIG, replace=False)
        await herder.stop_connector("c")
        answer = await herder.alter_offsets("c", [({"a": 1}, {"b": 2})])
        assert answer.message == "The offsets for this connector have been altered successfully"
        (check,) = [c for c in hosts.commands if isinstance(c, CheckOffsets)]
        assert check.offsets == [({"a": 1}, {"b": 2})]

    play(scene)
