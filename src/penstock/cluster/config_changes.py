"""From two readings of the config topic to the changes that lie between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from penstock.cluster.changes import (
    Change,
    ConnectorConfigured,
    ConnectorRemoved,
    SessionKeyChanged,
    TargetChanged,
    TaskCountRecorded,
    TasksConfigured,
)
from penstock.cluster.config_state import ConfigState
from penstock.cluster.messages import TargetState


def changes_between(before: ConfigState, after: ConfigState) -> Iterator[Change]:
    """In an order in which they can be applied."""
    if after.session_key is not None and after.session_key != before.session_key:
        yield SessionKeyChanged(after.session_key)
    for name in before.configs.keys() - after.configs.keys():
        yield ConnectorRemoved(name)
    for name in after.configs:
        yield from _of_connector(name, before, after)
    for name in after.task_count_records.keys() - after.configs.keys():
        yield from _recorded(name, before, after)


def _of_connector(name: str, before: ConfigState, after: ConfigState) -> Iterator[Change]:
    new = name not in before.configs  # then nothing that stood there before has been told
    target = after.target_states.get(name, TargetState.STARTED)
    told = None if new else before.target_states.get(name)
    if (told or TargetState.STARTED) is not target:
        yield TargetChanged(name, target)
    if before.configs.get(name) != after.configs[name]:
        yield ConnectorConfigured(name, after.configs[name])
    recorded = tuple(_recorded(name, before, after))
    if _written(name, after) if new else _tasks(name, before) != _tasks(name, after):
        if after.is_pending_fencing(name):
            yield from recorded
            recorded = ()
        else:
            recorded = tuple(_recorded(name, ConfigState(), after))
        yield TasksConfigured(name, task_configs(name, after))
    yield from recorded


def _recorded(name: str, before: ConfigState, after: ConfigState) -> Iterator[Change]:
    """The newest record of how many tasks may write, which stands after the tasks it counts."""
    count = after.task_count_record(name)
    known = before.task_count_record(name), before.is_pending_fencing(name)
    if count is not None and known != (count, after.is_pending_fencing(name)):
        yield TaskCountRecorded(name, count)


def _written(name: str, state: ConfigState) -> bool:
    """Whether task configurations were committed, complete or not."""
    return name in state.task_counts or name in state.inconsistent


def task_configs(name: str, state: ConfigState) -> tuple[Mapping[str, str], ...] | None:
    """In order; None while some are missing."""
    if name in state.inconsistent:
        return None
    return tuple(dict(state.tasks[task]) for task in state.task_ids(name))


def _tasks(name: str, state: ConfigState) -> object:
    """What is different when task configurations were written anew, equal or not."""
    counted = state.task_counts.get(name), state.task_generations.get(name)
    return *counted, name in state.inconsistent, state.applied.get(name)
