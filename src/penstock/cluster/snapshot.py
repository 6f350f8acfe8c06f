"""What the config log says now: connectors, their tasks and what operators want of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    TargetChanged,
    TaskCountRecorded,
    TasksConfigured,
)
from penstock.cluster.messages import TargetState

TASKS_MAX_DEFAULT = 1
Texts = Mapping[str, str | None]


class Fencing(msgspec.Struct, frozen=True):
    """How far producers of exactly-once tasks have to be fenced off before others may start."""

    recorded: int | None = None  # so many tasks may have written last
    pending: bool = False  # there are newer task configurations

    def needed(self, tasks: int) -> int:
        """How many producers to fence off. A single task's successor does it by itself."""
        if not self.pending or self.recorded is None or self.recorded == tasks == 1:
            return 0
        return self.recorded


class Configured(msgspec.Struct, frozen=True):
    """One connector. Revisions count up, so that what runs can be compared with what should."""

    config: Texts
    target: TargetState = TargetState.STARTED
    revision: int = 0
    tasks: tuple[Mapping[str, str], ...] = ()
    tasks_revision: int = 0
    tasks_seen: int = 0  # the most there have been of it
    inconsistent: bool = False
    applied: Texts | None = None  # the connector config that the tasks were made from
    kind: str = "unknown"  # or `source`, or `sink`

    @property
    def tasks_max(self) -> int:
        try:
            return int(self.config.get("tasks.max") or TASKS_MAX_DEFAULT)
        except ValueError:
            return TASKS_MAX_DEFAULT

    @property
    def tasks_max_enforced(self) -> bool:
        return (self.config.get("tasks.max.enforce") or "true").strip().lower() != "false"


class Snapshot(msgspec.Struct, frozen=True):
    """The whole log, folded. `targets` may know connectors that have no configuration yet."""

    connectors: Mapping[str, Configured] = {}
    targets: Mapping[str, TargetState] = {}
    fencings: Mapping[str, Fencing] = {}  # which outlast their connectors, too
    revision: int = 0  # counts all changes, so that no two share a revision

    def apply(self, change: Change) -> Snapshot:
        """The log with one more entry."""
        following = replace(self, revision=self.revision + 1)
        match change:
            case ConnectorConfigured(name, config, kind):
                return following._with(name, following._configured(name, config, kind))
            case ConnectorRemoved(name):
                left = {k: v for k, v in self.connectors.items() if k != name}
                targets = {k: v for k, v in self.targets.items() if k != name}
                return replace(following, connectors=left, targets=targets)
            case TargetChanged(name, target):
                return following._aimed(name, target)
            case TasksConfigured(name, configs):
                return following._with_tasks(name, configs)
            case TaskCountRecorded(name, count):
                return replace(self, fencings={**self.fencings, name: Fencing(count)})
            case _:
                return self

    def fencing(self, name: str) -> Fencing:
        return self.fencings.get(name, Fencing())

    def _configured(self, name: str, config: Texts, kind: str) -> Configured:
        known = self.connectors.get(name)
        if known is None:
            target = self.targets.get(name, TargetState.STARTED)
            return Configured(config, target, self.revision, kind=kind)
        return replace(known, config=config, revision=self.revision, kind=kind)

    def _aimed(self, name: str, target: TargetState | None) -> Snapshot:
        targets = {k: v for k, v in self.targets.items() if k != name}
        if target is not None:
            targets[name] = target
        known = self.connectors.get(name)
        aimed = replace(self, targets=targets)
        if known is None:
            return aimed
        wanted = target or TargetState.STARTED
        return aimed._with(name, replace(known, target=wanted))

    def _with(self, name: str, configured: Configured) -> Snapshot:
        connectors = {**self.connectors, name: configured}
        return replace(self, connectors=connectors)

    def _with_tasks(self, name: str, configs: tuple[Mapping[str, str], ...] | None) -> Snapshot:
        known = self.connectors.get(name)
        if known is None:
            return self
        changed: dict[str, Any] = {"tasks_revision": self.revision, "inconsistent": configs is None}
        changed["tasks"] = () if configs is None else tuple(configs)
        if configs is not None:
            changed["applied"] = known.config
            changed["tasks_seen"] = max(known.tasks_seen, len(configs))
        pending = {**self.fencings, name: replace(self.fencing(name), pending=True)}
        return replace(self, fencings=pending)._with(name, replace(known, **changed))
