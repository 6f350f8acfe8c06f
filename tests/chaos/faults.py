"""What can happen, and what ends it. Each draws its details from the dice."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from tests.chaos.cluster import SESSION_SECONDS, Cluster
from tests.chaos.counting import NAME, TASKS_MAX

SOURCES = ("source0", "source1", NAME)
Recovery = tuple[float, Callable[[], object]]  # seconds until then, and what ends the fault


@dataclass(frozen=True)
class Fault:
    """`strike` does it and says how it ends; None: it is over at once."""

    name: str
    weight: int
    strike: Callable[[Cluster, random.Random], Recovery | None]


def _some_worker(cluster: Cluster, dice: random.Random) -> int | None:
    """One to which nothing happens at present."""
    free = [
        n for n in range(len(cluster.workers)) if cluster.running(n) and n not in cluster.frozen
    ]
    return dice.choice(free) if free else None


def kill_worker(cluster: Cluster, dice: random.Random) -> Recovery | None:
    if (number := _some_worker(cluster, dice)) is None:
        return None
    cluster.kill(number)
    return dice.uniform(0, 4), lambda: cluster.running(number) or cluster.workers[number].start()


def stop_worker(cluster: Cluster, dice: random.Random) -> Recovery | None:
    if (number := _some_worker(cluster, dice)) is None:
        return None
    process = cluster.workers[number].process
    assert process is not None
    process.terminate()

    def again() -> None:
        with contextlib.suppress(Exception):
            process.wait(10)
        cluster.kill(number)
        cluster.workers[number].start()

    return dice.uniform(1, 4), again


def freeze_worker(cluster: Cluster, dice: random.Random) -> Recovery | None:
    """Past its session, or not; with its hosts, or without."""
    if (number := _some_worker(cluster, dice)) is None:
        return None
    cluster.freeze(number, hosts=dice.random() < 0.5)
    return dice.uniform(0.2, SESSION_SECONDS * 2.5), lambda: cluster.thaw(number)


def cut_off(cluster: Cluster, dice: random.Random) -> Recovery | None:
    relay = dice.choice(cluster.relays)
    relay.hold()
    return dice.uniform(0.2, SESSION_SECONDS * 2.5), relay.release


def kill_host(cluster: Cluster, dice: random.Random) -> Recovery | None:
    if (number := _some_worker(cluster, dice)) is None:
        return None
    children = cluster.tree(number)[1:]
    if children:
        with contextlib.suppress(psutil.Error):
            dice.choice(children).kill()
    return None


def restart_broker(cluster: Cluster, dice: random.Random) -> Recovery | None:
    """A lone broker that is killed may forget that a transaction is open, and then nobody can end
    it (a hanging transaction, which stops Java workers as well): with transactions it ends in
    order. Brokers of a real cluster have replicas that remember."""
    if not cluster.kafka.running:
        return None
    (cluster.kafka.stop if cluster.exactly_once else cluster.kafka.kill)()
    return dice.uniform(0, 2), cluster.kafka.start


def restart_connector(cluster: Cluster, dice: random.Random) -> Recovery | None:
    name = dice.choice(SOURCES)
    only = str(dice.random() < 0.5).lower()
    path = f"/connectors/{name}/restart?includeTasks=true&onlyFailed={only}"
    cluster.wish(name, lambda: cluster.ask(path, "POST"))
    return None


def pause_connector(cluster: Cluster, dice: random.Random) -> Recovery | None:
    name, how = dice.choice(SOURCES), dice.choice(("pause", "stop"))
    cluster.wish(name, lambda: cluster.ask(f"/connectors/{name}/{how}", "PUT"))
    resume = f"/connectors/{name}/resume"
    return dice.uniform(0, 2), lambda: cluster.wish(name, lambda: cluster.ask(resume, "PUT"))


def change_config(cluster: Cluster, dice: random.Random) -> Recovery | None:
    _set(cluster, dice.choice(SOURCES), "batch.size", dice.randint(1, 50))
    return None


def change_tasks(cluster: Cluster, dice: random.Random) -> Recovery | None:
    """More of them, or fewer."""
    _set(cluster, NAME, "tasks.max", dice.randint(1, TASKS_MAX))
    return None


def _set(cluster: Cluster, name: str, setting: str, value: int) -> None:
    def change() -> None:
        status, config = cluster.ask(f"/connectors/{name}/config")
        if status == 200:
            cluster.ask(f"/connectors/{name}/config", "PUT", config | {setting: str(value)})

    cluster.wish(name, change)


def delete_connector(cluster: Cluster, dice: random.Random) -> Recovery | None:
    """It comes back under the same name, and goes on where it was."""
    config = cluster.counting(NAME, dice.randint(1, TASKS_MAX))
    cluster.wish(NAME, lambda: cluster.ask(f"/connectors/{NAME}", "DELETE"))
    made = lambda: cluster.ask(f"/connectors/{NAME}/config", "PUT", config)  # noqa: E731
    return dice.uniform(0, 2), lambda: cluster.wish(NAME, made)


def alter_offsets(cluster: Cluster, dice: random.Random) -> Recovery | None:
    """Of one task, while the connector is stopped."""
    task = dice.randrange(TASKS_MAX)

    def alter() -> None:
        leap = cluster.leaps.next(task)
        wanted = {"partition": {"task": task}, "offset": {"next": leap}}
        path = f"/connectors/{NAME}/offsets"
        if cluster.ask(path, "PATCH", {"offsets": [wanted]})[0] == 200:
            cluster.leaps.certain[task] = leap
        cluster.ask(f"/connectors/{NAME}/resume", "PUT")

    cluster.wish(NAME, lambda: cluster.ask(f"/connectors/{NAME}/stop", "PUT"))
    return dice.uniform(0.5, 3), lambda: cluster.wish(NAME, alter)


FAULTS = (
    Fault("worker killed", 5, kill_worker),
    Fault("worker frozen", 4, freeze_worker),
    Fault("worker cut off", 4, cut_off),
    Fault("host killed", 4, kill_host),
    Fault("worker stopped", 2, stop_worker),
    Fault("broker restarted", 2, restart_broker),
    Fault("connector restarted", 1, restart_connector),
    Fault("connector paused", 1, pause_connector),
    Fault("config changed", 1, change_config),
    Fault("tasks changed", 2, change_tasks),
    Fault("connector deleted", 1, delete_connector),
    Fault("offsets altered", 1, alter_offsets),
)
