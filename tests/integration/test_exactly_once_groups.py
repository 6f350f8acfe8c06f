"""Exactly-once sources of a group: who leads fences off what ran before, ours and Java's alike."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Generator, Iterator
from typing import Any, NamedTuple

import psutil
import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_files import SECONDS, append, even, shows, source, started
from tests.integration.group_workers import Distributed, Group
from tests.integration.once_group import (
    Zombie,
    check_a_round,
    committed,
    counted,
    counting,
    create,
    ends,
    lines,
    numbers,
    put,
    quick_group,
    records,
    stop,
)
from tests.integration.workers import wait_until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(400),
    pytest.mark.xdist_group("exactly-once-groups"),
]

SUPPORT = "exactly.once.source.support"


class Rolled(NamedTuple):
    """Two workers that became exactly-once one after the other, and what they did meanwhile."""

    group: Group
    workers: list[Distributed]
    written: list[str]


@pytest.fixture(scope="module")
def rolled(kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rolled]:
    folder = tmp_path_factory.mktemp("rolled")
    support = {SUPPORT.replace(".", "__"): "preparing"}
    group = quick_group(kafka.bootstrap_servers, folder, **support)
    try:
        workers = started(group.worker(), group.worker())
        create(workers[0], group, "rolled")
        written = ["before"]
        append(group, "rolled", "before")
        wait_until(lambda: lines(group, "rolled") == written, SECONDS, what="the first line")
        for worker in workers:
            assert worker.stop() == 0
            written.append(f"without {worker.port}")
            append(group, "rolled", written[-1])
            worker.settings[SUPPORT] = "enabled"
            started(worker)
            even(workers, ["rolled"])
        yield Rolled(group, workers, written)
    finally:
        group.end()


def leads(worker: Distributed) -> bool:
    """As it says itself."""
    told = re.findall(r"the leader is ([^)]*)\)", worker.log)
    return bool(told) and told[-1] == "this worker"


@contextlib.contextmanager
def frozen(worker: Distributed) -> Generator[None]:
    """With all of its hosts."""
    assert worker.process is not None
    root = psutil.Process(worker.process.pid)
    processes = [root, *root.children(recursive=True)]
    for process in processes:
        process.suspend()
    try:
        yield
    finally:
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def test_a_group_becomes_exactly_once_worker_by_worker_and_loses_and_repeats_nothing(
    rolled: Rolled,
) -> None:
    wait_until(
        lambda: len(lines(rolled.group, "rolled")) >= len(rolled.written), SECONDS, what="all lines"
    )
    assert lines(rolled.group, "rolled") == rolled.written
    assert records(rolled.group, "tasks-fencing-rolled")[-1] == {"task-count": 1}


def test_the_producers_of_earlier_tasks_are_fenced_off(rolled: Rolled) -> None:
    group, (first, second) = rolled.group, rolled.workers
    create(second, group, "a")
    wait_until(lambda: second.states("a") == ["RUNNING"] * 2, SECONDS, what="the task")
    assert records(group, "tasks-fencing-a") == [{"task-count": 1}]
    check_a_round(group, second, [first], "a")
    stop(first, "a")
    zombie = Zombie(group, "a", 0)
    at = {"filename": str(group.folder / "a.txt")}
    wanted = {"offsets": [{"partition": at, "offset": {"position": 0}}]}
    status, body = first.ask("/connectors/a/offsets", "PATCH", wanted)
    assert (status, "altered successfully" in body["message"]) == (200, True), body
    assert first.ask("/connectors/a/offsets") == (200, wanted)
    assert zombie.is_fenced(), "offsets are changed in the name of the first task"
    before = len(lines(group, "a"))
    assert first.ask("/connectors/a/resume", "PUT")[0] == 202
    wait_until(lambda: len(lines(group, "a")) > before, SECONDS, what="lines once more")


def test_a_topic_of_its_own_is_begun_with_the_offsets_of_all_and_they_are_kept_up(
    rolled: Rolled,
) -> None:
    group, worker = rolled.group, rolled.workers[0]
    own = f"{group.name}-own-offsets"

    def kept(topic: str) -> list[Any]:
        """The offsets of the connector in a topic, oldest first."""
        key = ["own", {"filename": str(group.folder / "own.txt")}]
        found = [(json.loads(k or b"0"), v) for k, v in committed(group, topic)]
        return [json.loads(value or b"null")["position"] for k, value in found if k == key]

    create(worker, group, "own")
    append(group, "own", "one", "two")
    wait_until(lambda: lines(group, "own") == ["one", "two"], SECONDS, what="two lines")
    stop(worker, "own")
    put(worker, "own", source(group, "own") | {"offsets.storage.topic": own})
    assert worker.ask("/connectors/own/resume", "PUT")[0] == 202
    append(group, "own", "three")
    wait_until(lambda: len(lines(group, "own")) > 2, SECONDS, what="a third line")
    assert lines(group, "own") == ["one", "two", "three"]
    for topic in (own, f"{group.name}-offset"):
        wait_until(lambda topic=topic: kept(topic)[-1:] == [14], SECONDS, what=f"one in {topic}")
    stop(worker, "own")
    _, body = worker.ask("/connectors/own/offsets")
    assert [one["offset"] for one in body["offsets"]] == [{"position": 14}]


def test_a_frozen_leader_writes_nothing_any_more_and_its_tasks_do_not_either(
    rolled: Rolled,
) -> None:
    group, workers = rolled.group, rolled.workers
    put(workers[0], "count", counting(group, "count", 3))
    wait_until(lambda: workers[0].states("count") == ["RUNNING"] * 4, SECONDS, what="three tasks")
    wait_until(lambda: numbers(group, "count")[0] == 3, SECONDS, what="a number of each")
    leader, other = sorted(workers, key=leads, reverse=True)
    late: list[int] = []
    config = counting(group, "late", 1)
    asking = threading.Thread(
        target=lambda: late.append(leader.ask("/connectors/late/config", "PUT", config)[0]),
        daemon=True,
    )
    with frozen(leader):
        asking.start()
        wait_until(lambda: leads(other), SECONDS, what="another leader")
        put(other, "count", counting(group, "count", 1))
        wait_until(lambda: other.states("count") == ["RUNNING"] * 2, SECONDS, what="one task")
        before = len(records(group, "connector-count"))
    asking.join()
    known = len(records(group, "connector-late"))
    assert known == (1 if late[0] in (200, 201) else 0), "what was refused is not there"
    assert len(records(group, "connector-count")) == before
    put(leader, "count", counting(group, "count", 2))
    shows(workers, "count", *["RUNNING"] * 3)
    stop(other, "count")
    until = ends(other, "count")
    assert len(until) == 3
    assert numbers(group, "count") == counted(until)
    rounds = [count["task-count"] for count in records(group, "tasks-fencing-count")]
    assert list(dict.fromkeys(rounds)) == [3, 1, 2]


def test_workers_fence_for_a_java_leader_and_lead_java_workers(
    kafka: SharedKafka, tmp_path_factory: pytest.TempPathFactory
) -> None:
    group = quick_group(kafka.bootstrap_servers, tmp_path_factory.mktemp("java"))
    try:
        (ours,) = started(group.worker())
        java = group.java().start()
        create(ours, group, "a")
        java.wait_for_rest()
        create(java, group, "b")
        even([java, ours], ["a", "b"])
        check_a_round(group, java, [ours], "a")
        assert ours.stop() == 0
        even([java], ["a", "b"])
        started(ours)
        even([java, ours], ["a", "b"])
        assert not leads(ours)
        check_a_round(group, ours, [java], "b")
    finally:
        group.end()
