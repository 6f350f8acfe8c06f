"""Conversations recorded with a Java worker are repeated with ours, answer by answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penstock.testing.kafka import SharedKafka, shared_kafka
from tests.integration.transcripts import replay
from tests.integration.workers import JSON, Worker

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

TRANSCRIPTS = Path(replay.__file__).parent
STANDALONE = ["rest-standalone", "odd-requests", "definitions", "life-cycles"]


@pytest.fixture(scope="module")
def empty_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedKafka]:
    """A broker without the topics and groups of other tests, whose contents answers would show."""
    with shared_kafka(tmp_path_factory.mktemp("transcripts")) as running:
        yield running


@pytest.fixture
def worker(tmp_path: Path, empty_kafka: SharedKafka) -> Iterator[Worker]:
    converters = {"key__converter": JSON, "value__converter": JSON}
    worker = Worker(tmp_path, empty_kafka.bootstrap_servers, **converters)
    worker.start()
    try:
        worker.wait_for_rest()
        yield worker
    finally:
        worker.kill()


@pytest.mark.parametrize("name", STANDALONE)
def test_a_standalone_worker_answers_as_the_java_worker_did(
    name: str, worker: Worker, tmp_path: Path
) -> None:
    steps = json.loads((TRANSCRIPTS / f"{name}.json").read_text())
    different: list[str] = []

    def compare(step: dict[str, Any], answer: dict[str, Any], seconds: float) -> None:
        found = replay.differences(step["step"], step["answer"], answer)
        different.extend(f"{step['step']} {step['method']} {step['path']}: {it}" for it in found)

    files = tmp_path / "files"
    files.mkdir()
    replay.play(f"http://127.0.0.1:{worker.port}", steps, str(files), compare)
    assert len(steps) > 50
    assert different == []
