"""The driver and the standalone herder around it, on a real event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from penstock.cluster.changes import ConnectorConfigured
from penstock.cluster.commands import LookUp
from penstock.cluster.effects import Wake
from penstock.cluster.events import ConfigChanged, ReloadDue, SecretsExpire
from penstock.cluster.herder import decide
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
from penstock.cluster.references import References
from penstock.cluster.service import HerderService
from penstock.cluster.standalone import build_standalone
from penstock.cluster.state import ClusterState, Settings
from penstock.cluster.views import ConfigInfos
from penstock.runtime.config_references import Resolved
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


def look_up(properties: Mapping[str, str]) -> Resolved:
    if any("${broken" in value for value in properties.values()):
        raise ConnectError("Could not read value for key password")
    return Resolved({k: value.replace("${file:p}", "hunter2") for k, value in properties.items()})


def play(scene: Scene, look_up: LookUp = look_up) -> None:
    async def run() -> None:
        made: list[ThreadedHosts] = []

        def hosts(report: Callable[[Report], None]) -> ThreadedHosts:
            made.append(ThreadedHosts(report))
            return made[0]

        all_ports = Everything()
        settings = Settings("w:1", "http://w:1/")
        herder = build_standalone(settings, hosts, all_ports, all_ports, all_ports, look_up)
        herder.started()
        async with asyncio.timeout(60):
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
    raw = {"a": "${x:y}", "b": "z", "url": "db://${x:user}"}
    secret = "long-enough"
    resolved = {"a": secret, "b": "z", "url": "db://me"}
    secrets = {secret: "${x:y}", "pin1": "${x:pin}"}
    configs = [
        {"a": secret, "c": secret, "url": "db://me"},
        {"a": "other", "b": "z", "url": f"db://me:{secret}@host/pin1", "p": "pin1"},
    ]
    assert References(raw, resolved, secrets).restored(configs) == [
        {"a": "${x:y}", "c": "${x:y}", "url": "db://${x:user}"},
        {"a": "other", "b": "z", "url": "db://me:${x:y}@host/pin1", "p": "${x:pin}"},
    ]


class Leases:
    """Answers with another password each time, or each second time, for 20 ms."""

    def __init__(self, per_password: int = 1) -> None:
        self.count, self.per_password = 0, per_password

    def __call__(self, properties: Mapping[str, str]) -> Resolved:
        self.count += 1
        password = f"password-{self.count // self.per_password}"
        config = {k: value.replace("${v:db:p}", password) for k, value in properties.items()}
        return Resolved(dict[str, str | None](config), {"db": 20}, {password: "${v:db:p}"})


LEASED = CONFIG | {"password": "${v:db:p}"}


async def until(true: Callable[[], object]) -> None:
    while not true():
        await asyncio.sleep(0.001)


def starts(hosts: ThreadedHosts, kind: type) -> list[Any]:
    return [command for command in hosts.commands if isinstance(command, kind)]


def test_secrets_that_expire_restart_the_connector_and_its_tasks():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        await herder.put_connector_config("c", LEASED, replace=False)
        await until(lambda: len(starts(hosts, StartTask)) >= 3)
        tasks = [start.task_properties["password"] for start in starts(hosts, StartTask)]
        assert len(set(tasks)) == len(tasks)
        connectors = [start.properties["password"] for start in starts(hosts, StartConnector)]
        assert len(connectors) >= 3
        assert starts(hosts, StartTask)[0].secrets == [tasks[0]]
        (task,) = await herder.task_configs("c")
        assert task.config["password"] == "${v:db:p}"
        await herder.delete_connector("c")
        await until(lambda: herder.driver.state.local == {})
        await asyncio.sleep(0.05)  # several times what a secret is good for
        assert herder.driver.state.local == {}
        assert herder.driver.state.reloads.keys() <= {"c"}

    play(scene, Leases())


def test_secrets_that_expire_unchanged_leave_the_tasks_alone():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        await herder.put_connector_config("c", LEASED, replace=False)
        await until(lambda: len(starts(hosts, StartConnector)) >= 4)
        assert len(starts(hosts, StartTask)) == 1

    play(scene, Leases(1_000_000))


def test_nothing_is_restarted_if_the_connector_does_not_want_it():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        config = LEASED | {"config.action.reload": "none"}
        await herder.put_connector_config("c", config, replace=False)
        await asyncio.sleep(0.08)
        assert len(starts(hosts, StartConnector)) == 1
        assert herder.driver.state.reloads == {}

    play(scene, Leases())


def test_a_path_that_is_looked_up_again_has_one_appointment():
    state = ClusterState(Settings("w:1"))
    change = ConnectorConfigured("c", LEASED)
    state = decide(state, ConfigChanged(change), 0.0).state
    state = decide(state, SecretsExpire("c", "db", 5.0), 10.0).state
    decision = decide(state, SecretsExpire("c", "db", 5.0), 12.0)
    assert decision.effects == (Wake(5.0, ReloadDue("c", "db", 17.0)),)
    assert decision.state.reloads == {"c": {"db": 17.0}}
    assert decide(decision.state, ReloadDue("c", "db", 15.0), 15.0).state == decision.state
    assert decide(decision.state, ReloadDue("c", "db", 17.0), 17.0).state.reloads == {}


def test_a_connector_that_never_stops_does_not_keep_the_worker_from_ending():
    async def scene(herder: HerderService, hosts: ThreadedHosts) -> None:
        await herder.put_connector_config("c", CONFIG, replace=False)
        await until(lambda: starts(hosts, StartTask))
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
