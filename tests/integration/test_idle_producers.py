"""Sources that send now and then have no producer between: nothing is lost, and order stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from penstock.broker import LocalKafka
from tests.integration.test_nothing_lost import assert_complete_and_in_order, numbers
from tests.integration.topics import read_values
from tests.integration.workers import Worker, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

WAYS = {"barrier": {}, "tracked": {"errors.tolerance": "all"}}
LINES = 10


class Sources:
    """A worker with a file source for each way of acknowledgement."""

    def __init__(self, folder: Path, kafka: LocalKafka) -> None:
        self.folder, self.kafka = folder, kafka
        more = {"producer__idle__close__ms": "500", "offset__flush__interval__ms": "300"}
        self.worker = Worker(folder, kafka.bootstrap_servers, **more)
        self.written = 0
        for way, settings in WAYS.items():
            file = self._file(way)
            file.touch()
            source = {"connector.class": "FileStreamSource", "file": str(file), "topic": way}
            self.worker.add(way, source | settings)

    def _file(self, way: str) -> Path:
        return self.folder / f"{way}.txt"

    def write(self) -> None:
        lines = range(self.written, self.written + LINES)
        self.written = lines.stop
        for way in WAYS:
            with self._file(way).open("a") as out:
                out.writelines(f"line {number}\n" for number in lines)

    def numbers(self, way: str) -> list[int]:
        values = read_values(self.kafka.bootstrap_servers, way)
        return numbers([value.decode() for value in values])

    def wait_for_lines(self) -> None:
        for way in WAYS:
            wait_until(
                lambda way=way: len(set(self.numbers(way))) == self.written,
                what=lambda: f"{self.written} lines; the log:\n{self.worker.log[-3000:]}",
            )

    def wait_for_no_producer(self) -> None:
        wait_until(lambda: not self._client_threads(), what="the end of idle producers")

    def _client_threads(self) -> list[str]:
        assert self.worker.process is not None
        tree = psutil.Process(self.worker.process.pid)
        names: list[str] = []
        for process in (tree, *tree.children(recursive=True)):
            for task in Path(f"/proc/{process.pid}/task").glob("*/comm"):
                with suppress(OSError):
                    names.append(task.read_text())
        return [name for name in names if name.startswith("rdk:")]


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[Sources]:
    with LocalKafka(tmp_path / "kafka") as kafka:
        made = Sources(tmp_path, kafka)
        made.worker.start()
        try:
            yield made
        finally:
            made.worker.kill()


def test_lines_between_which_producers_go_arrive_once_in_order(sources: Sources) -> None:
    for _ in range(3):
        sources.write()
        sources.wait_for_lines()
        sources.wait_for_no_producer()
    sources.kafka.kill()
    sources.write()
    sources.kafka.start()
    sources.wait_for_lines()
    assert sources.worker.states("barrier") == ["RUNNING", "RUNNING"]
    for way in WAYS:
        assert sources.numbers(way) == list(range(sources.written))
    sources.wait_for_no_producer()
    sources.worker.kill()
    sources.write()
    sources.worker.start()
    sources.wait_for_lines()
    for way in WAYS:
        assert_complete_and_in_order(sources.numbers(way), sources.written, restarts=1)
