"""Statuses of a whole cluster, and which of two words counts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.cluster.messages import State, TaskId
from penstock.sdk.errors import DataError, RetriableError
from penstock.stores.memory import MemoryLog
from penstock.stores.ports import OnSent
from penstock.stores.status import StatusStore
from penstock.stores.status_records import Status, TopicStatus

TASK = TaskId("c", 0)


def started(log: MemoryLog | None = None) -> StatusStore:
    store = StatusStore(log or MemoryLog())
    store.start()
    return store


def status(state: State, worker: str = "w1", generation: int = 1) -> Status:
    return Status(state, worker, generation)


def test_what_is_put_is_read_back() -> None:
    store = started()
    store.put_connector("c", status(State.RUNNING))
    store.put_task(TaskId("c", 1), status(State.FAILED))
    store.put_task(TASK, status(State.RUNNING))
    assert store.connector("c") == status(State.RUNNING)
    assert list(store.tasks("c")) == [TASK, TaskId("c", 1)]
    assert store.task(TaskId("c", 1)) == status(State.FAILED)


def test_a_destroyed_connector_takes_its_tasks_with_it() -> None:
    store = started()
    store.put_connector("c", status(State.RUNNING))
    store.put_task(TASK, status(State.RUNNING))
    store.put_connector("c", status(State.DESTROYED))
    assert (store.connectors(), store.tasks("c")) == ([], {})


def test_a_safe_write_gives_way_to_another_worker_of_a_newer_generation() -> None:
    store = started()
    store.put_task(TASK, status(State.RUNNING, "w2", 5))
    store.put_task(TASK, status(State.FAILED, "w1", 4), safely=True)
    assert store.task(TASK) == status(State.RUNNING, "w2", 5)
    store.put_task(TASK, status(State.FAILED, "w2", 4), safely=True)
    assert store.task(TASK) == status(State.FAILED, "w2", 4)


def test_an_unassigned_status_of_an_older_generation_is_out_of_date() -> None:
    store = started()
    store.put_task(TASK, status(State.RUNNING, "w2", 5))
    store.put_task(TASK, status(State.UNASSIGNED, "w1", 5))
    assert store.task(TASK) == status(State.RUNNING, "w2", 5)
    store.put_task(TASK, status(State.UNASSIGNED, "w1", 6))
    assert store.task(TASK) == status(State.UNASSIGNED, "w1", 6)


def test_topics_are_kept_per_connector() -> None:
    store = started()
    used = TopicStatus("t", "c", 0, 5)
    store.put_topic(used)
    assert (store.topics("c"), store.topics("d"), store.topic("c", "t")) == ([used], [], used)
    store.delete_topic("c", "t")
    assert store.topics("c") == []


def test_a_status_needs_a_worker() -> None:
    with pytest.raises(DataError, match="worker_id"):
        started().put_connector("c", Status(State.RUNNING, None, 1))


class FailingLog(MemoryLog):
    """Fails sends with the errors it is given, then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        super().__init__()
        self.errors: list[Exception] = list(errors)
        self.sends = 0

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self.sends += 1
        assert on_sent is not None
        if self.errors:
            on_sent(self.errors.pop(0))
        else:
            super().send(key, value, on_sent)


def test_a_write_that_may_succeed_later_is_tried_again() -> None:
    attempts: list[Callable[[], None]] = []
    log = FailingLog(RetriableError("no leader"))
    store = StatusStore(log, attempts.append)
    store.start()
    store.put_task(TASK, status(State.RUNNING))
    assert store.task(TASK) is None
    attempts.pop()()
    assert store.task(TASK) == status(State.RUNNING)


def test_a_failed_write_is_not_repeated_once_the_worker_has_joined_a_new_generation() -> None:
    attempts: list[Callable[[], None]] = []
    log = FailingLog(RetriableError("a"), RetriableError("b"))
    store = StatusStore(log, attempts.append)
    store.start()
    store.put_task(TASK, status(State.RUNNING, generation=1))
    store.put_task(TaskId("c", 1), status(State.RUNNING, generation=2))
    log.errors = [RetriableError("again"), RetriableError("again")]
    for attempt in attempts:
        attempt()
    assert len(attempts) == 3  # only the second one asked for another attempt


def test_a_write_that_can_never_succeed_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    store = StatusStore(FailingLog(ValueError("too large")))
    store.start()
    store.put_connector("c", status(State.RUNNING))
    assert "The status status-connector-c could not be written" in caplog.text


@pytest.mark.parametrize(
    ("ignore_late", "shown"), [(True, State.RUNNING), (False, State.UNASSIGNED)]
)
def test_a_late_word_of_a_connector_counts_unless_it_is_to_be_ignored(
    ignore_late: bool, shown: State
) -> None:
    store = StatusStore(MemoryLog(), ignore_late=ignore_late)
    store.start()
    store.put_connector("c", status(State.RUNNING, "w2", 5))
    store.put_connector("c", status(State.UNASSIGNED, "w1", 4))
    found = store.connector("c")
    assert found is not None
    assert found.state is shown
