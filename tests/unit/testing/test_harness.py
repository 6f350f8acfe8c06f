"""The harness: connectors run by hand, and suites that find what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import pytest

from penstock.sdk.config import Config, Option
from penstock.sdk.errors import DataError, RetryLater
from penstock.sdk.record import SourceRecord
from penstock.sdk.sink import SinkConnector, SinkTask
from penstock.sdk.source import SourceConnector, SourceTask
from penstock.testing.contracts import SinkContract, SourceContract
from penstock.testing.memory_kafka import MemoryOffsets
from penstock.testing.sink import run_sink
from penstock.testing.source import run_source


class FileConfig(Config):
    file: Annotated[Path, Option("File.")]


class LinesTask(SourceTask[FileConfig]):
    ahead = 0

    def start(self) -> None:
        offset = self.context.offset({"file": "f"})
        self.at = 0 if offset is None else offset["line"]

    def poll(self) -> list[SourceRecord]:
        path = self.config.file
        lines = path.read_text().splitlines() if path.exists() else []
        if self.at >= len(lines):
            self.context.sleep(1)
            return []
        line = lines[self.at]
        self.at += 1
        where = {"line": self.at + self.ahead}
        return [SourceRecord("t", line, source_partition={"file": "f"}, source_offset=where)]


class Lines(SourceConnector[FileConfig]):
    task = LinesTask


class TestLines(SourceContract):
    connector = Lines

    def properties(self, folder: Path) -> dict[str, Any]:
        return {"file": folder / "in"}

    def feed(self, folder: Path, count: int) -> None:
        with (folder / "in").open("a") as file:
            file.writelines(f"line {i}\n" for i in range(count))


class JsonTask(SinkTask[FileConfig]):
    busy = 0

    def put(self, records: Any) -> None:
        if self.busy:
            self.busy -= 1
            raise RetryLater("busy", after_seconds=5)
        with self.config.file.open("a") as file:
            for record in records:
                if record.value is None:
                    self.context.reject(record, DataError("no value"))
                else:
                    file.write(json.dumps(record.value) + "\n")


class JsonLines(SinkConnector[FileConfig]):
    task = JsonTask


class TestJsonLines(SinkContract):
    connector = JsonLines

    def properties(self, folder: Path) -> dict[str, Any]:
        return {"file": folder / "out"}

    def values(self, count: int) -> list[Any]:
        return [{"id": i} for i in range(count)]

    def written(self, folder: Path) -> list[Any]:
        path = folder / "out"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


def test_a_second_run_resumes_where_the_first_was_committed(tmp_path: Path) -> None:
    (tmp_path / "in").write_text("a\nb\nc\n")
    offsets = MemoryOffsets()
    with run_source(Lines, {"file": tmp_path / "in"}, offsets=offsets) as run:
        first, _ = run.poll_until(2)
        run.commit(first)
    with run_source(Lines, {"file": tmp_path / "in"}, offsets=offsets) as run:
        assert [record.value for record in run.drain()] == ["b", "c"]


def test_waiting_for_records_that_do_not_come_fails(tmp_path: Path) -> None:
    with run_source(Lines, {"file": tmp_path / "in"}) as run, pytest.raises(AssertionError):
        run.poll_until(1)


def test_rejected_records_are_noted(tmp_path: Path) -> None:
    with run_sink(JsonLines, {"file": tmp_path / "out"}) as run:
        run.put({"id": 1}, None)
    ((record, error),) = run.rejected
    assert (record.offset, str(error)) == (1, "no value")


def test_a_rejected_record_fails_the_put_when_nothing_is_tolerated(tmp_path: Path) -> None:
    with (
        run_sink(JsonLines, {"file": tmp_path / "out"}, tolerate=False) as run,
        pytest.raises(DataError, match="no value"),
    ):
        run.put(None)


def test_a_batch_is_put_again_while_the_task_asks_for_it(tmp_path: Path) -> None:
    with run_sink(JsonLines, {"file": tmp_path / "out"}) as run:
        assert isinstance(run.task, JsonTask)
        run.task.busy = 2
        run.put({"id": 1})
        assert len(run.retries) == 2
        assert run.control.time.now_ms() == 10_000
    assert (tmp_path / "out").read_text() == '{"id": 1}\n'


def test_the_contract_finds_a_source_whose_offsets_run_ahead(tmp_path: Path) -> None:
    class Hasty(LinesTask):
        ahead = 1

    class HastyLines(Lines):
        task = Hasty

    class Suite(TestLines):
        __test__ = False
        connector = HastyLines

    suite = Suite()
    suite.feed(tmp_path, 5)
    with pytest.raises(AssertionError, match="after a crash behind record 1 of 5"):
        suite.test_resumes_after_a_crash_behind_any_record(tmp_path)
