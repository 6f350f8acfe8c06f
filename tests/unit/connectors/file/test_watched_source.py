"""A file that is watched wakes its reader; one that cannot be relied on is looked at."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.connectors.file.source import (
    IDLE_REST_SECONDS,
    SAFE_REST_SECONDS,
    SURE_REST_SECONDS,
)
from penstock.connectors.file.watch import Watch
from tests.unit.connectors.file.context import Context, append, source, values

PATIENCE_SECONDS = 60.0  # only what fails takes so long


class Waiting(Context):
    """Only a wake ends a rest here."""

    def rest(self, seconds: float) -> bool:
        self.rests.append(seconds)
        assert self.woken.wait(PATIENCE_SECONDS)
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
    append(path, "two\n")
    assert context.woken.wait(PATIENCE_SECONDS)
    assert values(task.poll()) == ["two"]
    task.close()


def test_what_comes_during_a_rest_ends_it_every_time_the_watch_is_armed(path: Path) -> None:
    append(path, "0\n")
    context = Waiting()
    task = source(path, context)
    task.poll()
    for number in range(1, 6):
        threading.Timer(0.01, lambda number=number: append(path, f"{number}\n")).start()
        assert values(task.poll()) == [str(number)]
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
    assert all(context.woken.wait(PATIENCE_SECONDS) for context in contexts)
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
    assert context.woken.wait(PATIENCE_SECONDS)
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
    first = source(path)
    first.poll()  # what all watches of a process share is there from now on
    first.close()
    gc.collect()  # watches of other tests do not go in between
    before = open_files(path)
    task = source(path)
    task.poll()
    assert open_files(path) > before
    task.close()
    task.close()
    assert open_files(path) == before


def open_files(path: Path) -> Counter[str]:
    """How often this process has the file open, and watches of any: nothing else, as other
    descriptors may be collected at any time.
    """
    links: list[str] = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # it was that of the folder itself
            links.append(str(descriptor.readlink()))
    return Counter(link for link in links if link == str(path) or "inotify" in link)
