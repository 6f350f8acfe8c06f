"""An author tries out where the transactions of a source end."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.sdk.config import Config
from penstock.sdk.errors import ConfigError, IllegalWorkerStateError
from penstock.sdk.record import RecordMetadata, SourceRecord
from penstock.sdk.source import SourceConnector, SourceTask
from penstock.testing import run_source

WHERE = {"of": "numbers"}


class CountTask(SourceTask[Config]):
    """Three numbers a poll. Asks for a commit after each 4th, an abort after each 7th."""

    def start(self) -> None:
        self.next = (self.context.offset(WHERE) or {"next": 0})["next"]
        self.told: list[tuple[Any, RecordMetadata | None]] = []

    def poll(self) -> list[SourceRecord]:
        self.context.sleep(1)
        first, self.next = self.next, self.next + 3
        records = [
            SourceRecord("t", n, source_partition=WHERE, source_offset={"next": n + 1})
            for n in range(first, self.next)
        ]
        if (transaction := self.context.transaction) is not None:
            for record in records:
                if record.value % 10 == 4:
                    transaction.commit(record)
                elif record.value % 10 == 7:
                    transaction.abort(record)
        return records

    def commit_record(self, record: SourceRecord, metadata: RecordMetadata | None) -> None:
        self.told.append((record.value, metadata))


class Count(SourceConnector[Config]):
    task = CountTask


class EagerTask(CountTask):
    def __init__(self, config: Config, context: Any) -> None:
        super().__init__(config, context)
        context.offset(WHERE)


class Eager(SourceConnector[Config]):
    task = EagerTask


def numbers(records: list[SourceRecord]) -> list[Any]:
    return [record.value for record in records]


def test_a_source_that_ends_its_transactions_itself_is_seen_to() -> None:
    with run_source(Count, {"transaction.boundary": "connector"}) as run:
        run.poll()
        assert (run.transactions, numbers(run.unfinished)) == ([], [0, 1, 2])
        run.poll()
        assert [numbers(one) for one in run.transactions] == [[0, 1, 2, 3, 4]]
        run.poll()
        assert (numbers(run.aborted), numbers(run.unfinished)) == ([5, 6, 7], [8])
        assert run.offsets.read([WHERE]) == [{"next": 8}]
        task: Any = run.task
    assert [place and place.offset for _, place in task.told] == [0, 1, 2, 3, 4, None, None, None]


def test_what_is_left_open_is_made_again() -> None:
    with run_source(Count, {"transaction.boundary": "connector"}) as first:
        first.poll_until(6)
    with run_source(Count, {"transaction.boundary": "connector"}, offsets=first.offsets) as second:
        assert numbers(second.poll()) == [5, 6, 7]


def test_each_poll_is_a_transaction_where_that_is_the_boundary() -> None:
    with run_source(Count, {"transaction.boundary": "poll"}) as run:
        run.poll_until(6)
        assert run.task.context.transaction is None
        assert [numbers(one) for one in run.transactions] == [[0, 1, 2], [3, 4, 5]]


def test_an_interval_ends_also_while_the_task_sleeps() -> None:
    given = {"transaction.boundary": "interval", "transaction.boundary.interval.ms": 2500}
    with run_source(Count, given) as run:
        run.poll()
        run.poll()
        assert run.transactions == []
        run.poll()
        assert [numbers(one) for one in run.transactions] == [[0, 1, 2, 3, 4, 5]]
        assert numbers(run.unfinished) == [6, 7, 8]
    assert numbers(run.transactions[-1]) == [6, 7, 8]


def test_offsets_are_uncertain_until_an_exactly_once_task_starts() -> None:
    with run_source(Eager, {}), pytest.raises(IllegalWorkerStateError):  # noqa: SIM117
        with run_source(Eager, {"transaction.boundary": "poll"}):
            pass


def test_without_a_boundary_there_are_no_transactions_and_with_one_no_commits_by_hand() -> None:
    with run_source(Count, {}) as run, pytest.raises(ValueError, match=r"transaction\.boundary"):
        _ = run.transactions
    with (
        run_source(Count, {"transaction.boundary": "poll"}) as run,
        pytest.raises(ValueError, match=r"transaction\.boundary"),
    ):
        run.commit()
    with (
        pytest.raises(ConfigError, match=r"poll, interval or connector"),
        run_source(Count, {"transaction.boundary": "never"}),
    ):
        pass
