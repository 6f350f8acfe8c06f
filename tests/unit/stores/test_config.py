"""What is written to the config log can be read from the next snapshot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from penstock.cluster.config_state import RestartRequest, SessionKey
from penstock.cluster.messages import TargetState, TaskId
from penstock.sdk.errors import ConnectError
from penstock.stores import config_records as records
from penstock.stores.config import ConfigStore, PrivilegedWriteError
from penstock.stores.keys import MissingKey
from penstock.stores.memory import MemoryLog
from penstock.stores.ports import Entry


class Listener:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def connector_updated(self, connector: str) -> None:
        self.heard.append(("updated", connector))

    def connector_removed(self, connector: str) -> None:
        self.heard.append(("removed", connector))

    def tasks_updated(self, connector: str, tasks: list[TaskId]) -> None:
        self.heard.append(tasks)

    def task_count_recorded(self, connector: str, count: int) -> None:
        self.heard.append(("recorded", connector, count))

    def target_state_changed(self, connector: str) -> None:
        self.heard.append(("target", connector))

    def session_key_updated(self, key: SessionKey) -> None:
        self.heard.append(key)

    def restart_requested(self, request: RestartRequest) -> None:
        self.heard.append(request)

    def logging_level_updated(self, namespace: str, level: str) -> None:
        self.heard.append((namespace, level))


def started(
    log: MemoryLog | None = None, claim: Callable[[], Writer] | None = None
) -> tuple[ConfigStore, Listener]:
    listener = Listener()
    store = ConfigStore(log or MemoryLog(), listener, claim)
    store.start()
    return store, listener


class Writer:
    """Writes to a log until it is told to fail."""

    def __init__(self, log: MemoryLog) -> None:
        self.log = log
        self.fails = False
        self.closed = False

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        if self.fails:
            raise OSError("fenced")
        self.log.write(entries, timeout_ms)

    def close(self) -> None:
        self.closed = True


def test_a_connector_and_its_tasks_are_in_the_next_snapshot() -> None:
    store, listener = started()
    store.put_connector("c", {"a": "1"}, TargetState.PAUSED)
    store.put_tasks("c", [{"t": "0"}, {"t": "1"}])
    found = store.snapshot()
    assert found.config("c") == {"a": "1"}
    assert found.target_state("c") is TargetState.PAUSED
    assert [found.task_config(task) for task in found.task_ids("c")] == [{"t": "0"}, {"t": "1"}]
    assert found.applied_config("c") == {"a": "1"}
    assert listener.heard == [("updated", "c"), [TaskId("c", 0), TaskId("c", 1)]]


def test_a_snapshot_does_not_change_afterwards() -> None:
    store, _ = started()
    store.put_connector("c", {"a": "1"})
    before = store.snapshot()
    store.remove_connector("c")
    assert before.connectors() == ["c"]
    assert store.snapshot().connectors() == []


def test_tasks_count_only_when_all_of_them_are_there() -> None:
    log = MemoryLog([records.connector("c", {}), records.task(TaskId("c", 1), {})])
    log.write([records.commit("c", 2)], 0)
    store, _ = started(log)
    found = store.snapshot()
    assert (found.task_ids("c"), found.inconsistent) == ([], {"c"})
    store.put_tasks("c", [{}])
    assert store.snapshot().task_ids("c") == [TaskId("c", 0)]


def test_the_listener_hears_nothing_of_what_was_there_at_start() -> None:
    log = MemoryLog([records.connector("c", {}), records.restart(RestartRequest("c"))])
    _, listener = started(log)
    assert listener.heard == []


def test_keys_restarts_and_levels_are_told() -> None:
    store, listener = started()
    key = SessionKey(b"secret", "HmacSHA256", 5)
    store.put_session_key(key)
    store.put_restart_request(RestartRequest("c", only_failed=True))
    store.put_logger_level("org.x", "DEBUG")
    assert listener.heard == [key, RestartRequest("c", only_failed=True), ("org.x", "DEBUG")]
    assert "secret" not in repr(store.snapshot())


def test_a_target_state_is_told_only_when_it_changes() -> None:
    store, listener = started()
    store.put_connector("c", {})
    for target in (TargetState.STARTED, TargetState.STOPPED, TargetState.STOPPED):
        store.put_target_state("c", target)
    assert listener.heard == [("updated", "c"), ("target", "c")]


class RefusingLog(MemoryLog):
    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        raise TimeoutError


def test_a_failed_write_names_what_was_not_written() -> None:
    store, _ = started(RefusingLog())
    with pytest.raises(ConnectError, match="Error writing connector configuration to Kafka"):
        store.put_connector("c", {})


def test_a_leader_writes_through_the_writer_it_claimed() -> None:
    log = MemoryLog()
    made: list[Writer] = []

    def claim() -> Writer:
        made.append(Writer(log))
        return made[-1]

    store, _ = started(log, claim)
    with pytest.raises(PrivilegedWriteError, match="can be safely retried"):
        store.put_connector("c", {})
    store.claim_write_privilege()
    store.put_connector("c", {})
    assert "c" in store
    made[0].fails = True
    with pytest.raises(PrivilegedWriteError):
        store.put_connector("d", {})
    assert made[0].closed
    store.claim_write_privilege()
    store.put_connector("d", {})
    assert store.snapshot().connectors() == ["c", "d"]
    store.stop()
    assert made[1].closed


def test_removing_tasks_is_not_supported() -> None:
    store, _ = started()
    with pytest.raises(NotImplementedError, match="Removal of tasks is not currently supported"):
        store.remove_tasks("c")


def test_nothing_read_is_before_the_first_offset() -> None:
    store = ConfigStore(MemoryLog(), Listener())
    store.start()
    assert store.snapshot().offset == -1


def test_a_record_without_a_key_is_refused() -> None:
    store = ConfigStore(MemoryLog([(None, b"{}")]), Listener())  # type: ignore[list-item]
    with pytest.raises(MissingKey):
        store.start()


def test_characters_beyond_the_first_plane_are_escaped_as_java_does() -> None:
    log = MemoryLog()
    store = ConfigStore(log, Listener())
    store.start()
    store.put_connector("c", {"a": "\U0001f600"})
    assert records.connector("c", {"a": "\U0001f600"})[1] == (
        b'{"properties":{"a":"\\uD83D\\uDE00"}}'
    )
    assert store.snapshot().config("c") == {"a": "\U0001f600"}
