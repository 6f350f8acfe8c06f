"""Pytest fixtures: a real Kafka for the whole test session, and fresh topic names.

    from penstock.testing.kafka import kafka, topic  # in conftest.py

Workers of pytest-xdist share one broker: the one that needs it first owns it and ends it when the
last one is done.
"""

from __future__ import annotations

import fcntl
import re
import socket
import time
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

import pytest

from penstock.broker import LocalKafka

WAIT_SECONDS = 600.0
POLL_SECONDS = 0.1
TOPIC_CHARACTERS = 60


class SharedKafka(NamedTuple):
    """A broker that somebody runs."""

    bootstrap_servers: str


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[SharedKafka]:
    """One Apache Kafka for all tests; started when the first test asks for it."""
    base = tmp_path_factory.getbasetemp()
    with shared_kafka(base if worker_id == "master" else base.parent) as running:
        yield running


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """Which worker of pytest-xdist this is; `master` without it."""
    return getattr(request.config, "workerinput", {}).get("workerid", "master")


@pytest.fixture
def topic(request: pytest.FixtureRequest) -> str:
    """A topic name nobody has used, which shows what test it belongs to."""
    name = re.sub(r"[^\w.-]+", "-", request.node.name, flags=re.ASCII)[:TOPIC_CHARACTERS]
    return f"{name}-{uuid.uuid4().hex[:8]}"


@contextmanager
def shared_kafka(folder: Path) -> Generator[SharedKafka]:
    """The broker of all processes that name the same `folder`."""
    with ExitStack() as stack:
        users = stack.enter_context((folder / "kafka.users").open("w"))
        owned: LocalKafka | None = None
        with _alone(folder):
            fcntl.flock(users, fcntl.LOCK_SH)
            address = _running(folder)
            if address is None:
                owned = stack.enter_context(LocalKafka())
                address = owned.bootstrap_servers
                (folder / "kafka.address").write_text(address)
        try:
            yield SharedKafka(address)
        finally:
            if owned is not None:
                _await_others(folder, users)


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    with (folder / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _running(folder: Path) -> str | None:
    """The address that was left here, if somebody still listens there."""
    with suppress(OSError):
        host, _, port = (folder / "kafka.address").read_text().partition(":")
        socket.create_connection((host, int(port)), timeout=5).close()
        return f"{host}:{port}"
    return None


def _await_others(folder: Path, users: IO[str]) -> None:
    """From when nobody else uses the broker, nobody finds its address any more."""
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        with _alone(folder), suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            (folder / "kafka.address").unlink()
            return
        time.sleep(POLL_SECONDS)
