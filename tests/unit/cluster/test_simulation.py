"""Random requests, failures and orders of events: nothing wrong ever happens and all ends well."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cluster.events import (
    Abandoned,
    DeleteConnector,
    PatchConnector,
    PutConnector,
    Reported,
    RestartAll,
    RestartConnector,
    RestartTask,
    SetTarget,
)
from penstock.cluster.messages import ReconfigurationRequested, TargetState
from tests.unit.cluster.world import World

NAMES = st.sampled_from(("a", "b"))


def config(tasks: int) -> dict[str, str]:
    return {"connector.class": "X", "tasks.max": str(tasks)}


STEPS = st.one_of(
    st.tuples(st.just(PutConnector), NAMES, st.integers(0, 3).map(config)),
    st.tuples(st.just(PatchConnector), NAMES, st.integers(0, 3).map(config)),
    st.tuples(st.just(DeleteConnector), NAMES),
    st.tuples(st.just(SetTarget), NAMES, st.sampled_from(TargetState)),
    st.tuples(st.just(RestartConnector), NAMES),
    st.tuples(st.just(RestartAll), NAMES, st.booleans(), st.booleans()),
    st.tuples(st.just(RestartTask), NAMES, st.integers(0, 2)),
    st.tuples(st.just("fail"), NAMES, st.integers(-1, 2)),
    st.tuples(st.just("heal"), NAMES),
    st.tuples(st.just("unable"), NAMES),
    st.tuples(st.just("reconfigure"), NAMES),
    st.tuples(st.just("abandon"), st.integers(1, 20)),
    st.tuples(st.just("run"), st.integers(1, 8)),
)


def play(world: World, step: Any) -> None:
    match step:
        case ("fail", name, number):
            world.hosts.failing.add((name, number))
        case ("heal", name):
            world.hosts.failing = {key for key in world.hosts.failing if key[0] != name}
            world.hosts.unable.discard(name)
        case ("unable", name):
            world.hosts.unable.add(name)
        case ("reconfigure", name):
            instance = world.state.instance(name, -1)
            if instance is not None:
                world.feed(Reported(ReconfigurationRequested(name, instance.incarnation)))
        case ("abandon", request):
            if request in world.state.requests:
                world.feed(Abandoned(request))
                world.answers.pop(request, None)
                world.abandoned.add(request)
        case ("run", steps):
            for _ in range(steps):
                world.step()
        case _:
            world.ask(step[0], *step[1:])


@settings(max_examples=100, deadline=None)
@given(st.lists(STEPS, max_size=25), st.integers(0, 1000), st.booleans())
def test_what_runs_is_what_should_run_and_everybody_is_answered(
    steps: list[Any], seed: int, waits: bool
) -> None:
    world = World(waits_for_start=waits, seed=seed)
    for step in steps:
        play(world, step)
    world.hosts.failing.clear()
    world.hosts.unable.clear()
    for _ in range(12):
        world.settle()
        world.advance(100)
    check_at_rest(world)


def check_at_rest(world: World) -> None:
    """Safety while running is checked by the world itself: nothing twice, one answer each."""
    asked = set(range(1, world._next))
    assert asked <= world.answers.keys() | world.abandoned
    assert not world.state.requests
    assert not world.state.queues
    wanted = set[tuple[str, int]]()
    for name, configured in world.state.snapshot.connectors.items():
        stopped = configured.target is TargetState.STOPPED
        tasks = 0 if stopped else len(configured.tasks)
        wanted |= {(name, number) for number in range(-1, tasks)}
        if configured.target is TargetState.STARTED and world.states(name)[-1] == "RUNNING":
            assert len(configured.tasks) == configured.tasks_max
        assert world.states(name).keys() == {number for n, number in wanted if n == name}
    assert world.running() == wanted
    assert world.state.statuses.keys() == {name for name, _ in wanted}
    assert not world.state.membership.joining
