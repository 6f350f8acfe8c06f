"""The example connector, built as its users would, in a real worker that is killed."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import Producer

from penstock.testing.kafka import SharedKafka
from tests.integration.workers import JSON, Worker, wait_until

pytestmark = pytest.mark.integration

SECONDS = 60.0

EXAMPLE = Path(__file__).parents[2] / "examples" / "penstock-sqlite"
CHUNK, KILLS = 1500, 2


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder of `plugin.path` with the wheel of the example unpacked."""
    source, folder = tmp_path / "example", tmp_path / "plugins" / "sqlite"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("dist", "__pycache__"))
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", str(source)]
    subprocess.run(build, check=True, capture_output=True, timeout=200)
    (wheel,) = (source / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder.parent


def produce(producer: Producer, topic: str, numbers: range) -> None:
    for number in numbers:
        producer.produce(topic, b'{"n": %d}' % number, partition=0)
    assert producer.flush(SECONDS) == 0


def rows(database: Path) -> list[int]:
    with closing(sqlite3.connect(database, timeout=SECONDS)) as connection:
        return [number for (number,) in connection.execute("SELECT n FROM lines ORDER BY rowid")]


def test_a_killed_worker_writes_each_row_once(
    kafka: SharedKafka, plugins: Path, tmp_path: Path
) -> None:
    dice = random.Random(7)
    topic, database = f"rows-{time.time_ns()}", tmp_path / "shop.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE lines (n INTEGER)")
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers, "log_level": 0})
    worker = Worker(tmp_path, kafka.bootstrap_servers, plugin__path=str(plugins))
    worker.add(
        "rows",
        {
            "connector.class": "SqliteSink",
            "topics": topic,
            "database": str(database),
            "table": "lines",
            "value.converter": JSON,
            "value.converter.schemas.enable": "false",
            "consumer.override.max.poll.records": "50",
            "consumer.override.auto.offset.reset": "earliest",
            "consumer.override.session.timeout.ms": "6000",
        },
    )
    try:
        for run in range(KILLS + 1):
            produce(producer, topic, range(run * CHUNK, (run + 1) * CHUNK))
            worker.start()
            wait_until(lambda run=run: len(rows(database)) > run * CHUNK, what="more rows")
            if run < KILLS:
                time.sleep(dice.random() * 0.03)
                worker.kill()
        wait_until(lambda: len(rows(database)) >= (KILLS + 1) * CHUNK, what="all rows")
        assert worker.stop() == 0
    finally:
        worker.kill()
    assert rows(database) == list(range((KILLS + 1) * CHUNK))
