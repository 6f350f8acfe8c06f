"""Conversations recorded with distributed Java workers are repeated with ours.

Most of the time is spent waiting for what was asked for, so they are held side by side.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from penstock.broker import LocalKafka
from tests.integration.group_files import started
from tests.integration.group_workers import Distributed, Group
from tests.integration.transcripts import replay
from tests.integration.workers import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("distributed transcripts"),  # one broker for all
]

TRANSCRIPTS = Path(replay.__file__).parent
FOLLOWER = ["follower"]
TABLES = [  # each is one worker's
    ["life-cycles"],
    ["creations"],
    ["offsets", "inner", "settings", "odd-requests", "definitions"],
    FOLLOWER,
]

Differences = Mapping[str, list[str]]


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Differences]]]:
    """By conversation, what is other than with Java, of all that are held at one table."""
    folder = tmp_path_factory.mktemp("talks")
    with LocalKafka() as kafka, ThreadPoolExecutor(len(TABLES)) as pool:
        talks = [pool.submit(talk, kafka.bootstrap_servers, folder, names) for names in TABLES]
        yield {name: it for names, it in zip(TABLES, talks, strict=True) for name in names}


def talk(bootstrap: str, folder: Path, names: Sequence[str]) -> Differences:
    """All conversations of one table, one after the other."""
    files = folder / names[0]
    files.mkdir()
    group = Group(bootstrap, files, exactly__once__source__support="enabled")
    try:
        (worker,) = started(group.worker())
        if names is FOLLOWER:
            (worker,) = started(group.worker())
            # what is passed on is answered once both are members
            wait_until(lambda: worker.ask("/connectors/nope", "DELETE")[0] == 404)
        return {name: differences(worker, steps_of(name), files / name) for name in names}
    finally:
        group.end()


def steps_of(name: str) -> list[dict[str, Any]]:
    """As recorded with a distributed worker, or with a standalone one as far as that is alike."""
    own = TRANSCRIPTS / f"distributed-{name}.json"
    if own.exists():
        return replay.load(own)
    answers = json.loads((TRANSCRIPTS / "distributed-answers.json").read_text())[name]
    steps = replay.load(TRANSCRIPTS / f"{name}.json")
    assert answers.keys() < {step["step"] for step in steps}
    return [{**step, "answer": answers.get(step["step"], step["answer"])} for step in steps]


def differences(worker: Distributed, steps: list[dict[str, Any]], folder: Path) -> list[str]:
    different: list[str] = []

    def compare(step: dict[str, Any], answer: dict[str, Any], seconds: float) -> None:
        found = replay.differences(step["step"], step["answer"], answer)
        different.extend(f"{step['step']} {step['method']} {step['path']}: {it}" for it in found)

    assert len(steps) > 50
    folder.mkdir()
    replay.play(f"http://127.0.0.1:{worker.port}", steps, str(folder), compare)
    return different


@pytest.mark.parametrize("name", [name for names in TABLES for name in names])
def test_a_distributed_worker_answers_as_the_java_worker_did(
    name: str, talks: Mapping[str, Future[Differences]]
) -> None:
    assert talks[name].result()[name] == []
