"""What failed is restarted by itself, where that may help and not for ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from penstock.cluster.effects import Announce
from penstock.cluster.events import DeleteConnector, PutConnector, Reported, RestartTask
from penstock.cluster.messages import Failure, State, TaskChanged, TaskId
from penstock.cluster.restart_policy import RestartPolicy, pause, wanted
from tests.unit.cluster.world import World

CONFIG = {"name": "c", "connector.class": "x", "tasks.max": "1"}
CONNECT = "org.apache.kafka.connect.errors.ConnectException"
CRASH = Failure(CONNECT, "gone", f"{CONNECT}: gone", crashed=True)
ERROR = Failure(CONNECT, "no", f"{CONNECT}: no\n\tat there")


def running(**settings: str) -> World:
    world = World()
    world.call(PutConnector, "c", CONFIG | settings)
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING"}
    return world


def fail(world: World, failure: Failure = CRASH) -> None:
    """The task of today fails."""
    incarnation = world.hosts.running["c", 0]
    change = TaskChanged(TaskId("c", 0), incarnation, State.FAILED, failure.trace, failure=failure)
    world.feed(Reported(change))
    world.settle()


def trace(world: World) -> str:
    return world.state.statuses["c"][0].trace or ""


def announced(world: World) -> list[str]:
    return [effect.text for effect in world.effects if isinstance(effect, Announce)]


def all_restarts(**more: str) -> dict[str, str]:
    return {"errors.restart.policy": "all"} | {k.replace("_", "."): v for k, v in more.items()}


def test_a_task_lost_with_its_process_is_restarted_after_a_pause() -> None:
    world = running()
    before = world.hosts.running["c", 0]
    fail(world)
    assert world.states("c") == {-1: "RUNNING", 0: "FAILED"}
    assert "Task c-0 is restarted in 1." in trace(world)
    assert "(restart 1 of 10)" in trace(world)
    assert announced(world) == [trace(world).splitlines()[-1]]
    world.advance(0.9)
    assert world.states("c")[0] == "FAILED"
    world.advance(0.5)
    assert world.states("c")[0] == "RUNNING"
    assert world.hosts.running["c", 0] > before


def test_an_error_that_was_raised_is_left_alone_as_a_java_worker_leaves_it() -> None:
    world = running()
    fail(world, ERROR)
    assert trace(world) == ERROR.trace
    world.advance(100_000)
    assert world.states("c")[0] == "FAILED"


def test_an_error_is_restarted_from_if_that_is_wanted() -> None:
    world = running(**all_restarts())
    fail(world, ERROR)
    world.advance(2)
    assert world.states("c")[0] == "RUNNING"


def test_nothing_is_restarted_when_that_is_switched_off() -> None:
    world = running(**{"errors.restart.policy": "off"})
    fail(world)
    assert trace(world) == CRASH.trace
    assert not world.timers


def test_restarts_have_a_budget_and_pauses_grow_up_to_a_limit() -> None:
    world = running(**all_restarts(errors_restart_max="4", errors_restart_delay_max_ms="3000"))
    waits: list[float] = []
    for _ in range(4):
        fail(world)
        waits.append(world.timers[-1][0] - world.now)
        world.advance(waits[-1])
    assert [int(wait) for wait in waits] == [1, 2, 3, 3]
    fail(world)
    assert "was restarted 4 times within 60 minutes (errors.restart.max)" in trace(world)
    world.advance(3000)
    assert world.states("c")[0] == "FAILED"


def test_the_budget_comes_back_with_time() -> None:
    world = running(**all_restarts(errors_restart_max="1", errors_restart_window_ms="60000"))
    fail(world)
    world.advance(2)
    fail(world)
    assert "stays as it is" in trace(world)
    world.advance(70)
    world.call(RestartTask, "c", 0)
    fail(world)
    assert "(restart 1 of 1)" in trace(world)


def test_what_an_operator_restarted_meanwhile_is_not_restarted_again() -> None:
    world = running()
    fail(world)
    world.call(RestartTask, "c", 0)
    incarnation = world.hosts.running["c", 0]
    world.advance(10)
    assert world.hosts.running["c", 0] == incarnation


def test_a_connector_that_was_deleted_meanwhile_stays_deleted_and_is_forgotten() -> None:
    world = running()
    fail(world)
    world.call(DeleteConnector, "c")
    world.advance(10)
    assert world.running() == set()
    world.call(PutConnector, "d", CONFIG | {"name": "d"})
    change = TaskChanged(TaskId("d", 0), world.hosts.running["d", 0], State.FAILED, failure=CRASH)
    world.feed(Reported(change))
    assert set(world.state.healing) == {"d"}


def test_a_wrong_setting_is_told_where_it_matters() -> None:
    world = running(**{"errors.restart.max": "many"})
    fail(world)
    assert "It is not restarted: Invalid value many for configuration errors.restart.max" in (
        trace(world)
    )


def test_the_workers_settings_count_where_a_connector_has_none() -> None:
    world = World()
    settings = replace(world.state.settings, restarts={"errors.restart.policy": "all"})
    world.state = replace(world.state, settings=settings)
    world.call(PutConnector, "c", CONFIG)
    fail(world, ERROR)
    world.advance(2)
    assert world.states("c")[0] == "RUNNING"


@pytest.mark.parametrize(
    "name",
    [
        "org.apache.kafka.common.config.ConfigException",
        "org.apache.kafka.common.errors.TopicAuthorizationException",
        "org.apache.kafka.common.errors.SaslAuthenticationException",
        "org.apache.kafka.connect.errors.DataException",
    ],
)
def test_errors_that_a_restart_cannot_mend_are_left_alone(name: str) -> None:
    policy = policy_of(errors_restart_policy="all")
    assert not wanted(policy, Failure(name, "m", f"{name}: m"))
    assert not wanted(policy, Failure(CONNECT, "m", f"{CONNECT}: m\n\tat x\nCaused by: {name}: m"))
    assert wanted(policy, ERROR)


def policy_of(**settings: Any) -> RestartPolicy:
    return RestartPolicy.parse({k.replace("_", "."): str(v) for k, v in settings.items()})


@given(st.integers(0, 10**6), st.text(), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_pause_stays_within_its_limits(restarts: int, who: str, delay: int, most: int) -> None:
    policy = policy_of(errors_restart_delay_ms=delay, errors_restart_delay_max_ms=most)
    assert 0 <= pause(policy, restarts, who) <= most / 1000 * 1.25
    assert pause(policy, restarts, who) >= min(delay, most) / 1000


def test_what_is_to_come_can_be_seen() -> None:
    world = running(**all_restarts(errors_restart_max="1"))
    fail(world)
    (healing,) = world.state.healing["c"].values()
    assert healing.due is not None
    assert 1 <= healing.due - world.now <= 1.25
    assert (len(healing.restarts), healing.most, healing.gave_up) == (0, 1, None)
    world.advance(2)
    (healing,) = world.state.healing["c"].values()
    assert (len(healing.restarts), healing.due) == (1, None)
    fail(world)
    (healing,) = world.state.healing["c"].values()
    assert healing.gave_up == trace(world).splitlines()[-1]


def test_an_error_that_nothing_mends_is_told_and_left_alone() -> None:
    world = running(**all_restarts())
    fail(world, Failure("org.apache.kafka.common.config.ConfigException", "bad", "bad"))
    assert "Task c-0 is not restarted: org.apache.kafka.common.config.Config" in trace(world)
    (healing,) = world.state.healing["c"].values()
    assert healing.gave_up is not None
    world.advance(100_000)
    assert world.states("c")[0] == "FAILED"
