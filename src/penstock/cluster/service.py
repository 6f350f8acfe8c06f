"""The herder as clients see it: questions are answered from the state, wishes become requests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from penstock.cluster.driver import Driver
from penstock.cluster.errors import MissingError
from penstock.cluster.events import (
    AlterOffsets,
    CheckHealth,
    DeleteConnector,
    FenceZombies,
    PatchConnector,
    PutConnector,
    PutTaskConfigs,
    Request,
    ResetTopics,
    RestartAll,
    RestartConnector,
    RestartTask,
    SetLevel,
    SetTarget,
    Started,
)
from penstock.cluster.key_steps import SIGNING_VERSION
from penstock.cluster.messages import TargetState, TaskId
from penstock.cluster.ports import Config, Offsets, OffsetStore, Signature, Stage, Validator
from penstock.cluster.sessions import check
from penstock.cluster.show import (
    connector_info,
    connector_status,
    state_info,
    task_infos,
    task_state,
)
from penstock.cluster.snapshot import Configured
from penstock.cluster.views import (
    ConnectorInfo,
    ConnectorOffset,
    ConnectorOffsets,
    ConnectorStateInfo,
    Message,
    TaskInfo,
    TaskState,
)
from penstock.sdk.errors import ConnectError, NotFoundError
from penstock.sdk.redaction import learn_settings

STANDALONE_TASKS = (
    "Kafka Connect in standalone mode does not support externally setting task configurations."
)
STANDALONE_FENCING = (
    "Kafka Connect in standalone mode does not support exactly-once source connectors."
)


_NO_PATCH = (
    'Cannot invoke "java.util.Map.forEach(java.util.function.BiConsumer)" because "patch" is null'
)


class HerderService:
    """The `Herder` that REST serves. In standalone mode there are no other workers to listen to."""

    def __init__(
        self,
        driver: Driver,
        validator: Validator,
        offsets: OffsetStore,
        *,
        kafka_cluster_id: str | None = None,
        standalone: bool = True,
    ) -> None:
        self.driver = driver
        self._validator = validator
        self._offsets = offsets
        self._cluster_id = kafka_cluster_id
        self._standalone = standalone
        self._started = asyncio.Event()

    @property
    def kafka_cluster_id(self) -> str | None:
        return self._cluster_id

    @property
    def ready(self) -> bool:
        return self.driver.state.ready

    def connected(self, kafka_cluster_id: str | None) -> None:
        """Kafka has answered for the first time."""
        self._cluster_id = kafka_cluster_id

    def started(self) -> None:
        """The worker has done what it does at its start; a group's member is still to join."""
        if self._standalone:
            self.driver.feed(Started())
        self._started.set()

    def stage(self, connector: str | None = None) -> Stage | None:
        state = self.driver.state
        requests = state.requests.values()
        mine = [p.stage for p in requests if connector is None or p.request.connector == connector]
        oldest = min(mine, key=lambda stage: stage.began) if mine else None
        if oldest is not None and state.settings.distributed and state.membership.joining:
            return Stage("ensuring membership in the cluster", oldest.began)
        return oldest

    async def health_check(self) -> None:
        if self._standalone:
            await self._started.wait()
        else:
            await self.driver.ask(lambda number: CheckHealth(number, ""))

    # Questions ----------------------------------------------------------------------------------

    async def _logs_read(self) -> None:
        """A worker that has just started knows nothing yet."""
        if not self._standalone:
            await self._started.wait()

    def _configured(self, name: str) -> Configured:
        configured = self.driver.state.configured(name)
        if configured is None:
            raise NotFoundError(f"Connector {name} not found")
        return configured

    def _kind(self, name: str) -> str:
        configured = self.driver.state.configured(name)
        return "unknown" if configured is None else self._validator.kind(configured.config)

    async def connectors(self) -> list[str]:
        await self._logs_read()
        return list(self.driver.state.snapshot.connectors)

    async def connector_info(self, name: str, /) -> ConnectorInfo:
        await self._logs_read()
        return connector_info(name, self._configured(name), self._kind(name))

    async def connector_config(self, name: str, /) -> Config:
        await self._logs_read()
        return self._configured(name).config

    async def connector_status(self, name: str, /) -> ConnectorStateInfo:
        await self._logs_read()
        return connector_status(self.driver.state, name, self._kind(name))

    async def task_configs(self, name: str, /) -> list[TaskInfo]:
        await self._logs_read()
        return task_infos(name, self._configured(name))

    async def task_status(self, task: TaskId, /) -> TaskState:
        await self._logs_read()
        status = self.driver.state.statuses.get(task.connector, {}).get(task.task)
        if status is None or task.task < 0:
            raise NotFoundError(f"No status found for task {task}")
        return task_state(task.task, status)

    async def active_topics(self, name: str, /) -> list[str]:
        await self._logs_read()
        return sorted(self.driver.state.topics.get(name, frozenset()))

    async def connector_offsets(self, name: str, /) -> ConnectorOffsets:
        await self._logs_read()
        configured = self._configured(name)
        found = await self._offsets.read(name, configured.config)
        return ConnectorOffsets([ConnectorOffset(*pair) for pair in found])

    async def validate(self, config: Config, /) -> Any:
        learn_settings(config)
        return await self._validator.validate(config)

    # Wishes -------------------------------------------------------------------------------------

    async def put_connector_config(
        self,
        name: str,
        config: Config,
        /,
        *,
        replace: bool,
        initial: TargetState | None = None,
        offsets: Sequence[ConnectorOffset] | None = None,
    ) -> tuple[bool, ConnectorInfo]:
        learn_settings(config)
        kind = self._validator.kind(config)
        pairs = None if offsets is None else tuple((o.partition, o.offset) for o in offsets)

        def request(number: int) -> Request:
            return PutConnector(number, name, config, replace, initial, pairs, kind)

        created = await self.driver.ask(request)
        return created, await self.connector_info(name)

    async def patch_connector_config(self, name: str, patch: Config | None, /) -> ConnectorInfo:
        if patch is None:
            self._configured(name)
            raise MissingError(_NO_PATCH)
        await self.driver.ask(lambda number: PatchConnector(number, name, patch))
        return await self.connector_info(name)

    async def delete_connector(self, name: str, /) -> None:
        await self.driver.ask(lambda number: DeleteConnector(number, name))

    async def pause_connector(self, name: str, /) -> None:
        await self._aim(name, TargetState.PAUSED)

    async def resume_connector(self, name: str, /) -> None:
        await self._aim(name, TargetState.STARTED)

    async def stop_connector(self, name: str, /) -> None:
        await self._aim(name, TargetState.STOPPED)

    async def _aim(self, name: str, target: TargetState) -> None:
        await self.driver.ask(lambda number: SetTarget(number, name, target))

    async def restart_connector(self, name: str, /) -> None:
        await self.driver.ask(lambda number: RestartConnector(number, name))

    async def restart_connector_and_tasks(
        self, name: str, /, *, only_failed: bool, include_tasks: bool
    ) -> ConnectorStateInfo:
        statuses = await self.driver.ask(
            lambda number: RestartAll(number, name, only_failed, include_tasks)
        )
        return state_info(name, statuses, self._kind(name))

    async def restart_task(self, task: TaskId, /) -> None:
        await self.driver.ask(lambda number: RestartTask(number, task.connector, task.task))

    async def reset_active_topics(self, name: str, /) -> None:
        await self.driver.ask(lambda number: ResetTopics(number, name))

    async def alter_offsets(self, name: str, offsets: Offsets, /) -> Message:
        kind = self._kind(name)
        return await self.driver.ask(lambda n: AlterOffsets(n, name, tuple(offsets), kind))

    async def reset_offsets(self, name: str, /) -> Message:
        kind = self._kind(name)
        return await self.driver.ask(lambda number: AlterOffsets(number, name, None, kind))

    async def set_cluster_logger_level(self, logger: str, level: str, /) -> None:
        await self.driver.ask(lambda number: SetLevel(number, "", logger, level))

    async def put_task_configs(
        self,
        name: str,
        configs: Sequence[Config | None] | None,
        signature: Signature | None,
        /,
    ) -> None:
        if self._standalone:
            raise ConnectError(STANDALONE_TASKS)
        self._check_signature(signature)
        texts = tuple({k: v or "" for k, v in (c or {}).items()} for c in configs or ())
        await self.driver.ask(lambda number: PutTaskConfigs(number, name, texts))

    async def fence_zombies(self, name: str, signature: Signature | None, /) -> None:
        if self._standalone:
            raise ConnectError(STANDALONE_FENCING)
        self._check_signature(signature)
        await self.driver.ask(lambda number: FenceZombies(number, name))

    def _check_signature(self, signature: Signature | None) -> None:
        """Internal requests are signed in groups that have agreed on it."""
        state = self.driver.state
        if state.membership.version >= SIGNING_VERSION:
            accepted = state.settings.group.verification_algorithms
            check(signature, state.keys.key, accepted)
