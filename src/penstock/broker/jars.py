"""Jars of Java programs: resolved and downloaded once, checked, then taken from the cache."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from penstock.broker import pins
from penstock.broker.cache import cache_folder, locked
from penstock.broker.errors import BrokerError
from penstock.broker.pins import Pin

Progress = Callable[[int, int], None]
"""Told how many bytes of how many are there; called from several threads, one at a time."""

PARALLEL = 8
ATTEMPTS = 3
TIMEOUT_SECONDS = 30


def class_path(
    coordinates: Sequence[str] = pins.BROKER, progress: Progress | None = None
) -> list[Path]:
    """The jars of `coordinates` and of all they need; no network is touched if they are cached."""
    cache = cache_folder()
    wanted = _known(cache, coordinates)
    if wanted is None or (missing := _missing(cache, wanted)):
        with locked(cache):
            wanted = _known(cache, coordinates) or _resolved(cache, coordinates)
            missing = _missing(cache, wanted)  # another process may have fetched them meanwhile
            if missing:
                _fetch(cache, missing, progress)
    return [cache / "jars" / pin.file for pin in wanted]


def _known(cache: Path, coordinates: Sequence[str]) -> list[Pin] | None:
    listed = pins.shipped(coordinates) or _own_list(cache, coordinates)
    return pins.read(listed) if listed.exists() else None


def _own_list(cache: Path, coordinates: Sequence[str]) -> Path:
    return cache / "lists" / f"{pins.digest(coordinates)}.lock"


def _missing(cache: Path, wanted: Sequence[Pin]) -> list[Pin]:
    """A jar got its name after its hash was checked; its size is checked at every start."""

    def there(pin: Pin) -> bool:
        try:
            return (cache / "jars" / pin.file).stat().st_size == pin.size
        except FileNotFoundError:
            return False

    return [pin for pin in wanted if not there(pin)]


def _fetch(cache: Path, missing: Sequence[Pin], progress: Progress | None) -> None:
    """What an interrupted download left in `staging` is dropped; finished jars are kept."""
    staging, jars = cache / "staging", cache / "jars"
    shutil.rmtree(staging, ignore_errors=True)
    jars.mkdir(exist_ok=True)
    meter = _Meter(sum(pin.size for pin in missing), progress)
    context = maven(staging, meter)

    def fetch(pin: Pin) -> None:
        _download(context, pin).replace(jars / pin.file)

    pool = ThreadPoolExecutor(PARALLEL)
    try:
        for done in [pool.submit(fetch, pin) for pin in missing]:
            done.result()
    finally:
        pool.shutdown(cancel_futures=True)
    shutil.rmtree(staging, ignore_errors=True)


def _download(context: Any, pin: Pin) -> Path:
    problem: Exception | None = None
    for _ in range(ATTEMPTS):
        artifact = context.create_dependency(pin.coordinate).artifact
        try:
            path: Path = artifact.resolve()
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            problem = error
        else:
            if pin.matches(path):
                return path
            problem = BrokerError("its SHA-256 is not the expected one")
        artifact.cached_path.unlink(missing_ok=True)
    raise BrokerError(
        f"{pin.file} could not be downloaded ({problem}); check the network and try again."
    ) from problem


def _resolved(cache: Path, coordinates: Sequence[str]) -> list[Pin]:
    """Resolve coordinates Penstock ships no list for, and keep the result."""
    found = resolve(coordinates, cache / "resolving")
    pins.write(_own_list(cache, coordinates), found)
    return found


def resolve(coordinates: Sequence[str], repository: Path) -> list[Pin]:
    """Ask the Maven repository what `coordinates` need; downloads everything, to hash it."""
    context = maven(repository)
    inputs = [context.create_dependency(coordinate) for coordinate in coordinates]
    for one in inputs:
        one.raw = True  # as Maven does: an input's own dependency management is not ours
    try:
        named, needed = context.resolver.resolve(inputs)
        with ThreadPoolExecutor(PARALLEL) as pool:
            found = list(pool.map(_pinned, [*named, *needed]))
    except (OSError, RuntimeError) as error:
        raise BrokerError(
            f"{', '.join(coordinates)} could not be resolved ({error}); check names and network."
        ) from error
    shutil.rmtree(repository, ignore_errors=True)
    return found


def _pinned(one: Any) -> Pin:
    file: Path = one.artifact.resolve()
    content = file.read_bytes()
    coordinate = f"{one.groupId}:{one.artifactId}:{one.version}"
    return Pin(coordinate, len(content), hashlib.sha256(content).hexdigest())


def maven(repository: Path, meter: _Meter | None = None) -> Any:
    """jgo's pure-Python Maven client, with the repositories of the user's jgo settings."""
    try:
        from jgo.config import GlobalSettings
        from jgo.maven import MavenContext, PythonResolver
    except ImportError as error:
        raise BrokerError(
            "The broker's packages are not installed; install `penstock[broker]`."
        ) from error
    return MavenContext(
        resolver=PythonResolver(progress_callback=meter.reading if meter else None),
        repo_cache=repository,
        remote_repos=GlobalSettings.load().repositories or None,
        timeout=TIMEOUT_SECONDS,
    )


class _Meter:
    """Adds up what all downloads have received."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, filename: str, size: int) -> Generator[Callable[[int], None]]:
        yield self._add

    def _add(self, count: int) -> None:
        with self._lock:
            self._done = min(self._done + count, self._total)  # a repeated download counts once
            if self._progress is not None:
                self._progress(self._done, self._total)
