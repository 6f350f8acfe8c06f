"""Records become lines of a file at once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from penstock.connectors.file import FileStreamSink
from penstock.connectors.file.config import FileSinkConfig
from penstock.connectors.file.sink import FileStreamSinkTask
from penstock.sdk.errors import ConnectError
from penstock.sdk.record import SinkRecord, TopicPartition


def sink(file: object) -> FileStreamSinkTask:
    return FileStreamSinkTask(FileSinkConfig.parse({"file": file}), None)  # type: ignore[arg-type]


def put(task: FileStreamSinkTask, *values: Any) -> None:
    task.put([SinkRecord("t", value) for value in values])


def test_lines_are_in_the_file_when_put_returns(tmp_path: Path) -> None:
    task = sink(tmp_path / "out")
    task.start()
    put(task, "one", "zwölf")
    assert (tmp_path / "out").read_text("utf-8") == "one\nzwölf\n"
    put(task)
    put(task, None, 1, {"a": [1.0]})
    assert (tmp_path / "out").read_text("utf-8") == "one\nzwölf\nnull\n1\n{a=[1.0]}\n"
    task.close()


def test_what_is_in_the_file_already_stays(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("old\n")
    task = sink(tmp_path / "out")
    task.start()
    put(task, "new")
    task.close()
    assert (tmp_path / "out").read_text() == "old\nnew\n"


def test_without_a_file_standard_output_is_written(capfd: pytest.CaptureFixture[str]) -> None:
    task = sink("")
    task.start()
    put(task, "shown")
    task.close()
    assert capfd.readouterr().out == "shown\n"
    os.fstat(1)  # it stays open


@pytest.mark.parametrize(
    ("name", "reason"), [("missing/out", "No such file or directory"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_opened_is_named_with_its_setting(
    tmp_path: Path, name: str, reason: str
) -> None:
    task = sink(tmp_path / name)
    with pytest.raises(ConnectError, match=rf"file '{tmp_path / name}'.*{reason}.*setting 'file'"):
        task.start()
    task.close()


def test_a_full_disk_is_named() -> None:
    task = sink("/dev/full")
    task.start()
    with pytest.raises(ConnectError, match="'/dev/full' cannot be written: No space left"):
        put(task, "x")
    task.close()


def test_a_lone_surrogate_becomes_a_question_mark(tmp_path: Path) -> None:
    task = sink(tmp_path / "out")
    task.start()
    put(task, "a\ud800b")
    task.close()
    assert (tmp_path / "out").read_bytes() == b"a?b\n"


def test_every_task_gets_the_same_configuration() -> None:
    made = FileStreamSink(FileSinkConfig.parse({"file": "/f"}), None)  # type: ignore[arg-type]
    assert made.task_configs(3) == [{"file": "/f"}] * 3
    assert made.task_configs(0) == []


def test_all_offsets_may_be_altered() -> None:
    made = FileStreamSink(FileSinkConfig.parse({}), None)  # type: ignore[arg-type]
    assert made.alter_offsets({TopicPartition("t", 0): None})
