"""Conversations recorded with a distributed Java worker are repeated with ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.broker import LocalKafka
from tests.integration.group_files import started
from tests.integration.group_workers import Distributed, Group
from tests.integration.transcripts import replay

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("distributed transcripts"),  # one group of workers for all
]

TRANSCRIPTS = Path(replay.__file__).parent
OF_LEADERS = ["settings"]
AS_STANDALONE = ["odd-requests", "definitions"]


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Group]:
    """On a broker of their own, as answers show what there is on it."""
    with LocalKafka() as kafka:
        folder = tmp_path_factory.mktemp("distributed")
        made = Group(kafka.bootstrap_servers, folder, exactly__once__source__support="enabled")
        try:
            yield made
        finally:
            made.end()


@pytest.fixture(scope="module")
def leader(group: Group) -> Distributed:
    return started(group.worker())[0]


def differences(worker: Distributed, steps: list[dict[str, Any]], folder: Path) -> list[str]:
    different: list[str] = []

    def compare(step: dict[str, Any], answer: dict[str, Any], seconds: float) -> None:
        found = replay.differences(step["step"], step["answer"], answer)
        different.extend(f"{step['step']} {step['method']} {step['path']}: {it}" for it in found)

    folder.mkdir()
    replay.play(f"http://127.0.0.1:{worker.port}", steps, str(folder), compare)
    return different


@pytest.mark.parametrize("name", OF_LEADERS)
def test_a_lone_worker_answers_as_the_java_worker_did(
    name: str, leader: Distributed, tmp_path: Path
) -> None:
    steps = replay.load(TRANSCRIPTS / f"distributed-{name}.json")
    assert len(steps) > 50
    assert differences(leader, steps, tmp_path / "files") == []


@pytest.mark.parametrize("name", AS_STANDALONE)
def test_a_lone_worker_answers_as_a_standalone_one_but_where_java_does_not(
    name: str, leader: Distributed, tmp_path: Path
) -> None:
    answers = json.loads((TRANSCRIPTS / "distributed-answers.json").read_text())[name]
    steps = [
        {**step, "answer": answers.get(step["step"], step["answer"])}
        for step in replay.load(TRANSCRIPTS / f"{name}.json")
    ]
    assert set(answers) < {step["step"] for step in steps}
    assert differences(leader, steps, tmp_path / "files") == []
