"""Restarts of a connector with its tasks, in a group: answered first, then carried out."""

from __future__ import annotations

from penstock.cluster.changes import RestartRequested
from penstock.cluster.events import (
    ConfigChanged,
    DeleteConnector,
    PutConnector,
    RestartAll,
    RestartTask,
    Result,
)
from penstock.cluster.messages import StartConnector, StartTask, StopConnector, StopTask
from penstock.cluster.restarting import COMING_UP_SECONDS_MAX, HOLD_SECONDS
from tests.unit.cluster.world import World

CONFIG = {"connector.class": "X", "tasks.max": "2"}
RUNNING = {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}
RESTARTING = {-1: "RESTARTING", 0: "RESTARTING", 1: "RESTARTING"}


def created() -> World:
    world = World(distributed=True, waits_for_start=False)
    world.call(PutConnector, "c", CONFIG)
    world.settle()
    assert world.states("c") == RUNNING
    return world


def restarts(world: World) -> list[int]:
    """How often the connector was stopped, and its tasks were."""
    return [len(world.sent(kind)) for kind in (StopConnector, StopTask)]


def planned(world: World, request: int) -> dict[int, str]:
    return {n: s.state.value for n, s in sorted(world.answers[request].items())}


def test_a_client_is_answered_before_anything_restarts():
    world = created()
    request = world.ask(RestartAll, "c", False, True)
    world.settle()
    assert planned(world, request) == RESTARTING
    assert (world.states("c"), restarts(world)) == (RUNNING, [0, 0])
    world.advance(HOLD_SECONDS)
    assert (world.states("c"), restarts(world)) == (RUNNING, [1, 2])


def test_a_restart_waits_for_a_slow_answer():
    world = created()
    world.ask(RestartAll, "c", False, True)
    world.step()  # the record is read
    world.now += HOLD_SECONDS
    for _, event in world.timers[-1:]:
        world.feed(event)
    assert restarts(world) == [0, 0]
    world.settle()
    world.advance(HOLD_SECONDS)
    assert restarts(world) == [1, 2]


def test_the_next_restart_knows_what_is_under_way_and_spares_it():
    world = created()
    world.call(RestartAll, "c", False, True)
    again = world.ask(RestartAll, "c", True, True)  # of what has failed
    assert world.states("c") == RESTARTING
    assert again not in world.answers
    world.settle()
    assert planned(world, again)[-1] == "RUNNING"
    assert "FAILED" not in planned(world, again).values()
    world.advance(10)
    assert restarts(world) == [1, 2]
    assert world.states("c") == RUNNING


def test_the_next_restart_does_not_wait_for_ever():
    world = created()
    world.hosts.silent = {StartConnector}
    world.call(RestartAll, "c", False, True)
    again = world.ask(RestartAll, "c", True, True)
    world.settle()
    assert again not in world.answers
    world.advance(COMING_UP_SECONDS_MAX)
    assert planned(world, again)[-1] == "RESTARTING"


def test_of_two_restarts_at_once_the_greater_is_carried_out():
    for first, second in (((True, True), (False, True)), ((False, True), (True, False))):
        world = created()
        world.feed(ConfigChanged(RestartRequested("c", *first)))
        world.feed(ConfigChanged(RestartRequested("c", *second)))
        world.advance(HOLD_SECONDS)
        assert restarts(world) == [1, 2]
        world.advance(10)
        assert restarts(world) == [1, 2]


def test_other_wishes_find_the_restart_under_way_and_do_not_wait_for_it():
    world = created()
    world.call(RestartAll, "c", False, True)
    world.call(RestartTask, "c", 0)
    assert restarts(world) == [1, 2]
    assert len(world.sent(StartTask)) == 4
    world.call(RestartAll, "c", False, True)
    world.call(DeleteConnector, "c")
    world.advance(10)
    assert world.running() == set()
    assert world.state.restarts == {}


def test_a_restart_is_carried_out_although_its_answer_failed():
    world = created()
    number = world.ask(RestartAll, "c", False, True)
    world.step()
    world.feed(Result(number, error=TimeoutError("not read back in time")))
    world.advance(HOLD_SECONDS)
    assert restarts(world) == [1, 2]
