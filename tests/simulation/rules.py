"""The rules a group of workers has to keep: at any time, and once all has come to rest."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from penstock.cluster.config_state import ConfigState
from penstock.cluster.events import PutConnector, Request
from penstock.cluster.messages import State, TargetState
from penstock.cluster.state import CONNECTOR
from penstock.stores.config_topic import ConfigTopic
from tests.simulation.broker import Logs
from tests.simulation.lines import Outside
from tests.simulation.worker import Reader, Worker

STEPS_MAX = 500
SHOWN = {
    TargetState.STARTED: State.RUNNING,
    TargetState.PAUSED: State.PAUSED,
    TargetState.STOPPED: State.STOPPED,
}


class Rules:
    """Looks at a group from outside; raises AssertionError."""

    def __init__(self, workers: Mapping[str, Worker], logs: Logs, outside: Outside) -> None:
        self._workers = workers
        self._logs = logs
        self._outside = outside

    def check_safety(self) -> None:
        """Nothing runs twice; no task runs with a configuration out of two editions."""
        seen: dict[Any, str] = {}
        for worker in self._workers.values():
            for key in worker.hosts.running:
                assert key not in seen, f"{key} runs on {seen[key]} and on {worker.name}"
                seen[key] = worker.name
        assert not self._outside.ahead, f"ahead of its records: {self._outside.ahead}"

    def check_kept(self, request: Request) -> None:
        """A configuration that was acknowledged is in the log, for all who come."""
        if isinstance(request, PutConnector):
            key, wish = f"connector-{request.connector}".encode(), request.config["wish"]
            written = [json.loads(r.value) for r in self._logs.configs if r.key == key and r.value]
            kept = any(value["properties"]["wish"] == wish for value in written)
            assert kept, f"the acknowledged configuration of {request.connector} is lost"

    def check_lines(self, tick: Callable[[], None]) -> None:
        """Every task that is to run gets on."""
        for worker in self._workers.values():
            for (name, number), task in worker.hosts.lines.items():
                if worker.state.snapshot.connectors[name].target is TargetState.STARTED:
                    place = f"{name}-{number}"
                    before = self._outside.offsets.get(place, -1)
                    for _ in range(STEPS_MAX):
                        task.step()
                        tick()
                        if self._outside.offsets.get(place, -1) > before:
                            break
                    else:
                        raise AssertionError(f"{place} does not get on")
        self.check_safety()

    def check_liveness(self) -> None:
        workers = list(self._workers.values())
        newest = whole(self._logs)
        leaders = [w for w in workers if w.state.membership.leader]
        assert len(leaders) == 1, "one leads"
        wanted: set[Any] = set()
        for name in newest.configs:
            stopped = newest.target_state(name) is TargetState.STOPPED
            tasks = 0 if stopped else len(newest.task_ids(name))
            wanted |= {(name, number) for number in range(-1, tasks)}
        for worker in workers:
            assert worker.topic.snapshot() == newest, f"{worker.name} has lost configurations"
            known = {n: it.config for n, it in worker.state.snapshot.connectors.items()}
            assert known == newest.configs, f"{worker.name} has lost configurations"
            assert not worker.state.membership.joining
            assert not worker.state.requests
            assert not worker.state.queues
        running = {key: w.name for w in workers for key in w.hosts.running}
        assert running.keys() == wanted, "what runs is what should"
        self.check_balance(running)
        self.check_statuses(workers, running)
        for name, config in newest.configs.items():
            if newest.target_state(name) is TargetState.STARTED:
                assert len(newest.task_ids(name)) == int(config["tasks.max"]), "tasks are made"

    def check_balance(self, running: dict[Any, str]) -> None:
        for kind in (lambda n: n == CONNECTOR, lambda n: n >= 0):
            loads = [
                sum(kind(number) for (_, number), at in running.items() if at == name)
                for name in self._workers
            ]
            assert max(loads) - min(loads) <= 1, f"shared evenly: {loads}"

    def check_statuses(self, workers: list[Worker], running: dict[Any, str]) -> None:
        for worker in workers:
            shown = {
                (name, number): (status.state, status.worker_id)
                for name, known in worker.state.statuses.items()
                for number, status in known.items()
            }
            targets = worker.topic.snapshot().target_states
            expected = {key: (SHOWN[targets[key[0]]], at) for key, at in running.items()}
            wrong = {
                key: (shown.get(key), it) for key, it in expected.items() if shown.get(key) != it
            }
            left = shown.keys() - expected.keys()
            assert shown == expected, f"statuses on {worker.name}: {wrong}, and left: {left}"


def whole(logs: Logs) -> ConfigState:
    """The config topic, as somebody sees it who reads it from its beginning."""
    topic = ConfigTopic(Reader(logs), lambda event: None)
    topic.start()
    return topic.snapshot()
