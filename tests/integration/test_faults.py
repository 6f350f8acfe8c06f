"""A broker of several dies or has no disk left: nothing is lost, and nothing turns in vain."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

import psutil
import pytest

from tests.integration.group_workers import Distributed, Group
from tests.integration.pair import GOES, STAYS, Pair, pair
from tests.integration.test_nothing_lost import Appender, calm, numbers
from tests.integration.topics import read_values
from tests.integration.workers import STRING, wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(500),
    pytest.mark.xdist_group("faults"),
]

SECONDS = 60.0
CORE_MAX = 0.25  # of a core, for a worker and its hosts that cannot work
LOG_MAX = 10_000


class Place(NamedTuple):
    """A worker whose internal topics and coordinators are all at the broker that goes."""

    brokers: Pair
    worker: Distributed


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("faults")
    with pair(folder) as brokers:
        group = Group(brokers.bootstrap_servers, folder)
        kinds = ("config", "offset", "status")
        for topic in ("__consumer_offsets", *(f"{group.name}-{kind}" for kind in kinds)):
            brokers.create(topic, GOES, STAYS, cleanup__policy="compact")
        worker = group.worker()
        try:
            worker.start().wait_for_rest(SECONDS)
            yield Place(brokers, worker)
        finally:
            group.end()


class Lines:
    """Numbered lines on their way from a file through a topic into a file."""

    def __init__(self, place: Place, topic: str, *replicas: int) -> None:
        self._place, self.topic = place, topic
        self._folder = place.worker.folder
        self._file, self._out = self._folder / f"{topic}.txt", self._folder / f"{topic}.out"
        self._file.touch()
        place.brokers.create(topic, *replicas)
        values = {"value.converter": STRING}
        source = {"connector.class": "FileStreamSource", "file": str(self._file), "topic": topic}
        sink = {"connector.class": "FileStreamSink", "file": str(self._out), "topics": topic}
        for name, config in ((f"{topic}-in", source), (f"{topic}-out", sink)):
            status, body = place.worker.ask(f"/connectors/{name}/config", "PUT", config | values)
            assert status == 201, body
        self.count = 0

    def flow(self, count: int, per_second: int) -> Appender:
        """So many more of them; they come while the test goes on."""
        appender = Appender(self._file, count, per_second)
        appender.start()
        self.count = count
        return appender

    def arrived(self) -> set[int]:
        return set(numbers(self._out.read_text().splitlines())) if self._out.exists() else set()

    def all_arrive(self) -> None:
        wait_until(
            lambda: len(self.arrived()) == self.count,
            SECONDS,
            what=lambda: (
                f"{self.count} lines, not {len(self.arrived())}; {calm(self._place.worker.log)}"
            ),
        )
        values = read_values(self._place.brokers.bootstrap_servers, self.topic)
        found = [value.decode() for value in values]
        assert set(numbers(found)) == set(range(self.count))

    def states(self) -> list[str]:
        worker = self._place.worker
        return worker.states(f"{self.topic}-in") + worker.states(f"{self.topic}-out")


def cpu_seconds(worker: Distributed) -> float:
    """Of the worker and all its hosts."""
    assert worker.process is not None
    whole = psutil.Process(worker.process.pid)
    times = [one.cpu_times() for one in (whole, *whole.children(recursive=True))]
    return sum(time.user + time.system for time in times)


def rests(worker: Distributed, seconds: float = 6.0) -> bool:
    """Whether it takes little of a core for so long, and has little to tell."""
    try:
        before, logged = cpu_seconds(worker), len(worker.log)
        time.sleep(seconds)
        took, told = cpu_seconds(worker) - before, len(worker.log) - logged
    except psutil.NoSuchProcess:  # a host that just ends
        return False
    return 0 <= took < CORE_MAX * seconds and told < LOG_MAX


def test_the_broker_that_leads_everything_dies_and_no_line_is_lost(place: Place) -> None:
    brokers, worker = place
    lines = Lines(place, "lines", GOES, STAYS)
    wait_until(lambda: lines.states() == ["RUNNING"] * 4, SECONDS, what="four times RUNNING")
    appender = lines.flow(4000, per_second=400)
    wait_until(lambda: len(lines.arrived()) > 200, SECONDS, what="the first lines")
    brokers.goes.kill()
    wait_until(lambda: brokers.leader("lines") == STAYS, SECONDS, what="another leader")
    before = min(len(lines.arrived()), lines.count - 1)  # the last ones come after its death
    wait_until(lambda: len(lines.arrived()) > before, SECONDS, what="lines by the other leader")
    brokers.goes.start()
    brokers.lead_again("lines", "__consumer_offsets")
    appender.join()
    lines.all_arrive()
    wait_until(lambda: lines.states() == ["RUNNING"] * 4, SECONDS, what="four times RUNNING")
    assert "FAILED" not in worker.log


def test_a_broker_without_disk_is_waited_for(place: Place) -> None:
    brokers, worker = place
    lines = Lines(place, "alone", GOES)
    wait_until(lambda: lines.states() == ["RUNNING"] * 4, SECONDS, what="four times RUNNING")
    offsets = "__consumer_offsets"
    brokers.copied(offsets)
    appender = lines.flow(6000, per_second=1000)
    wait_until(lambda: len(lines.arrived()) > 200, SECONDS, what="the first lines")
    brokers.fill_the_disk()
    assert brokers.goes.wait(SECONDS) is not None
    wait_until(lambda: brokers.leader(offsets) == STAYS, SECONDS, what="another coordinator")
    wait_until(lambda: lines.states() == ["RUNNING"] * 4, SECONDS, what="four times RUNNING")
    appender.join()
    # tasks begin anew where their coordinator was out of reach; then there is nothing to do
    wait_until(lambda: rests(worker), 2 * SECONDS, what="rest")
    assert len(lines.arrived()) < lines.count
    assert lines.states() == ["RUNNING"] * 4
    brokers.goes.start()
    lines.all_arrive()
    assert worker.stop() == 0
