"""Whatever moment a worker is killed at, every line arrives."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from penstock.broker import LocalKafka
from tests.integration.topics import read_values
from tests.integration.workers import Worker, wait_until

SEEDS = 20
SECONDS = 90.0
KILLS = 3


class Appender(threading.Thread):
    """Appends numbered lines to a file until it has written them all."""

    def __init__(self, path: Path, lines: int, per_second: int) -> None:
        super().__init__(daemon=True)
        self.path, self.lines, self.pause = path, lines, 10 / per_second

    def run(self) -> None:
        with self.path.open("a") as out:
            for start in range(0, self.lines, 10):
                out.write("".join(f"line {n}\n" for n in range(start, start + 10)))
                out.flush()
                time.sleep(self.pause)


def calm(log: str) -> str:
    """The end of a worker's log without the client's complaints about connections."""
    return "\n".join([line for line in log.splitlines() if "refused" not in line][-40:])


def numbers(lines: Sequence[str]) -> list[int]:
    return [int(line.split(" ")[1]) for line in lines if line.startswith("line ")]


def assert_complete_and_in_order(seen: Sequence[int], lines: int, restarts: int) -> None:
    """Each at least once; within a run of the worker one after the other, without a gap."""
    assert set(seen) == set(range(lines))
    steps_back = 0
    furthest = -1
    for before, now in zip([-1, *seen], seen, strict=False):
        if now != before + 1:
            steps_back += 1
            assert now <= furthest + 1, f"{now} came before {furthest + 1}"
        furthest = max(furthest, now)
    assert steps_back <= restarts, f"{steps_back} steps back in {restarts} restarts"


@pytest.mark.integration
@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_worker_killed_at_any_moment_loses_no_line(
    seed: int, kafka: LocalKafka, tmp_path: Path
) -> None:
    dice = random.Random(seed)
    topic = f"lines-{seed}-{time.time_ns()}"
    lines = 4000
    worker = Worker(tmp_path, kafka.bootstrap_servers, offset__flush__interval__ms="200")
    worker.add(
        "source",
        {"connector.class": "FileStreamSource", "file": str(tmp_path / "in.txt"), "topic": topic},
    )
    worker.add(
        "sink",
        {"connector.class": "FileStreamSink", "file": str(tmp_path / "out.txt"), "topics": topic},
    )
    (tmp_path / "in.txt").touch()
    appender = Appender(tmp_path / "in.txt", lines, per_second=2000)
    appender.start()
    try:
        for _ in range(KILLS):
            worker.start()
            time.sleep(dice.uniform(0.2, 1.5))
            worker.kill()
        worker.start().wait_for_rest()
        out = tmp_path / "out.txt"
        wait_until(
            lambda: out.exists() and len(set(numbers(out.read_text().splitlines()))) == lines,
            SECONDS,
            what=lambda: f"{lines} lines in the sink's file; the worker's log:\n{calm(worker.log)}",
        )
        assert worker.stop() == 0
    finally:
        worker.kill()
    topic_values = [value.decode() for value in read_values(kafka.bootstrap_servers, topic)]
    assert_complete_and_in_order(numbers(topic_values), lines, KILLS)
    assert set(numbers(out.read_text().splitlines())) == set(range(lines))


@pytest.mark.integration
def test_a_broker_restart_under_load_loses_no_line(tmp_path: Path) -> None:
    lines = 6000
    topic = "lines"
    with LocalKafka(tmp_path / "kafka") as kafka:
        worker = Worker(tmp_path, kafka.bootstrap_servers, offset__flush__interval__ms="500")
        worker.add(
            "source",
            {
                "connector.class": "FileStreamSource",
                "file": str(tmp_path / "in.txt"),
                "topic": topic,
            },
        )
        worker.add(
            "sink",
            {
                "connector.class": "FileStreamSink",
                "file": str(tmp_path / "out.txt"),
                "topics": topic,
            },
        )
        (tmp_path / "in.txt").touch()
        appender = Appender(tmp_path / "in.txt", lines, per_second=1000)
        appender.start()
        worker.start()
        try:
            worker.wait_for_rest()
            time.sleep(1.0)
            kafka.kill()
            time.sleep(2.0)
            kafka.start()
            out = tmp_path / "out.txt"
            wait_until(
                lambda: out.exists() and len(set(numbers(out.read_text().splitlines()))) == lines,
                SECONDS,
                what=lambda: (
                    f"{lines} lines in the sink's file; the worker's log:\n{calm(worker.log)}"
                ),
            )
            for name in ("source", "sink"):  # a status may come after the lines
                wait_until(lambda name=name: worker.states(name) == ["RUNNING", "RUNNING"])
            assert worker.stop() == 0
        finally:
            worker.kill()
        topic_values = [value.decode() for value in read_values(kafka.bootstrap_servers, topic)]
    assert set(numbers(topic_values)) == set(range(lines))
