"""Suites every connector can inherit: what the runtime relies on, tried out.

class TestLineSource(SourceContract):
    connector = LineSource

    def properties(self, folder): return {"file": folder / "lines", "topic": "t"}
    def feed(self, folder, count): ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pytest

from penstock.sdk.record import SourceRecord
from penstock.sdk.sink import SinkConnector
from penstock.sdk.source import SourceConnector
from penstock.testing.memory_kafka import MemoryOffsets
from penstock.testing.sink import run_sink
from penstock.testing.source import run_source

_SCALARS = (str, int, float, bool, bytes, type(None))


class SourceContract(ABC):
    """What a source must keep to, so that nothing is lost and little repeated."""

    connector: ClassVar[type[SourceConnector[Any]]]
    records: ClassVar[int] = 5

    @abstractmethod
    def properties(self, folder: Path) -> dict[str, Any]:
        """Properties of a connector that reads from something inside `folder`."""

    @abstractmethod
    def feed(self, folder: Path, count: int) -> None:
        """Make the external system hold this many more records."""

    @pytest.fixture
    def fed(self, tmp_path: Path) -> Path:
        self.feed(tmp_path, self.records)
        return tmp_path

    def _all(self, folder: Path, offsets: MemoryOffsets | None = None) -> list[SourceRecord]:
        with run_source(self.connector, self.properties(folder), offsets=offsets) as run:
            return run.drain()

    def test_reads_everything_there_is(self, fed: Path) -> None:
        assert len(self._all(fed)) == self.records

    def test_offsets_are_maps_of_text_to_scalars(self, fed: Path) -> None:
        for record in self._all(fed):
            for given in (record.source_partition, record.source_offset):
                assert given is None or all(
                    isinstance(name, str) and isinstance(value, _SCALARS)
                    for name, value in given.items()
                )

    def test_resumes_after_a_crash_behind_any_record(self, fed: Path) -> None:
        whole = self._all(fed)
        for at in range(1, len(whole) + 1):
            offsets = MemoryOffsets()
            pairs = [(r.source_partition, r.source_offset) for r in whole[:at]]
            offsets.write(pairs, 1000)
            rest = self._all(fed, offsets)
            assert [r.value for r in rest] == [r.value for r in whole[at:]], (
                f"after a crash behind record {at} of {len(whole)}"
            )

    def test_records_that_come_later_are_read_too(self, fed: Path) -> None:
        with run_source(self.connector, self.properties(fed)) as run:
            run.drain()
            self.feed(fed, 2)
            assert len(run.drain()) == 2

    def test_polls_return_when_the_task_is_to_stop(self, tmp_path: Path) -> None:
        with run_source(self.connector, self.properties(tmp_path)) as run:
            run.control.stopping = True
            run.poll()

    def test_can_be_closed_twice(self, fed: Path) -> None:
        with run_source(self.connector, self.properties(fed)) as run:
            run.task.close()


class SinkContract(ABC):
    """What a sink must keep to."""

    connector: ClassVar[type[SinkConnector[Any]]]

    @abstractmethod
    def properties(self, folder: Path) -> dict[str, Any]:
        """Properties of a connector that writes to something inside `folder`."""

    @abstractmethod
    def values(self, count: int) -> list[Any]:
        """Values of good records."""

    @abstractmethod
    def written(self, folder: Path) -> list[Any]:
        """What the external system holds, in the form of `values`."""

    def test_writes_what_is_put(self, tmp_path: Path) -> None:
        values = self.values(5)
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*values)
            run.commit()
        assert self.written(tmp_path) == values

    def test_what_is_safe_to_commit_is_written(self, tmp_path: Path) -> None:
        values = self.values(3)
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*values)
            safe = run.commit().get(run.partition, 0)
            assert self.written(tmp_path)[:safe] == values[:safe]

    def test_never_promises_more_than_was_put(self, tmp_path: Path) -> None:
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*self.values(2))
            assert run.commit().get(run.partition, 0) <= run.next_offset

    def test_an_empty_batch_is_a_heartbeat(self, tmp_path: Path) -> None:
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put()
        assert self.written(tmp_path) == []

    def test_can_be_closed_twice(self, tmp_path: Path) -> None:
        with run_sink(self.connector, self.properties(tmp_path)) as run:
            run.put(*self.values(1))
            run.task.close()
