"""From two readings of the config topic to the changes that lie between them."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    TargetChanged,
    TasksConfigured,
)
from penstock.cluster.config_state import ConfigState
from penstock.cluster.messages import TargetState


def changes_between(before: ConfigState, after: ConfigState) -> Iterator[Change]:
    """In an order in which they can be applied."""
    for name in before.configs.keys() - after.configs.keys():
        yield ConnectorRemoved(name)
    for name in after.configs:
        yield from _of_connector(name, before, after)


def _of_connector(name: str, before: ConfigState, after: ConfigState) -> Iterator[Change]:
    target = after.target_states.get(name, TargetState.STARTED)
    # a target that stood there before its connector has not been told yet
    told = before.target_states if name in before.configs else dict[str, TargetState]()
    if told.get(name, TargetState.STARTED) is not target:
        yield TargetChanged(name, target)
    if before.configs.get(name) != after.configs[name]:
        yield ConnectorConfigured(name, after.configs[name])
    if _tasks(name, before) != _tasks(name, after):
        inconsistent = name in after.inconsistent
        yield TasksConfigured(name, None if inconsistent else _configs(name, after))


def _tasks(name: str, state: ConfigState) -> object:
    """What is different when task configurations were written anew, equal or not."""
    counted = state.task_counts.get(name), state.task_generations.get(name)
    return *counted, name in state.inconsistent, state.applied.get(name)


def _configs(name: str, state: ConfigState) -> tuple[dict[str, str], ...]:
    return tuple(dict(state.tasks[task]) for task in state.task_ids(name))
