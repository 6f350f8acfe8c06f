"""A Java worker's folder continues under Penstock, and under Java again."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.broker import LocalKafka
from penstock.broker.java_connect import JavaConnect
from tests.integration.topics import read_values
from tests.integration.workers import Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(500)]


@pytest.mark.slow
def test_an_offset_file_goes_from_java_to_penstock_and_back(
    tmp_path: Path, kafka: LocalKafka, topic: str
) -> None:
    lines = tmp_path / "in.txt"
    worker = Worker(tmp_path, kafka.bootstrap_servers, offset__flush__interval__ms="200")
    connector = {
        "connector.class": "FileStreamSource",
        "file": str(lines),
        "topic": topic,
        "tasks.max": "1",
    }
    worker.add("source", connector)

    def append(text: str) -> None:
        with lines.open("a") as file:
            file.write(text + "\n")

    def arrived(*expected: bytes) -> None:
        def whole() -> bool:
            return values() == list(expected)

        def values() -> list[bytes]:
            try:
                return read_values(kafka.bootstrap_servers, topic)
            except Exception:
                return []

        wait_until(whole, what=lambda: f"{expected}, not {values()},")

    append("written under Java")
    java = JavaConnect(tmp_path / "java", worker.settings, [connector | {"name": "source"}])
    with java:
        arrived(b"written under Java")
    append("written under Penstock")
    worker.start()
    try:
        arrived(b"written under Java", b"written under Penstock")
        assert worker.stop() == 0
    finally:
        worker.kill()
    append("and under Java again")
    with java:
        arrived(b"written under Java", b"written under Penstock", b"and under Java again")
