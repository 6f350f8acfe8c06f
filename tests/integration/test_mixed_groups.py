"""Java's workers and ours in one group: every wish through any of them, whoever leads.

PENSTOCK_WORKERS_REPLACED=3 replaces groups of three, which takes some minutes.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from penstock.testing.kafka import SharedKafka
from tests.integration.group_files import (
    SECONDS,
    append,
    asked,
    create_some,
    even,
    lines,
    said_last,
    shows,
    sink,
    source,
    started,
    told,
)
from tests.integration.group_workers import Distributed, Group, JavaWorker, places
from tests.integration.workers import JSON, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

AnyWorker = Distributed | JavaWorker
QUIET_SECONDS = 1.0
WORKERS_REPLACED = int(os.environ.get("PENSTOCK_WORKERS_REPLACED", "1"))


@pytest.fixture
def group(kafka: SharedKafka, tmp_path: Path) -> Iterator[Group]:
    made = Group(kafka.bootstrap_servers, tmp_path)
    yield made
    made.end()


def javas_started(group: Group, count: int) -> list[JavaWorker]:
    """At the same time: a Java worker takes its five seconds."""
    made = [group.java() for _ in range(count)]
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(JavaWorker.start, made))
    for java in made:
        java.wait_for_rest()
    return made


class Life:
    """Each operation through a Java worker and through one of ours, all workers looking on."""

    def __init__(
        self, group: Group, name: str, javas: Sequence[JavaWorker], ours: Sequence[Distributed]
    ) -> None:
        self.group, self.name = group, name
        self.all: list[AnyWorker] = [*javas, *ours]
        self.turn = cycle(zip(javas, ours, strict=True))

    def each(self, method: str, path: str, body: object = None) -> Iterator[tuple[int, Any]]:
        """The answers of a Java worker and of one of ours, other ones than the last time."""
        for worker in next(self.turn):
            yield asked(worker, method, f"/connectors/{self.name}{path}", body)

    def runs(self) -> None:
        self.shows("RUNNING", "RUNNING")

    def shows(self, *states: str) -> None:
        shows(self.all, self.name, *states)
        wait_until(self.agree, SECONDS, what=lambda: str(self.seen()))

    def seen(self) -> list[Any]:
        return [worker.ask(f"/connectors/{self.name}/status") for worker in self.all]

    def agree(self) -> bool:
        """Whether all workers show the same status, to the last field."""
        seen = self.seen()
        return all(answer == seen[0] for answer in seen)

    def run(self) -> None:
        config = source(self.group, self.name)
        append(self.group, self.name, *(f"line {n}" for n in range(5)))
        assert [status for status, _ in self.each("PUT", "/config", config)] == [201, 200]
        self.runs()
        self.restarts()
        for number, (status, body) in enumerate(
            self.each("PUT", "/config", {**config, "batch.size": "7"})
        ):
            assert (status, body["config"]["batch.size"]) == (200, "7"), number
            self.runs()
        for status, _ in self.each("PUT", "/pause"):
            assert status == 202
            self.shows("PAUSED", "PAUSED")
            assert asked(self.all[0], "PUT", f"/connectors/{self.name}/resume")[0] == 202
            self.runs()
        wait_until(lambda: lines(self.group, self.name), SECONDS)
        self.offsets()
        for status, _ in self.each("PUT", "/resume"):
            assert status == 202
            self.runs()
        self.ends()

    def restarts(self) -> None:
        for status, _ in self.each("POST", "/restart"):
            assert status == 204
            self.runs()
        for status, _ in self.each("POST", "/tasks/0/restart"):
            assert status == 204
            self.runs()
        for status, body in self.each("POST", "/restart?includeTasks=true"):
            assert (status, json.dumps(body).count("RESTARTING")) == (202, 2)
        self.runs()

    def offsets(self) -> None:
        """Stopped through either kind, altered and forgotten through either kind."""
        for status, _ in self.each("PUT", "/stop"):
            assert status == 204
            self.shows("STOPPED")
        place = {"filename": str(self.group.folder / f"{self.name}.txt")}
        for position in (7, 14):
            wanted = {"offsets": [{"partition": place, "offset": {"position": position}}]}
            worker = next(self.turn)[position % 2]
            status, body = asked(worker, "PATCH", f"/connectors/{self.name}/offsets", wanted)
            assert (status, "altered" in body["message"]) == (200, True), body
            self.same_offsets(wanted)
        for status, body in self.each("DELETE", "/offsets"):
            assert (status, "reset" in body["message"]) == (200, True), body
            self.same_offsets({"offsets": []})

    def same_offsets(self, wanted: object) -> None:
        for worker in self.all:
            assert asked(worker, "GET", f"/connectors/{self.name}/offsets") == (200, wanted)

    def ends(self) -> None:
        statuses = [status for status, _ in self.each("DELETE", "")]
        assert statuses in ([204, 404], [204, 409]), statuses
        for worker in self.all:
            wait_until(lambda w=worker: w.ask(f"/connectors/{self.name}")[0] == 404, SECONDS)
            wait_until(lambda w=worker: w.ask(f"/connectors/{self.name}/status")[0] == 404, SECONDS)


def a_failed_task_is_restarted(life: Life, topic: str) -> None:
    """And the connector, which has not failed, is left alone."""
    config = {**sink(life.group, topic), "value.converter": JSON}
    assert next(life.each("PUT", "/config", config))[0] == 201
    life.shows("RUNNING", "FAILED")
    before = all_told(life.group)
    for status, body in life.each("POST", "/restart?includeTasks=true&onlyFailed=true"):
        assert status == 202
        shown = (body["connector"]["state"], body["tasks"][0]["state"])
        assert shown == ("RUNNING", "RESTARTING")
        key = f"status-task-{life.name}-0"
        told_more(life.group, key, before)
        wait_until(lambda key=key: said_last(life.group, key) == "FAILED", SECONDS)
        before = all_told(life.group)  # and every worker has heard it, or would restart nothing
        life.shows("RUNNING", "FAILED")
    life.ends()


def all_told(group: Group) -> Counter[str]:
    """What was said when nothing more is: late news are not taken for new ones."""
    found = told(group)
    for _ in range(int(SECONDS / QUIET_SECONDS)):
        time.sleep(QUIET_SECONDS)
        before, found = found, told(group)
        if found == before:
            return found
    raise AssertionError(f"the group does not come to rest: {found}")


def told_more(group: Group, key: str, before: Mapping[str, int]) -> None:
    wait_until(lambda: told(group)[key] > before.get(key, 0), SECONDS, what=f"news of {key}")


def changed(now: Mapping[str, int], before: Mapping[str, int]) -> set[str]:
    """Connectors and tasks of which something was said meanwhile."""
    return {key for key, times in now.items() if times != before.get(key)}


def at(worker: AnyWorker, names: Sequence[str], of: AnyWorker) -> set[str]:
    """What runs on a worker, as keys of the status topic."""
    mine = [what for what, where in places(of, names).items() if where == worker.id]
    return {f"status-{'connector' if what in names else 'task'}-{what}" for what in mine}


def only_one_is_touched(group: Group, workers: Sequence[AnyWorker], names: Sequence[str]) -> None:
    """A new configuration interrupts no other connector's task."""
    before = all_told(group)
    for worker, name in zip(workers, names, strict=False):
        config = {**source(group, name), "batch.size": "9"}
        assert asked(worker, "PUT", f"/connectors/{name}/config", config)[0] == 200
        key = f"status-task-{name}-0"
        told_more(group, key, before)
        wait_until(lambda key=key: said_last(group, key) == "RUNNING", SECONDS)
        even(workers, names)
        before, after = all_told(group), before
        assert changed(before, after) <= {key, f"status-connector-{name}"}


