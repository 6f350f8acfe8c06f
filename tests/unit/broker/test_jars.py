"""Jars are downloaded once, checked, and found again without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penstock.broker import BrokerError, jars, pins
from penstock.broker.cache import cache_folder, locked
from penstock.broker.pins import Pin

CONTENT = {"g:one:1": b"first", "g:two:2": b"second!"}


class FakeMaven:
    """A repository in memory that may fail or lie."""

    def __init__(self) -> None:
        self.content = dict(CONTENT)
        self.failures: list[Exception] = []
        self.downloads: list[str] = []

    def at(self, repository: Path, meter: Any = None) -> Any:
        def dependency(coordinate: str) -> Any:
            group, artifact, version = coordinate.split(":")
            path = repository / f"{artifact}-{version}.jar"

            def resolve() -> Path:
                self.downloads.append(coordinate)
                if self.failures:
                    raise self.failures.pop()
                repository.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.content[coordinate])
                if meter is not None:
                    with meter.reading(path.name, 1) as update:
                        update(len(self.content[coordinate]))
                return path

            one = SimpleNamespace(resolve=resolve, cached_path=path)
            return SimpleNamespace(
                artifact=one, groupId=group, artifactId=artifact, version=version, raw=False
            )

        resolver = SimpleNamespace(resolve=lambda named: (named, [dependency("g:two:2")]))
        return SimpleNamespace(create_dependency=dependency, resolver=resolver)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PENSTOCK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def maven(monkeypatch: pytest.MonkeyPatch) -> FakeMaven:
    fake = FakeMaven()
    monkeypatch.setattr(jars, "maven", fake.at)
    return fake


@contextmanager
def nothing_is_downloaded(maven: FakeMaven) -> Generator[None]:
    before = len(maven.downloads)
    yield
    assert maven.downloads[before:] == []


def test_coordinates_are_resolved_and_downloaded_only_once(cache: Path, maven: FakeMaven) -> None:
    found = jars.class_path(["g:one:1"])
    assert [jar.read_bytes() for jar in found] == [b"first", b"second!"]
    with nothing_is_downloaded(maven):
        assert jars.class_path(["g:one:1"]) == found
    assert sorted(path.name for path in cache.iterdir()) == [".lock", "jars", "lists"]


def test_progress_tells_bytes_of_all_downloads_together(maven: FakeMaven) -> None:
    jars.class_path(["g:one:1"])
    for jar in (cache_folder() / "jars").iterdir():
        jar.unlink()
    seen: list[tuple[int, int]] = []
    jars.class_path(["g:one:1"], lambda done, total: seen.append((done, total)))
    assert len(seen) == 2
    assert seen[-1] == (12, 12)


def test_a_download_is_gone_on_with_after_an_interruption(maven: FakeMaven) -> None:
    one, two = jars.class_path(["g:one:1"])
    two.unlink()
    maven.downloads.clear()
    jars.class_path(["g:one:1"])
    assert maven.downloads == ["g:two:2"]
    assert one.exists()


def test_a_shortened_jar_is_downloaded_again(maven: FakeMaven) -> None:
    one, _ = jars.class_path(["g:one:1"])
    one.write_bytes(b"f")
    assert jars.class_path(["g:one:1"])[0].read_bytes() == b"first"


def test_a_download_is_tried_again_after_a_failure(maven: FakeMaven) -> None:
    one, _ = jars.class_path(["g:one:1"])
    one.unlink()
    maven.failures = [OSError("connection reset")] * (jars.ATTEMPTS - 1)
    assert jars.class_path(["g:one:1"])[0].exists()


def test_a_download_that_keeps_failing_is_named(maven: FakeMaven) -> None:
    one, _ = jars.class_path(["g:one:1"])
    one.unlink()
    maven.failures = [OSError("no route")] * 10
    with pytest.raises(BrokerError, match=r"one-1\.jar could not be downloaded \(no route\)"):
        jars.class_path(["g:one:1"])


def test_a_jar_of_another_content_is_refused(maven: FakeMaven) -> None:
    one, _ = jars.class_path(["g:one:1"])
    one.unlink()
    maven.content["g:one:1"] = b"evil!"
    with pytest.raises(BrokerError, match="its SHA-256 is not the expected one"):
        jars.class_path(["g:one:1"])
    assert not one.exists()


def test_unknown_coordinates_are_named(maven: FakeMaven) -> None:
    maven.failures = [RuntimeError("not found"), RuntimeError("not found")]
    with pytest.raises(BrokerError, match="g:one:1 could not be resolved"):
        jars.class_path(["g:one:1"])


def test_the_lists_that_are_shipped_name_one_kafka_version() -> None:
    for name, coordinates in pins.SHIPPED.items():
        listed = pins.read(pins.shipped(coordinates) or Path(name))
        named = {pin.coordinate for pin in listed}
        assert set(coordinates) <= named
        assert {c.split(":")[2] for c in named if c.startswith("org.apache.kafka:")} == {pins.KAFKA}
        assert len({pin.file for pin in listed}) == len(listed)


def test_a_list_is_read_as_it_was_written(tmp_path: Path) -> None:
    wanted = [Pin("g:one:1", 5, hashlib.sha256(b"first").hexdigest()), Pin("g:two:2", 7, "00")]
    pins.write(tmp_path / "folder" / "a.lock", wanted)
    assert pins.read(tmp_path / "folder" / "a.lock") == wanted


def test_a_damaged_list_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("g:one:1 5\n")
    with pytest.raises(BrokerError, match=r"a\.lock is damaged"):
        pins.read(tmp_path / "a.lock")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"PENSTOCK_CACHE": "/own", "XDG_CACHE_HOME": "/xdg"}, Path("/own")),
        ({"XDG_CACHE_HOME": "/xdg"}, Path("/xdg/penstock")),
        ({"XDG_CACHE_HOME": "relative"}, Path.home() / ".cache/penstock"),
        ({}, Path.home() / ".cache/penstock"),
    ],
)
def test_the_cache_is_where_the_environment_says(environ: dict[str, str], folder: Path) -> None:
    assert cache_folder(environ) == folder


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(BrokerError, match=r"cannot be written.*PENSTOCK_CACHE"),
        locked(tmp_path / "file" / "cache"),
    ):
        pass
