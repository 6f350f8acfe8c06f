"""The suite for sinks that keep their offsets in the target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from penstock.sdk.errors import RetriableError
from penstock.sdk.exactly_once import ExactlyOnceSinkTask, OffsetMove
from penstock.sdk.record import SinkRecord, TopicPartition
from penstock.testing.contracts import SinkContract
from penstock.testing.sink import SinkRun, run_sink

_Moves = Mapping[TopicPartition, OffsetMove]
_Write = Callable[[Sequence[SinkRecord], _Moves], None]


class ExactlyOnceSinkContract(SinkContract):
    """Beside `SinkContract`: each record once, whatever is delivered again."""

    def test_a_delivery_from_the_start_after_a_crash_changes_nothing(self, tmp_path: Path) -> None:
        values = self.values(5)
        for at in range(1, len(values) + 1):
            folder = tmp_path / str(at)
            folder.mkdir()
            with run_sink(self.connector, self.properties(folder)) as run:
                run.put(*values[:at])
            with run_sink(self.connector, self.properties(folder)) as again:
                again.put(*values)
            assert self.written(folder) == values, f"after a crash behind record {at}"

    def test_a_new_task_asks_to_go_on_where_the_target_ends(self, tmp_path: Path) -> None:
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*self.values(3))
        with run_sink(self.connector, self.properties(tmp_path)) as again:
            assert again.rewinds[-1] == {again.partition: 3}

    @pytest.mark.parametrize("arrived", [True, False], ids=["it arrived", "it did not"])
    def test_a_transaction_whose_end_was_not_heard_of_is_looked_up(
        self, tmp_path: Path, arrived: bool
    ) -> None:
        values = self.values(4)
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*values[:2])
            _break_once(run, arrived=arrived)
            run.put(*values[2:])
            assert len(run.retries) == 1
        assert self.written(tmp_path) == values

    def test_a_task_that_was_replaced_writes_nothing_twice(self, tmp_path: Path) -> None:
        values = self.values(6)
        properties = self.properties(tmp_path)
        with (
            run_sink(self.connector, properties) as old,
            run_sink(self.connector, properties) as new,
        ):
            old.put(*values[:2])
            new.put(*values[:4])
            old.put(*values[2:5])
            new.put(*values[4:])
        assert self.written(tmp_path) == values


def _break_once(run: SinkRun, *, arrived: bool) -> None:
    """The next write loses its connection, before or after the target took it."""
    assert isinstance(run.task, ExactlyOnceSinkTask)
    task: Any = cast("Any", run.task)
    write: _Write = task.write

    def broken(records: Sequence[SinkRecord], moves: _Moves) -> None:
        task.write = write
        if arrived:
            write(records, moves)
        raise RetriableError("The connection is gone.")

    task.write = broken
