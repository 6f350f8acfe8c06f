"""Workers that freeze, get stuck or are cut off: nothing is lost, nothing runs twice for long."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

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
LONG_SESSION_SECONDS = 12.0  # of one of them
SECONDS = 90.0


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
    noticed = ("no word from the coordinator", "has been out of reach")  # whichever is first
    assert any(text in cut.log for text in noticed), cut.log


HANGING = """
import os, signal, time
from penstock.cli.main import main

def hang(*_):
    while not os.path.exists("wake"):
        time.sleep(0.1)

signal.signal(signal.SIGUSR2, hang)
main()
"""


class CanHang(Distributed):
    """Its control plane hangs from when it gets SIGUSR2 until it is woken."""

    def command(self) -> Sequence[str]:
        python, _, _, *arguments = super().command()
        return [python, "-c", HANGING, *arguments]

    def wake(self) -> None:
        (self.folder / "wake").touch()


def test_a_worker_whose_control_plane_hangs_leaves_its_work_to_others(group: Group) -> None:
    path = plugin_path(group.folder)
    # heartbeats go on while it hangs, so that nothing but this limit ends its membership
    settings = {"plugin__path": path, "rebalance__timeout__ms": "3000"}
    hangs = CanHang(group, group.folder / "hangs", **settings)
    group.ours.append(hangs)
    (other,) = started(group.worker(plugin__path=path))
    started(hangs)
    names = create_ticking(other, group, 2)
    even([hangs, other], names)
    assert hangs.process is not None
    hangs.process.send_signal(signal.SIGUSR2)
    even([other], names)
    hangs.wake()
    wait_until(lambda: "moves again" in hangs.log, SECONDS)
    even([hangs, other], names)
    goes_on(group, names)
    check_ticks(group, names)
    assert "The control plane of this worker has not moved" in hangs.log
    assert ", in hang" in hangs.log  # where it hung


def deny(kafka: LocalKafka, kind: ResourceType, name: str) -> None:
    """Nobody may do anything with this group or topic."""
    rule = AclBinding(
        kind,
        name,
        ResourcePatternType.LITERAL,
        "User:ANONYMOUS",
        "*",
        AclOperation.ALL,
        AclPermissionType.DENY,
    )
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    for future in admin.create_acls([rule]).values():
        future.result(60)


def poll_until(reader: Consumer, ends: Event) -> None:
    while not ends.is_set():
        reader.poll(0.2)


def test_a_group_that_will_never_take_a_worker_ends_it_with_a_sentence(
    place: Place, tmp_path: Path
) -> None:
    folders = [tmp_path / str(number) for number in range(4)]
    for folder in folders:
        folder.mkdir()
    groups = [Group(place.kafka.bootstrap_servers, folder) for folder in folders]
    deny(place.kafka, ResourceType.GROUP, groups[0].name)
    deny(place.kafka, ResourceType.TOPIC, f"{groups[1].name}-status")
    brokers = {"bootstrap.servers": place.kafka.bootstrap_servers}
    producer = Producer(brokers)
    producer.produce(groups[2].name, b"a topic for somebody else of the same group.id")
    assert producer.flush(60) == 0
    reader = Consumer({**brokers, "group.id": groups[2].name})
    reader.subscribe([groups[2].name])
    wait_until(lambda: reader.poll(0.2) is None and reader.assignment(), SECONDS)
    ends = Event()
    polling = Thread(target=poll_until, args=(reader, ends))
    polling.start()
    workers = [group.worker() for group in groups[:3]]
    workers.append(groups[3].worker(session__timeout__ms="2000"))
    said = [
        f"Not authorized to access group: {groups[0].name}",
        f"{groups[1].name}-status",
        f"The members of group {groups[2].name} do not agree on a protocol",
        "session.timeout.ms is 2000, which the broker does not allow",
    ]
    try:
        for worker in workers:
            worker.start()
        for worker, text in zip(workers, said, strict=True):
            assert worker.exit_status(90) == 1
            (line,) = [line for line in worker.log.splitlines() if line.startswith("Error: ")]
            assert text in line
    finally:
        ends.set()
        polling.join()
        reader.close()
        for group in groups:
            group.end()


def test_a_running_group_changes_its_protocol_worker_by_worker(group: Group) -> None:
    workers, names = ticking_group(group, connect__protocol="eager")
    for worker in workers:
        worker.settings["scheduled.rebalance.max.delay.ms"] = "500"
    for protocol in ("compatible", "sessioned"):
        for worker in workers:
            assert worker.stop() == 0
            worker.settings["connect.protocol"] = protocol
            started(worker)
        even(workers, names)
        for worker in workers:
            wait_until(lambda worker=worker, text=f"({protocol}, ": text in worker.log, SECONDS)
    goes_on(group, names)
    assert "(default, " in workers[1].log  # as long as one member knew nothing else
    check_ticks(group, names)


def test_who_leaves_hands_over_at_once_and_who_dies_after_session_and_delay(group: Group) -> None:
    delay = float(group.settings()["scheduled.rebalance.max.delay.ms"]) / 1000

    def handover(name: str) -> float:
        """The longest time in which nobody wrote."""
        at = sorted(tick.at for tick in ticks(group, name))
        return max(later - earlier for earlier, later in itertools.pairwise(at))

    # of longer sessions, so that a slow start of a task is told from the end of a session
    group.shared["session.timeout.ms"] = str(int(LONG_SESSION_SECONDS * 1000))
    workers, names = ticking_group(group)
    # a leader that is gone takes along what it knows of the others: nothing waits then
    leader, follower = sorted(workers, key=lambda worker: not leads(worker))
    moves = runs_at(follower, names)
    assert follower.stop() == 0
    even([leader], names)
    goes_on(group, names)
    assert delay <= handover(moves) < LONG_SESSION_SECONDS
    started(follower)
    even(workers, names)
    moves = runs_at(follower, names)
    before = handover(moves)
    follower.kill()
    even([leader], names)
    goes_on(group, names)
    least, most = LONG_SESSION_SECONDS / 2 + delay, 2 * LONG_SESSION_SECONDS
    assert max(before, least) <= handover(moves) < most
    check_ticks(group, names)


def leads(worker: Distributed) -> bool:
    rounds = [line for line in worker.log.splitlines() if "Member of group" in line]
    return "the leader is this worker" in rounds[-1]


def runs_at(worker: Distributed, names: Sequence[str]) -> str:
    """The connector whose task this worker runs."""
    shown = places(worker, names)
    return next(name for name in names if shown[f"{name}-0"] == worker.id)
