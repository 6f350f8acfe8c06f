"""Connectors of a group's tests: file sources and sinks, their lines, and where they run."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tests.integration.group_workers import (
    Distributed,
    Group,
    JavaWorker,
    shared_evenly,
)
from tests.integration.topics import read_messages, read_values
from tests.integration.workers import STRING, Worker, wait_until

SECONDS = 90.0
STALE, CONFLICT = "due to stale configuration", "because of a conflicting operation"
JAVA_ANSWERS = STALE, CONFLICT, "rebalance"


def started(*workers: Distributed) -> list[Distributed]:
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.wait_for_rest(SECONDS)
    return list(workers)


def source(group: Group, name: str) -> dict[str, str]:
    """A file source; its topic belongs to the group."""
    path = group.folder / f"{name}.txt"
    path.touch()
    return {
        "connector.class": "FileStreamSource",
        "file": str(path),
        "topic": f"{group.name}-{name}",
        "value.converter": STRING,
        "tasks.max": "1",
    }


def sink(group: Group, *sources: str) -> dict[str, str]:
    """A file sink of what these sources write."""
    return {
        "connector.class": "FileStreamSink",
        "file": str(group.folder / "sunk.txt"),
        "topics": ",".join(f"{group.name}-{name}" for name in sources),
        "value.converter": STRING,
        "consumer.override.auto.offset.reset": "earliest",
        "tasks.max": "1",
    }


def asked(worker: Worker, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """A worker's answer; Java's are asked again while their group agrees.

    Ours wait for that by themselves, but pass on what one of Java's says.
    """
    end = time.monotonic() + SECONDS
    while True:
        status, answer = worker.ask(path, method, body)
        if status not in (409, 500) or not any(said in str(answer) for said in JAVA_ANSWERS):
            return status, answer
        if isinstance(worker, Distributed):
            assert worker.group.javas, answer
            assert status == 409, answer
            assert STALE in str(answer) or CONFLICT in str(answer), answer
        assert time.monotonic() < end, answer
        time.sleep(0.2)


def create(worker: Worker, group: Group, name: str) -> None:
    status, body = asked(worker, "PUT", f"/connectors/{name}/config", source(group, name))
    assert status == 201, body


def create_some(workers: Sequence[Worker], group: Group, count: int) -> list[str]:
    names = [f"c{number}" for number in range(count)]
    for number, name in enumerate(names):
        create(workers[number % len(workers)], group, name)
    return names


def append(group: Group, name: str, *lines: str) -> None:
    with (group.folder / f"{name}.txt").open("a") as out:
        out.write("".join(f"{line}\n" for line in lines))


def lines(group: Group, name: str) -> list[str]:
    try:
        return [value.decode() for value in read_values(group.bootstrap, f"{group.name}-{name}")]
    except KeyError:
        return []


def even(workers: Sequence[Distributed | JavaWorker], names: Sequence[str]) -> None:
    def shown() -> str:
        return "fair shares: " + json.dumps(
            [worker.ask(f"/connectors/{name}/status") for worker in workers for name in names]
        )

    wait_until(lambda: shared_evenly(workers, names), SECONDS, what=shown)


def shows(workers: Sequence[Worker], name: str, *states: str) -> None:
    """All these workers come to show these states of a connector and its tasks."""
    for worker in workers:
        wait_until(
            lambda worker=worker: worker.states(name) == list(states),
            SECONDS,
            what=lambda worker=worker: f"{states} at {worker.port}: {worker.states(name)}",
        )


def told(group: Group) -> Counter[str]:
    """How often something was said of each connector and task: a start says RUNNING, at least."""
    messages = read_messages(group.bootstrap, f"{group.name}-status")
    keys = [(message.key() or b"").decode() for message in messages]
    return Counter(key for key in keys if not key.startswith("status-topic-"))


def said_last(group: Group, key: str) -> str:
    """The state that was told last of a connector or task; a status stays in its partition."""
    messages = read_messages(group.bootstrap, f"{group.name}-status")
    values = [m.value() for m in messages if m.key() == key.encode()]
    return json.loads(values[-1])["state"] if values and values[-1] else ""
