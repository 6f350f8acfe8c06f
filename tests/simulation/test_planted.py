"""Bugs are planted one by one, and the simulation finds each of them soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from penstock.cluster import assignor, herder, reconcile
from penstock.cluster.assignor_work import Work
from penstock.kafka.membership_rounds import Rounds
from penstock.runtime.acknowledgements import Barrier
from penstock.stores.config import ConfigStore
from penstock.stores.config_table import ConfigTable
from tests.simulation.group import simulate

SEEDS_MAX = 300
Patch = Callable[[Any, str, Any], None]


@dataclass(frozen=True)
class Planted:
    """A bug, and what the simulation has to say of it."""

    plant: Callable[[Patch], None]
    said: str


def offsets_before_acknowledgements(patch: Patch) -> None:
    def settle(self: Any, producer: Any, seconds: float, *, wait: bool) -> Any:
        return list(self._ends.values())

    patch(Barrier, "settle", settle)


def starting_before_others_have_stopped(patch: Patch) -> None:
    patch(Rounds, "released", lambda self, noted, running: True)


def revoked_tasks_go_on(patch: Patch) -> None:
    original: Any = reconcile._adjust

    def adjust(turn: Any, name: str, number: int, instance: Any, configured: Any) -> None:
        if configured is not None or number < 0 or turn.state.configured(name) is None:
            original(turn, name, number, instance, configured)

    patch(reconcile, "_adjust", adjust)


def removed_statuses_are_still_believed(patch: Patch) -> None:
    original: Any = herder._status_changed

    def changed(turn: Any, event: Any) -> None:
        if event.state is not None:
            original(turn, event)

    patch(herder, "_status_changed", changed)


def the_delay_is_forgotten(patch: Patch) -> None:
    original = Rounds.joined

    def joined(self: Any, *arguments: Any) -> Any:
        return replace(original(self, *arguments), delay_seconds=0.0)

    patch(Rounds, "joined", joined)


def a_new_leader_misses_a_record(patch: Patch) -> None:
    original: Any = herder._config_changed

    def changed(turn: Any, event: Any) -> None:
        membership = turn.state.membership
        if not (membership.leader and membership.joining):
            original(turn, event)

    patch(herder, "_config_changed", changed)


def an_acknowledged_configuration_is_not_written(patch: Patch) -> None:
    original = ConfigStore.put_connector

    def put(self: Any, name: str, config: Any, target: Any = None) -> None:
        if self.told_offset % 5:
            original(self, name, config, target)

    patch(ConfigStore, "put_connector", put)


def a_task_is_given_to_two(patch: Patch) -> None:
    original: Any = assignor.assign

    def assign(state: Any, given: Any) -> Any:
        answer, kept = original(state, given)
        tasks = [task for work in answer.assigned.values() for task in sorted(work.tasks)]
        if tasks:
            for member in answer.assigned:
                answer.assigned[member] |= Work.of(tasks=tasks[:1])
        return answer, kept

    from penstock.cluster import leading

    patch(leading, "assign", assign)


def half_of_the_task_configurations_count(patch: Patch) -> None:
    original: Any = ConfigTable._task

    def task(self: Any, rest: str, value: Any) -> Any:
        if not rest.endswith("-1"):
            original(self, rest, value)

    from penstock.stores import config_table

    handlers = tuple((p, task if h is original else h) for p, h in config_table._HANDLERS)
    patch(config_table, "_HANDLERS", handlers)


PLANTED = {
    made.plant.__name__: made
    for made in (
        Planted(offsets_before_acknowledgements, "ahead of its records"),
        Planted(starting_before_others_have_stopped, "runs on .* and on"),
        Planted(revoked_tasks_go_on, "runs on .* and on|never comes to rest|what runs is"),
        Planted(removed_statuses_are_still_believed, "statuses on"),
        Planted(the_delay_is_forgotten, "shared evenly|what runs is what should"),
        Planted(a_new_leader_misses_a_record, "lost configurations|what runs is|one leads"),
        Planted(an_acknowledged_configuration_is_not_written, "acknowledged configuration"),
        Planted(a_task_is_given_to_two, "runs on .* and on"),
        Planted(half_of_the_task_configurations_count, "tasks are made|never comes to rest"),
    )
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = PLANTED[name]
    planted.plant(lambda where, what, bug: monkeypatch.setattr(where, what, bug))
    with pytest.raises(AssertionError, match=planted.said) as found:
        for seed in range(SEEDS_MAX):
            simulate(seed)
    assert "make sim SEED=" in str(found.value)