def only_its_work_moves(
    group: Group, lost: AnyWorker, left: Sequence[AnyWorker], names: Sequence[str]
) -> None:
    """A worker that is killed costs the others nothing."""
    even([lost, *left], names)
    before = all_told(group)
    mine = at(lost, names, left[0])
    assert len(mine) == 2
    lost.kill()
    even(left, names)
    assert changed(all_told(group), before) == mine


def test_a_group_led_by_java_takes_every_wish_through_any_worker(group: Group) -> None:
    javas = javas_started(group, 1)
    ours = started(group.worker(), group.worker())
    javas += javas_started(group, 1)
    workers: list[AnyWorker] = [*javas, *ours]
    names = create_some(workers, group, 4)
    even(workers, names)
    assert "the leader is this worker" not in ours[0].log + ours[1].log
    only_one_is_touched(group, workers, names)
    life = Life(group, "life", javas, ours)
    life.run()
    append(group, names[0], "no JSON")
    a_failed_task_is_restarted(Life(group, "failing", javas, ours), names[0])
    only_its_work_moves(group, ours[1], [*javas, ours[0]], names)


def test_a_group_led_by_us_takes_every_wish_through_any_worker(group: Group) -> None:
    ours = started(group.worker())
    ours += started(group.worker())
    javas = javas_started(group, 2)
    workers: list[AnyWorker] = [*javas, *ours]
    names = create_some(workers, group, 4)
    even(workers, names)
    assert "the leader is this worker" in ours[0].log
    only_one_is_touched(group, workers, names)
    life = Life(group, "life", javas, ours)
    life.run()
    append(group, names[0], "no JSON")
    a_failed_task_is_restarted(Life(group, "failing", javas, ours), names[0])
    only_its_work_moves(group, javas[1], [javas[0], *ours], names)


