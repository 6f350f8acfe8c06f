"""A file is followed through everything that happens to files."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.connectors.file.source import LONGEST_REST_SECONDS, POLL_SECONDS
from penstock.connectors.file.watch import Watch
from penstock.sdk.errors import ConnectError
from penstock.sdk.schema import STRING
from tests.unit.connectors.file.context import Context, append, positions, source, values


@pytest.fixture(autouse=True)
def no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests are the context's, in which no time passes."""
    monkeypatch.setattr(Watch, "of", lambda descriptor, changed: None)


def test_each_line_becomes_a_record_with_the_position_after_it(path: Path) -> None:
    append(path, "one\ntwo\n")
    task = source(path)
    records = task.poll()
    task.close()
    assert values(records) == ["one", "two"]
    assert positions(records) == [4, 8]
    assert {r.topic for r in records} == {"t"}
    assert {r.value_schema for r in records} == {STRING}
    assert [r.source_partition for r in records] == [{"filename": str(path)}] * 2
    assert all(r.timestamp is not None and r.key is None for r in records)


def test_goes_on_at_the_committed_position(path: Path) -> None:
    append(path, "one\ntwo\n")
    task = source(path, Context({"position": 4}))
    assert values(task.poll()) == ["two"]
    task.close()


def test_a_line_is_delivered_when_its_end_is_written(path: Path) -> None:
    append(path, "one\nhal")
    task = source(path)
    assert values(task.poll()) == ["one"]
    assert task.poll() == ()
    append(path, "f\n")
    assert values(task.poll()) == ["half"]
    task.close()


def test_a_missing_file_is_waited_for_quietly(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    task = source(path)
    assert task.poll() == ()
    append(path, "late\n")
    assert values(task.poll()) == ["late"]
    task.close()
    assert caplog.records == []


def test_rests_grow_to_a_limit_and_a_poll_ends_in_time(path: Path) -> None:
    append(path, "")
    context = Context()
    task = source(path, context)
    task.poll()
    task.close()
    assert context.rests[:3] == [0.001, 0.002, 0.004]
    assert max(context.rests) == LONGEST_REST_SECONDS
    assert sum(context.rests) == pytest.approx(POLL_SECONDS)


def test_a_line_written_during_a_rest_is_found_after_it(path: Path) -> None:
    append(path, "")
    context = Context()
    task = source(path, context)
    context.during_rest = lambda: len(context.rests) == 3 and append(path, "now\n")
    assert values(task.poll()) == ["now"]
    assert len(context.rests) == 3
    context.rests.clear()
    task.poll()
    assert context.rests[0] == 0.001
    task.close()


def test_a_poll_ends_when_the_task_is_asked_to_stop(path: Path) -> None:
    context = Context()
    context.stop_at_rest = True
    task = source(path, context)
    assert task.poll() == ()
    assert len(context.rests) == 1
    task.close()


def test_what_a_full_batch_left_behind_follows_within_the_next_poll(path: Path) -> None:
    append(path, "a\nb\nc\n")
    context = Context()
    task = source(path, context, batch_size=2)
    assert values(task.poll()) == ["a", "b"]
    assert values(task.poll()) == ["c"]
    assert 0 < sum(context.rests) < 0.3
    task.close()


@pytest.mark.parametrize("size", [0, -5])
def test_a_batch_has_at_least_one_line(path: Path, size: int) -> None:
    append(path, "a\nb\n")
    task = source(path, batch_size=size)
    assert values(task.poll()) == ["a"]
    task.close()


def test_a_truncated_file_is_read_from_its_beginning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, "one\ntwo\n")
    task = source(path)
    task.poll()
    path.write_text("new\n")
    records = task.poll()
    task.close()
    assert (values(records), positions(records)) == (["new"], [4])
    (warning,) = caplog.records
    assert warning.levelno == logging.WARNING
    assert f"'{path}' has become shorter" in warning.getMessage()


def test_a_replaced_file_is_read_to_its_end_and_then_the_new_one(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, "one\n")
    context = Context({"position": 0})
    task = source(path, context)
    task.poll()
    append(path, "two\nunfinished")
    path.rename(path.with_suffix(".1"))
    append(path, "new\n")
    assert values(task.poll()) == ["two"]
    assert values(task.poll()) == ["unfinished"]
    records = task.poll()
    task.close()
    assert (values(records), positions(records)) == (["new"], [4])
    assert [r.getMessage() for r in caplog.records] == [
        f"The file '{path}' has been replaced by another file; it is read from its beginning."
    ]


def test_a_file_that_was_moved_away_is_followed_until_another_takes_its_name(path: Path) -> None:
    append(path, "one\n")
    task = source(path)
    task.poll()
    moved = path.rename(path.with_suffix(".1"))
    append(moved, "two\n")
    assert values(task.poll()) == ["two"]
    task.close()


def test_a_file_shorter_than_the_committed_position_is_read_from_its_beginning(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, "new\n")
    task = source(path, Context({"position": 100}))
    assert values(task.poll()) == ["new"]
    task.close()
    assert str(path) in caplog.text


def test_a_folder_fails_with_a_message_that_names_it(tmp_path: Path) -> None:
    task = source(tmp_path)
    with pytest.raises(ConnectError, match=f"'file' names a folder, '{tmp_path}'"):
        task.poll()
    task.close()


def test_a_file_that_may_not_be_read_fails_with_a_message_that_names_it(path: Path) -> None:
    task = source(path / "x")
    path.write_text("")  # a file where a folder should be
    with pytest.raises(ConnectError, match="of the setting 'file' cannot be read: Not a dir"):
        task.poll()
    task.close()


@pytest.mark.parametrize("position", ["1", 1.0, True])
def test_a_committed_position_that_is_no_number_is_refused(path: Path, position: object) -> None:
    append(path, "one\n")
    task = source(path, Context({"position": position}))
    with pytest.raises(ConnectError, match="Offset position is the incorrect type"):
        task.poll()
    task.close()


def test_a_named_pipe_is_read_while_it_has_writers_and_after(path: Path) -> None:
    os.mkfifo(path)
    task = source(path)
    assert task.poll() == ()
    writer = os.open(path, os.O_WRONLY)
    os.write(writer, b"through\n")
    os.close(writer)
    assert values(task.poll()) == ["through"]
    assert task.poll() == ()
    task.close()


@pytest.fixture
def standard_input() -> Iterator[int]:
    """The writing end of a pipe that is this process's standard input."""
    kept = os.dup(0)
    reading, writing = os.pipe()
    os.dup2(reading, 0)
    os.close(reading)
    yield writing
    os.dup2(kept, 0)
    os.close(kept)
    os.close(writing)


def test_without_a_file_standard_input_is_read_and_no_position_kept(standard_input: int) -> None:
    task = source("")
    os.write(standard_input, b"typed\n")
    (record,) = task.poll()
    task.close()
    assert record.value == "typed"
    assert (record.source_partition, record.source_offset) == (
        {"filename": None},
        {"position": None},
    )
