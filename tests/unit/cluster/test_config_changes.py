"""Changes between readings of the config topic, which a snapshot follows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from penstock.cluster.changes import ConnectorConfigured, TargetChanged, TasksConfigured
from penstock.cluster.config_changes import changes_between
from penstock.cluster.config_state import ConfigState
from penstock.cluster.messages import TargetState
from penstock.cluster.snapshot import Snapshot
from penstock.stores import config_records as records
from penstock.stores.config_table import ConfigTable
from penstock.stores.ports import LogRecord

NAMES = st.sampled_from(("a", "b"))
CONFIGS = st.dictionaries(st.sampled_from(("x", "y")), st.sampled_from(("1", "2")))
WRITES = st.one_of(
    st.builds(lambda name, config: [records.connector(name, config)], NAMES, CONFIGS),
    st.builds(
        lambda name: [records.connector(name, None), records.target_state(name, None)], NAMES
    ),
    st.builds(
        lambda name, target: [records.target_state(name, target)],
        NAMES,
        st.sampled_from(TargetState),
    ),
    st.builds(
        lambda name, configs: [*records.tasks(name, configs), records.commit(name, len(configs))],
        NAMES,
        st.lists(CONFIGS, max_size=3),
    ),
    st.builds(lambda name: [records.commit(name, 5)], NAMES),
)


@given(st.lists(WRITES, max_size=12))
def test_a_snapshot_that_follows_the_changes_says_what_the_topic_says(writes: list[Any]) -> None:
    table, snapshot, before = ConfigTable(), Snapshot(), ConfigState()
    offset = 0
    for entries in writes:
        for key, value in entries:
            table.apply(LogRecord(offset, key, value))
            offset += 1
        after = table.snapshot()
        for change in changes_between(before, after):
            snapshot = snapshot.apply(change)
        before = after
        check(snapshot, after)


def check(snapshot: Snapshot, state: ConfigState) -> None:
    assert snapshot.connectors.keys() == state.configs.keys()
    for name, configured in snapshot.connectors.items():
        assert configured.config == state.configs[name]
        assert configured.target is state.target_states[name]
        assert configured.inconsistent == (name in state.inconsistent)
        tasks = [dict(state.tasks[task]) for task in state.task_ids(name)]
        assert [dict(task) for task in configured.tasks] == tasks
        if name not in state.inconsistent:
            assert configured.applied == state.applied.get(name)


def test_a_new_connector_is_told_after_its_target_state():
    after = ConfigState(
        configs={"c": {"x": "1"}},
        target_states={"c": TargetState.PAUSED},
        task_counts={"c": 0},
        applied={"c": {"x": "1"}},
    )
    assert list(changes_between(ConfigState(), after)) == [
        TargetChanged("c", TargetState.PAUSED),
        ConnectorConfigured("c", {"x": "1"}),
        TasksConfigured("c", ()),
    ]
