"""What is written to the config log, and read back from it by every worker."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from penstock.cluster.config_state import SessionKey
from penstock.cluster.messages import TargetState


class ConnectorConfigured(msgspec.Struct, frozen=True, tag=True):
    """A connector was created or its configuration replaced."""

    connector: str
    config: Mapping[str, str | None]
    kind: str = "unknown"  # filled in where it matters; it is not in the log


class ConnectorRemoved(msgspec.Struct, frozen=True, tag=True):
    """A connector was deleted, with its target state."""

    connector: str


class TargetChanged(msgspec.Struct, frozen=True, tag=True):
    """An operator started, paused or stopped a connector; None forgets what was wanted."""

    connector: str
    target: TargetState | None


class TasksConfigured(msgspec.Struct, frozen=True, tag=True):
    """A connector has these tasks; None: their records are incomplete."""

    connector: str
    configs: tuple[Mapping[str, str], ...] | None


class TaskCountRecorded(msgspec.Struct, frozen=True, tag=True):
    """Producers of earlier tasks are fenced off; as many tasks as this may start to write."""

    connector: str
    count: int


class RestartRequested(msgspec.Struct, frozen=True, tag=True):
    """Every worker is to restart what it runs of a connector."""

    connector: str
    only_failed: bool
    include_tasks: bool


class LevelChanged(msgspec.Struct, frozen=True, tag=True):
    """Every worker is to log this namespace at this level."""

    namespace: str
    level: str


class SessionKeyChanged(msgspec.Struct, frozen=True, tag=True):
    """Workers sign what they ask each other with this key from now on."""

    key: SessionKey


ConnectorChange = (
    ConnectorConfigured | ConnectorRemoved | TargetChanged | TasksConfigured | TaskCountRecorded
)
Change = ConnectorChange | RestartRequested | LevelChanged | SessionKeyChanged