# Rolling replacement ----------------------------------------------------------------------------


class Writer(threading.Thread):
    """Appends lines to files until it is told to end."""

    def __init__(self, group: Group, names: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self.group, self.names = group, names
        self.written = 0
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(0.02):
            for name in self.names:
                append(self.group, name, f"{name} {self.written}")
            self.written += 1

    def lines(self, name: str) -> set[str]:
        return {f"{name} {number}" for number in range(self.written)}


def put(worker: AnyWorker, name: str, config: dict[str, str]) -> None:
    status, body = asked(worker, "PUT", f"/connectors/{name}/config", config)
    assert status == 201, body


def fingerprint(worker: AnyWorker, names: Sequence[str]) -> dict[str, Any]:
    """Configurations, and the offsets of the one that does not run."""
    configs = {name: asked(worker, "GET", f"/connectors/{name}/config")[1] for name in names}
    tasks = {name: asked(worker, "GET", f"/connectors/{name}/tasks")[1] for name in names}
    stopped = asked(worker, "GET", "/connectors/stopped/offsets")[1]
    return {"configs": configs, "tasks": tasks, "offsets": stopped}


def replaced(old: Sequence[AnyWorker], new: Sequence[AnyWorker]) -> None:
    """Each new worker comes before an old one goes."""
    for goes, comes in zip(old, new, strict=True):
        comes.start()
        comes.wait_for_rest(SECONDS)
        goes.stop(60)


def test_workers_are_replaced_one_by_one_while_lines_flow_and_nothing_is_lost(group: Group) -> None:
    javas = javas_started(group, WORKERS_REPLACED)
    flowing, resting = ["s0", "s1"], ["paused", "stopped"]
    for name in [*flowing, *resting]:
        put(javas[0], name, source(group, name))
    put(javas[0], "sink", sink(group, *flowing))
    names = [*flowing, *resting, "sink"]
    append(group, "paused", "before")
    append(group, "stopped", "before")
    for name in resting:
        shows(javas, name, "RUNNING", "RUNNING")
        wait_until(lambda name=name: lines(group, name) == ["before"], SECONDS)
    stored = "/connectors/stopped/offsets"
    wait_until(lambda: asked(javas[0], "GET", stored)[1].get("offsets"), SECONDS)
    assert asked(javas[0], "PUT", "/connectors/paused/pause")[0] == 202
    assert asked(javas[0], "PUT", "/connectors/stopped/stop")[0] == 204
    shows(javas, "paused", "PAUSED", "PAUSED")
    shows(javas, "stopped", "STOPPED")
    append(group, "paused", "meanwhile")
    append(group, "stopped", "meanwhile")
    before = fingerprint(javas[0], names)
    assert before["offsets"]["offsets"][0]["offset"] == {"position": 7}
    writer = Writer(group, flowing)
    writer.start()
    ours = [group.worker() for _ in javas]
    again = [group.java() for _ in javas]
    for old, new in ((javas, ours), (ours, again)):
        replaced(old, new)
        even(new, [*flowing, "sink"])
        shows(new, "paused", "PAUSED", "PAUSED")
        shows(new, "stopped", "STOPPED")
        assert fingerprint(new[0], names) == before
    writer.ended.set()
    writer.join()
    sunk = group.folder / "sunk.txt"
    for name in flowing:
        wait_until(lambda name=name: set(lines(group, name)) == writer.lines(name), SECONDS)
    everything = writer.lines("s0") | writer.lines("s1")
    wait_until(lambda: set(sunk.read_text().splitlines()) == everything, SECONDS)
    for name in resting:
        assert lines(group, name) == ["before"]
        assert asked(again[0], "PUT", f"/connectors/{name}/resume")[0] == 202
        wait_until(lambda name=name: lines(group, name) == ["before", "meanwhile"], SECONDS)
