"""A file is followed through everything that happens to files."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penstock.connectors.file import FileStreamSource
from penstock.connectors.file.config import FileSourceConfig
from penstock.connectors.file.source import (
    IDLE_REST_SECONDS,
    LONGEST_REST_SECONDS,
    POLL_SECONDS,
    SAFE_REST_SECONDS,
    SURE_REST_SECONDS,
)
from penstock.connectors.file.watch import Watch
from penstock.sdk.errors import ConfigError, ConnectError
from penstock.sdk.schema import STRING
from penstock.sdk.source import ExactlyOnceSupport
from tests.unit.connectors.file.context import Context, positions, source, values


@pytest.fixture(autouse=True)
def no_watch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rests are the context's, in which no time passes, unless a test is about watches."""
    if "watch" not in request.node.name:
        monkeypatch.setattr(Watch, "of", lambda descriptor, changed: None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "input.txt"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


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


class Waiting(Context):
    """Time passes here, and a wake ends a rest."""

    def rest(self, seconds: float) -> bool:
        self.rests.append(seconds)
        self.woken.wait(seconds)
        self.woken.clear()
        return self.stop_at_rest


def test_a_watched_file_wakes_its_reader_however_long_it_was_quiet(path: Path) -> None:
    append(path, "one\n")
    context = Context()
    task = source(path, context)
    for _ in range(9):
        task.poll()
    assert context.rests[-1] == SAFE_REST_SECONDS
    assert context.woken.is_set() is False
    began = time.monotonic()
    append(path, "two\n")
    assert context.woken.wait(5)
    assert time.monotonic() - began < SURE_REST_SECONDS
    assert values(task.poll()) == ["two"]
    task.close()


def test_what_comes_during_a_rest_ends_it_every_time_the_watch_is_armed(path: Path) -> None:
    append(path, "0\n")
    context = Waiting()
    task = source(path, context)
    task.poll()
    for number in range(1, 6):
        threading.Timer(0.01, lambda number=number: append(path, f"{number}\n")).start()
        began = time.monotonic()
        assert values(task.poll()) == [str(number)]
        assert time.monotonic() - began < SURE_REST_SECONDS
    task.close()


def test_two_readers_of_one_file_are_both_woken_when_watched(path: Path) -> None:
    append(path, "")
    contexts = Context(), Context()
    tasks = [source(path, context) for context in contexts]
    for task in tasks:
        task.poll()
    tasks[0].close()
    other = source(path, contexts[0])
    other.poll()
    append(path, "one\n")
    assert all(context.woken.wait(5) for context in contexts)
    for task in (other, tasks[1]):
        assert values(task.poll()) == ["one"]
        task.close()


class Silent:
    """A watch that never tells anything."""

    armed = True

    def __init__(self, local: bool) -> None:
        self.local = local

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("local", "linked", "rest"),
    [
        (True, False, SAFE_REST_SECONDS),
        (False, False, IDLE_REST_SECONDS),
        (True, True, IDLE_REST_SECONDS),
    ],
)
def test_a_watched_file_that_stays_as_it_is_wakes_its_reader_less_often(
    path: Path, monkeypatch: pytest.MonkeyPatch, local: bool, linked: bool, rest: float
) -> None:
    append(path, "one\n")
    monkeypatch.setattr(Watch, "of", lambda descriptor, changed: Silent(local))
    context, name = Context(), path
    if linked:
        name = path.with_suffix(".link")
        name.symlink_to(path)
    task = source(name, context)
    for _ in range(10):
        task.poll()
    assert context.rests[0] == SURE_REST_SECONDS
    assert context.rests[-2:] == [rest] * 2
    append(path, "two\n")
    assert values(task.poll()) == ["two"]
    task.poll()
    assert context.rests[-1] == SURE_REST_SECONDS
    task.close()


def test_a_watched_file_that_is_moved_away_is_looked_for_more_often(path: Path) -> None:
    append(path, "one\n")
    context = Context()
    task = source(path, context)
    for _ in range(9):
        task.poll()
    moved = path.rename(path.with_suffix(".1"))
    assert context.woken.wait(5)
    append(moved, "late\n")
    assert values(task.poll()) == ["late"]
    for _ in range(9):
        task.poll()
    assert context.rests[-1] == SURE_REST_SECONDS
    path.write_text("new\n")
    assert values(task.poll()) == ["new"]
    task.close()


def test_a_watched_reader_ends_its_poll_when_asked_to_stop(path: Path) -> None:
    append(path, "")
    context = Context()
    context.stop_at_rest = True
    task = source(path, context)
    assert task.poll() == ()
    assert len(context.rests) == 1
    task.close()


def test_a_watch_that_tells_nothing_is_not_relied_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watch, "of", lambda descriptor, changed: Silent(True))
    append(path, "one\n")
    task = source(path)
    assert values(task.poll()) == ["one"]
    other = path.with_suffix(".new")
    other.write_text("new\n")
    other.rename(path)  # the watched file is another one
    assert values(task.poll()) == ["new"]
    append(path, "more\n")
    assert values(task.poll()) == ["more"]
    task.close()


def test_without_more_watches_the_file_is_polled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(path, "")
    assert Watch.of(-1, lambda: None) is None
    monkeypatch.setattr("penstock.connectors.file.watch._libc", lambda: None)
    with path.open("rb") as file:
        assert Watch.of(file.fileno(), lambda: None) is None


def test_closing_releases_the_file_and_its_watch(path: Path) -> None:
    append(path, "one\n")
    source(path).close()
    before = len(os.listdir("/proc/self/fd"))
    task = source(path)
    task.poll()
    task.close()
    task.close()
    assert len(os.listdir("/proc/self/fd")) == before


def connector(**properties: str) -> FileStreamSource:
    return FileStreamSource(FileSourceConfig.parse({"topic": "t"} | properties), None)  # type: ignore[arg-type]


def test_there_is_one_task_however_many_are_allowed() -> None:
    assert connector(file="/f").task_configs(5) == [{"topic": "t", "file": "/f"}]


def test_only_a_file_can_be_exactly_once() -> None:
    assert connector(file="/f").exactly_once_support() is ExactlyOnceSupport.SUPPORTED
    assert connector().exactly_once_support() is ExactlyOnceSupport.UNSUPPORTED


def test_a_topic_is_required() -> None:
    with pytest.raises(ConfigError, match="topic"):
        FileSourceConfig.parse({"file": "/f"})


def test_offsets_of_standard_input_cannot_be_altered() -> None:
    with pytest.raises(ConnectError, match="stdin is used"):
        connector().alter_offsets({})


def test_offsets_may_be_reset_whatever_their_partition() -> None:
    assert connector(file="/f").alter_offsets({(): None})


@pytest.mark.parametrize(
    ("partition", "offset", "message"),
    [
        ((("filename", "/f"),), {}, "contain the key 'position'"),
        ((("filename", "/f"),), {"position": "1"}, "expected to be a Long"),
        ((("filename", "/f"),), {"position": -1}, "non-negative"),
        (None, {"position": 1}, "cannot be null"),
        ((), {"position": 1}, "contain the key 'filename'"),
    ],
)
def test_offsets_that_make_no_sense_are_refused(
    partition: tuple[tuple[str, object], ...], offset: dict[str, object], message: str
) -> None:
    with pytest.raises(ConnectError, match=message):
        connector(file="/f").alter_offsets({partition: offset})
