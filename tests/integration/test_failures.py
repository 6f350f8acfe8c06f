"""Workers that freeze, get stuck or are cut off: nothing is lost, nothing runs twice for long."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from penstock.broker import LocalKafka
from penstock.broker.ports import free_ports
from tests.integration.group_workers import Distributed, Group, places
from tests.integration.relay import Relay
from tests.integration.test_distributed import even, started
from tests.integration.ticking import create_ticking, missing, plugin_path, seconds_together, ticks
from tests.integration.workers import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("failures"),
]

SESSION_SECONDS = 6.0  # of the groups here
SECONDS = 40.0


class Place(NamedTuple):
    """A broker, and a way to it that can be cut."""

    kafka: LocalKafka
    relay: Relay
    far: str  # its address by that way


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    port, controller, behind, far = free_ports(4)
    settings = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},FAR://127.0.0.1:{behind},"
        f"CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},FAR://127.0.0.1:{far}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,FAR:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
    }
    with (
        LocalKafka(port=port, settings=settings) as kafka,
        Relay(("127.0.0.1", behind), far) as relay,
    ):
        yield Place(kafka, relay, f"127.0.0.1:{far}")


@pytest.fixture
def group(place: Place, tmp_path: Path) -> Iterator[Group]:
    made = Group(place.kafka.bootstrap_servers, tmp_path)
    yield made
    place.relay.release()
    made.end()


def ticking_group(group: Group, **settings: str) -> tuple[list[Distributed], list[str]]:
    """Two workers, each of which runs one of two sources; the first one has these settings."""
    path = plugin_path(group.folder)
    workers = started(group.worker(plugin__path=path, **settings), group.worker(plugin__path=path))
    names = create_ticking(workers[0], group, 2)
    even(workers, names)
    return workers, names


def check_ticks(group: Group, names: Sequence[str]) -> None:
    for name in names:
        found = ticks(group, name)
        assert missing(found) == []
        assert seconds_together(found) < 0.5, name


def goes_on(group: Group, names: Sequence[str]) -> None:
    for name in names:
        before = len(ticks(group, name))
        wait_until(lambda name=name, n=before: len(ticks(group, name)) > n + 10, SECONDS)


def test_the_tasks_of_a_frozen_worker_end_when_its_session_does(group: Group) -> None:
    workers, names = ticking_group(group)
    frozen, other = workers
    assert frozen.process is not None
    at = time.monotonic()
    frozen.process.send_signal(signal.SIGSTOP)
    even([other], names)
    wait_until(lambda: time.monotonic() - at > 2 * SESSION_SECONDS)
    frozen.process.send_signal(signal.SIGCONT)
    even(workers, names)
    goes_on(group, names)
    check_ticks(group, names)
    for worker in workers:  # and no late word of the worker that was frozen stands
        assert len(places(worker, names)) == 4
    assert "had no word in time" in frozen.log


def test_a_worker_that_is_cut_off_stops_in_time_and_comes_back(group: Group, place: Place) -> None:
    workers, names = ticking_group(group, bootstrap__servers=place.far)
    cut, other = workers
    at = time.monotonic()
    place.relay.hold()
    even([other], names)
    wait_until(lambda: time.monotonic() - at > 2 * SESSION_SECONDS)
    place.relay.release()
    even(workers, names)
    goes_on(group, names)
    check_ticks(group, names)
    assert "no word from the coordinator" in cut.log
