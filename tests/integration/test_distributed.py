"""Real workers of one group on a real broker: sharing, leaving, dying, and Java among them."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from penstock.broker import LocalKafka
from penstock.testing.kafka import SharedKafka
from tests.integration.group_files import (
    SECONDS,
    append,
    asked,
    create,
    create_some,
    even,
    lines,
    shows,
    source,
    started,
)
from tests.integration.group_workers import Distributed, Group, JavaWorker
from tests.integration.transcripts import replay
from tests.integration.workers import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]


@pytest.fixture
def group(kafka: SharedKafka, tmp_path: Path) -> Iterator[Group]:
    made = Group(kafka.bootstrap_servers, tmp_path)
    yield made
    made.end()


def test_workers_share_connectors_and_tasks_evenly(group: Group) -> None:
    workers = started(group.worker(), group.worker())
    names = create_some(workers, group, 4)
    even(workers, names)
    third = started(group.worker())
    even([*workers, *third], names)


def test_the_work_of_a_killed_worker_moves_to_the_others_and_no_line_is_lost(group: Group) -> None:
    workers = started(group.worker(), group.worker())
    names = create_some(workers, group, 2)
    even(workers, names)
    for name in names:
        append(group, name, *(f"before {n}" for n in range(20)))
        wait_until(lambda name=name: len(set(lines(group, name))) == 20, SECONDS)
    workers[0].kill()
    for name in names:
        append(group, name, *(f"after {n}" for n in range(20)))
    even(workers[1:], names)
    for name in names:
        wait_until(lambda name=name: len(set(lines(group, name))) == 40, SECONDS)


def test_a_worker_that_leaves_in_order_hands_over_without_repetition(group: Group) -> None:
    workers = started(group.worker(), group.worker())
    names = create_some(workers, group, 2)
    even(workers, names)
    for name in names:
        append(group, name, *(f"before {n}" for n in range(20)))
        wait_until(lambda name=name: len(set(lines(group, name))) == 20, SECONDS)
    assert workers[0].stop() == 0
    for name in names:
        append(group, name, "after")
    even(workers[1:], names)
    for name in names:
        wait_until(lambda name=name: "after" in lines(group, name), SECONDS)
        assert lines(group, name) == [*(f"before {n}" for n in range(20)), "after"]


def life_of_a_connector(
    workers: Sequence[Distributed | JavaWorker], group: Group, name: str
) -> None:
    """Each wish goes to the next worker; all workers show the outcome."""
    turn = cycle(workers)

    def wish(method: str, path: str, body: object = None) -> tuple[int, object]:
        return asked(next(turn), method, f"/connectors/{name}{path}", body)

    create(next(turn), group, name)
    shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        assert wish("POST", "/restart")[0] == 204
        shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        assert wish("POST", "/tasks/0/restart")[0] == 204
        shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        status, body = wish("POST", "/restart?includeTasks=true")
        assert (status, json.dumps(body).count("RESTARTING")) == (202, 2)
        shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        assert wish("PUT", "/pause")[0] == 202
        shows(workers, name, "PAUSED", "PAUSED")
        assert wish("PUT", "/resume")[0] == 202
        shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        status, body = wish("PUT", "/config", {**source(group, name), "batch.size": "7"})
        assert status == 200, body
        shows(workers, name, "RUNNING", "RUNNING")
    for _ in workers:
        assert wish("PUT", "/stop")[0] == 204
        shows(workers, name, "STOPPED")
        assert wish("PUT", "/resume")[0] == 202
        shows(workers, name, "RUNNING", "RUNNING")
    assert wish("GET", "/tasks/1/status")[0] == 404
    assert wish("POST", "/tasks/1/restart")[0] == 404
    assert wish("DELETE", "")[0] == 204
    for worker in workers:
        wait_until(lambda worker=worker: worker.ask(f"/connectors/{name}")[0] == 404, SECONDS)
        wait_until(
            lambda worker=worker: worker.ask(f"/connectors/{name}/status")[0] == 404, SECONDS
        )
    assert wish("DELETE", "")[0] == 404


def test_every_worker_takes_every_wish(group: Group) -> None:
    workers = started(group.worker(), group.worker())
    life_of_a_connector(workers, group, "c")


def test_workers_join_a_java_worker_and_lead_when_it_is_gone(group: Group) -> None:
    java = group.java().start()
    java.wait_for_rest()
    names = create_some([java], group, 4)
    even([java], names)
    ours = started(group.worker())[0]
    even([java, ours], names)
    life_of_a_connector([java, ours], group, "led-by-java")
    java.kill()
    even([ours], names)
    second = group.java().start()
    even([ours, second], names)
    life_of_a_connector([ours, second], group, "led-by-us")
    append(group, names[0], "end")
    wait_until(lambda: "end" in lines(group, names[0]), SECONDS)


def test_work_goes_on_and_nothing_is_lost_after_kafka_was_away(tmp_path: Path) -> None:
    with LocalKafka() as kafka:
        group = Group(kafka.bootstrap_servers, tmp_path)
        try:
            workers = started(group.worker(), group.worker())
            names = create_some(workers, group, 2)
            even(workers, names)
            append(group, names[0], *(f"before {n}" for n in range(20)))
            kafka.kill()
            append(group, names[0], *(f"meanwhile {n}" for n in range(20)))
            stopped = ["UNASSIGNED", "UNASSIGNED"]
            # nobody can tell others now: only the worker that ran it knows
            wait_until(lambda: any(w.states(names[0]) == stopped for w in workers), SECONDS)
            assert workers[0].ask("/connectors")[0] == 200
            kafka.restart()
            even(workers, names)
            wait_until(lambda: len(set(lines(group, names[0]))) == 40, SECONDS)
            assert workers[0].ask(f"/connectors/{names[1]}", "DELETE")[0] == 204
        finally:
            group.end()


@pytest.mark.parametrize("exactly_once", ["disabled", "enabled"])
def test_a_worker_answers_as_the_java_worker_did(exactly_once: str, tmp_path: Path) -> None:
    transcripts = Path(replay.__file__).parent
    steps = replay.load(transcripts / "rest-distributed.json")
    answers = {step["step"]: [step["answer"]] for step in steps}
    # It comes while the restart before it is under way, or just after: both were recorded.
    for step in replay.load(transcripts / "rest-standalone.json"):
        if step["step"] == "restart-only-failed":
            answers[step["step"]].append(step["answer"])
    different: list[str] = []

    def compare(step: dict[str, Any], answer: dict[str, Any], seconds: float) -> None:
        name = step["step"]
        found = [list(replay.differences(name, want, answer)) for want in answers[name]]
        if all(found):
            different.extend(f"{name} {step['path']}: {it}" for it in found[0])

    files = tmp_path / "files"
    files.mkdir()
    with LocalKafka() as kafka:
        group = Group(kafka.bootstrap_servers, tmp_path)
        try:
            (worker,) = started(group.worker(exactly__once__source__support=exactly_once))
            replay.play(f"http://127.0.0.1:{worker.port}", steps, str(files), compare)
        finally:
            group.end()
    assert len(steps) == 74
    assert different == []


def test_a_worker_that_was_frozen_finds_its_place_again(group: Group) -> None:
    workers = started(group.worker(), group.worker())
    names = create_some(workers, group, 2)
    even(workers, names)
    frozen, other = workers
    assert frozen.process is not None
    frozen.process.send_signal(signal.SIGSTOP)
    even([other], names)
    frozen.process.send_signal(signal.SIGCONT)
    even(workers, names)
    life_of_a_connector(workers, group, "afterwards")


@pytest.mark.parametrize(
    ("listener", "mechanism"),
    [("SASL_SSL", "SCRAM-SHA-512"), ("SASL_SSL", "PLAIN"), ("SSL", "PLAIN")],
)
def test_groups_meet_at_a_secured_kafka(listener: str, mechanism: str, tmp_path: Path) -> None:
    with LocalKafka(secure=True) as kafka:
        client = kafka.client_properties(listener, mechanism)
        group = Group(kafka.bootstrap_servers, tmp_path)
        workers = [group.worker(), group.worker()]
        for worker in workers:
            worker.settings |= {
                p + k: v for p in ("", "producer.", "consumer.") for k, v in client.items()
            }
        try:
            started(*workers)
            names = create_some(workers, group, 2)
            even(workers, names)
        finally:
            group.end()
