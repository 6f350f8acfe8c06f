"""What the control plane needs from outside, and what it offers to those above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from penstock.cluster.messages import TargetState, TaskId
from penstock.cluster.views import (
    ConfigInfos,
    ConnectorInfo,
    ConnectorOffset,
    ConnectorOffsets,
    ConnectorStateInfo,
    LoggerLevel,
    Message,
    PluginInfo,
    TaskInfo,
    TaskState,
)

if TYPE_CHECKING:
    from penstock.cluster.changes import Change
    from penstock.cluster.effects import WriteStatus, WriteTopic

Config = Mapping[str, str | None]
Offsets = Sequence[tuple[dict[str, Any] | None, dict[str, Any] | None]]


class Stage(msgspec.Struct, frozen=True):
    """What a worker is or was busy with; times are seconds since 1970."""

    description: str
    began: float
    completed: float | None = None


class Signature(msgspec.Struct, frozen=True):
    """The signature of a request from another worker; checked by the herder, which has the key."""

    body: bytes
    signature: bytes
    algorithm: str


class PeerAnswer(msgspec.Struct, frozen=True):
    """What another worker answered."""

    status: int
    body: bytes = b""


class PeerWorkers(Protocol):
    """Other workers of the group, asked over HTTP."""

    async def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> PeerAnswer:
        """The answer, whatever its status. Raises OSError if there is none."""
        ...


class ConfigLog(Protocol):
    """Where configurations and target states are kept, and read by every worker."""

    async def write(self, changes: Sequence[Change]) -> None:
        """Write in order, all or nothing; return when they were read back, as all changes are
        told to the listener the log was made with: `ConfigChanged` with the offset after its
        record, and `ConfigRead` at the end. Raises ConnectError."""
        ...

    async def claim(self) -> None:
        """Keep earlier leaders from writing. Raises ConnectError."""
        ...

    async def refresh(self, timeout_seconds: float) -> None:
        """Read to the end as of now; return when everything was told, `ConfigRead` last.

        Raises TimeoutError.
        """
        ...


class StatusLog(Protocol):
    """Where workers say how their connectors and tasks are. Writes are not waited for.

    The listener the log was made with hears what has the last word in the log, whose order is the
    same for all workers; what this worker has written itself may be left out.
    """

    def write(self, status: WriteStatus) -> None: ...

    def write_topic(self, topic: WriteTopic) -> None: ...


class Group(Protocol):
    """The workers that share the work."""

    def rejoin(self, configured: Mapping[str, int]) -> None:
        """Agree anew; the listener the group was made with is told the outcome."""
        ...

    def leave(self) -> None:
        """Have everything stopped, then be no member until `rejoin`."""
        ...


class OffsetStore(Protocol):
    """Offsets of connectors, of sources and sinks alike."""

    async def read(self, connector: str, config: Config) -> Offsets: ...

    async def prepare(self, connector: str, config: Config, offsets: Offsets | None) -> Offsets:
        """Offsets as a connector is to see them; None: all there are, each to be forgotten.

        Raises BadRequest for what cannot be an offset.
        """
        ...

    async def write(
        self, connector: str, config: Config, offsets: Offsets, *, reset: bool
    ) -> None: ...


class Fencer(Protocol):
    """Keeps producers of exactly-once tasks from writing."""

    async def fence(self, connector: str, config: Config, tasks: int) -> None:
        """Fence off the producers of the first so many tasks; earlier calls for the connector have
        ended by then. Raises ConnectError."""
        ...


class Validator(Protocol):
    """Checks configurations of connectors."""

    async def validate(self, config: Config) -> ConfigInfos:
        """What is right and wrong. Raises BadRequest when the connector's class is not known."""
        ...

    def kind(self, config: Config) -> str:
        """`source` or `sink`; `unknown` for a class that cannot be found."""
        ...


class Clock(Protocol):
    """Time, and waiting for it."""

    def time(self) -> float:
        """Seconds since 1970."""
        ...

    def later(self, after_seconds: float, call: Callable[[], None]) -> None: ...


class Plugins(Protocol):
    """What can be configured."""

    async def listed(self, *, connectors_only: bool) -> list[PluginInfo]:
        """All plugins in the order in which clients are shown them."""
        ...

    async def described(self, plugin: str, version: str | None) -> Sequence[Any]:
        """A plugin's settings. Raises NotFoundError or BadRequest."""
        ...


class Levels(Protocol):
    """Logger levels of this worker."""

    def all(self) -> Mapping[str, LoggerLevel]: ...

    def one(self, logger: str) -> LoggerLevel | None: ...

    def set(self, logger: str, level: str) -> list[str]:
        """Set a level and say which loggers it concerns."""
        ...


class Herder(Protocol):
    """What clients can ask of a worker. Everything raises what `errors` and the SDK name."""

    @property
    def kafka_cluster_id(self) -> str | None: ...

    @property
    def ready(self) -> bool:
        """Whether the worker ever completed its startup."""
        ...

    def stage(self, connector: str | None = None) -> Stage | None:
        """What a request (for this connector) is waiting for."""
        ...

    async def health_check(self) -> None: ...

    async def connectors(self) -> list[str]: ...

    async def connector_info(self, connector: str, /) -> ConnectorInfo: ...

    async def connector_config(self, connector: str, /) -> Config: ...

    async def connector_status(self, connector: str, /) -> ConnectorStateInfo: ...

    async def put_connector_config(
        self,
        connector: str,
        config: Config,
        /,
        *,
        replace: bool,
        initial: TargetState | None = None,
        offsets: Sequence[ConnectorOffset] | None = None,
    ) -> tuple[bool, ConnectorInfo]:
        """Create or replace; says whether it was created."""
        ...

    async def patch_connector_config(
        self, connector: str, patch: Config | None, /
    ) -> ConnectorInfo: ...

    async def delete_connector(self, connector: str, /) -> None: ...

    async def pause_connector(self, connector: str, /) -> None: ...

    async def resume_connector(self, connector: str, /) -> None: ...

    async def stop_connector(self, connector: str, /) -> None: ...

    async def restart_connector(self, connector: str, /) -> None: ...

    async def restart_connector_and_tasks(
        self, connector: str, /, *, only_failed: bool, include_tasks: bool
    ) -> ConnectorStateInfo: ...

    async def restart_task(self, task: TaskId, /) -> None: ...

    async def task_configs(self, connector: str, /) -> list[TaskInfo]: ...

    async def task_status(self, task: TaskId, /) -> TaskState: ...

    async def active_topics(self, connector: str, /) -> list[str]: ...

    async def reset_active_topics(self, connector: str, /) -> None: ...

    async def connector_offsets(self, connector: str, /) -> ConnectorOffsets: ...

    async def alter_offsets(self, connector: str, offsets: Offsets, /) -> Message: ...

    async def reset_offsets(self, connector: str, /) -> Message: ...

    async def validate(self, config: Config, /) -> Any: ...

    async def set_cluster_logger_level(self, logger: str, level: str, /) -> None: ...

    async def put_task_configs(
        self,
        connector: str,
        configs: Sequence[Config | None] | None,
        signature: Signature | None,
        /,
    ) -> None: ...

    async def fence_zombies(self, connector: str, signature: Signature | None, /) -> None: ...
