"""Whatever moment the process of an exactly-once task is killed at, each line is there once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_workers import Distributed, Group
from tests.integration.test_distributed import source
from tests.integration.test_exactly_once import committed
from tests.integration.test_nothing_lost import Appender
from tests.integration.workers import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(200)]

LINES, KILLS = 2500, 3


@pytest.fixture
def group(kafka: SharedKafka, tmp_path: Path) -> Iterator[Group]:
    made = Group(kafka.bootstrap_servers, tmp_path, exactly__once__source__support="enabled")
    yield made
    made.end()


def children(parent: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after_name[1]) == parent:
                found.append(int(entry.name))
    return found


def kill_hosts(worker: Distributed) -> None:
    assert worker.process is not None
    for nursery in children(worker.process.pid):
        for host in children(nursery):
            with suppress(ProcessLookupError):
                os.kill(host, signal.SIGKILL)


def running_again(worker: Distributed) -> bool:
    """A task that is told to have failed is restarted by hand, if the worker does not do it."""
    status, body = worker.ask("/connectors/lines/status")
    states = [task["state"] for task in body["tasks"]] if status == 200 else []
    if states == ["FAILED"]:
        worker.ask("/connectors/lines/restart?includeTasks=true&onlyFailed=true", "POST")
    return states == ["RUNNING"]


@pytest.mark.parametrize("boundary", ["poll", "interval"])
def test_hosts_killed_at_any_moment_neither_lose_nor_repeat_a_line(
    group: Group, boundary: str
) -> None:
    dice = random.Random(boundary)
    worker = group.worker()
    worker.start()
    worker.wait_for_rest(60)
    config = source(group, "lines") | {
        "transaction.boundary": boundary,
        "transaction.boundary.interval.ms": "150",
        "batch.size": "50",
    }
    status, body = worker.ask("/connectors/lines/config", "PUT", config)
    assert status == 201, body
    wait_until(lambda: running_again(worker), 60, what="the task")
    appender = Appender(group.folder / "lines.txt", LINES, per_second=500)
    appender.start()
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.1, 1.2))
        kill_hosts(worker)
        time.sleep(0.2)
        wait_until(lambda: running_again(worker), 60, what="the task once more")
    topic = f"{group.name}-lines"
    appender.join()

    def complete() -> bool:
        """What ran a moment after the last kill may have been told to run, and fail yet."""
        return running_again(worker) and len(committed(group.bootstrap, topic)) >= LINES

    wait_until(complete, what="all lines")
    seen = [message.value().decode() for message in committed(group.bootstrap, topic)]
    assert seen == [f"line {number}" for number in range(LINES)]
