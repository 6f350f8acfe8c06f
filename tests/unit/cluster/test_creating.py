"""Connectors are created and configured, event by event and in virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.cluster.changes import ConnectorConfigured, TargetChanged
from penstock.cluster.errors import BadRequest, NotLeader
from penstock.cluster.events import (
    DeleteConnector,
    PatchConnector,
    PutConnector,
    Rebalanced,
    SetTarget,
)
from penstock.cluster.messages import (
    StartConnector,
)
from penstock.cluster.views import ConfigInfo, ConfigInfos, ConfigValueInfo
from penstock.sdk.errors import AlreadyExistsError, ConnectError, NotFoundError
from tests.unit.cluster.test_herder import CONFIG, PAUSED, STARTED, STOPPED, created
from tests.unit.cluster.world import World


def test_a_creation_is_answered_when_the_tasks_are_known():
    world = World()
    assert world.call(PutConnector, "c", CONFIG, replace=False) is True
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}


def test_distributed_workers_answer_a_creation_once_it_is_written():
    world = World(waits_for_start=False)
    world.hosts.silent = {StartConnector}
    assert world.call(PutConnector, "c", CONFIG) is True


def test_a_creation_waits_no_longer_than_the_connector_takes_to_fail():
    world = World()
    world.hosts.failing.add(("c", -1))
    with pytest.raises(ConnectError, match="broke"):
        world.call(PutConnector, "c", CONFIG)
    assert world.states("c") == {-1: "FAILED"}
    assert world.state.configured("c") is not None


def test_the_failed_connector_of_a_creation_comes_back_with_its_next_configuration():
    world = World()
    world.hosts.failing.add(("c", -1))
    with pytest.raises(ConnectError):
        world.call(PutConnector, "c", CONFIG)
    world.hosts.failing.clear()
    assert world.call(PutConnector, "c", CONFIG | {"a": "b"}) is False
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}


def test_a_creation_fails_if_no_task_configurations_can_be_made_and_goes_on_trying():
    world = World()
    world.hosts.unable.add("c")
    with pytest.raises(ConnectError, match="no tasks"):
        world.call(PutConnector, "c", CONFIG)
    world.advance(0.3)
    world.hosts.unable.clear()
    world.advance(0.3)
    assert 0 not in world.states("c")
    world.advance(0.3)
    assert world.states("c")[0] == "RUNNING"


def test_pauses_between_attempts_grow_up_to_a_minute():
    world = World()
    world.hosts.unable.add("c")
    with pytest.raises(ConnectError):
        world.call(PutConnector, "c", CONFIG)
    waits = []
    for _ in range(12):
        ((at, _event),) = world.timers
        waits.append(at - world.now)
        world.advance(waits[-1])
    assert waits[:3] == [0.25, 0.5, 1.0]
    assert max(waits) == waits[-1] == 60


def test_an_invalid_configuration_is_refused_with_all_its_errors():
    world = World()
    value = ConfigValueInfo("a", None, [], ["first", "second"], True)
    world.infos = ConfigInfos("X", 2, [], [ConfigInfo(None, value)])
    with pytest.raises(BadRequest) as caught:
        world.call(PutConnector, "c", CONFIG)
    assert str(caught.value) == (
        "Connector configuration is invalid and contains the following 2 error(s):\n"
        "first\nsecond\n"
        "You can also find the above list of errors at the endpoint "
        "`/connector-plugins/{connectorType}/config/validate`"
    )
    assert not world.written


def test_of_two_creations_at_once_one_is_told_that_the_other_was_first():
    world = World()
    first = world.ask(PutConnector, "c", CONFIG, replace=False)
    second = world.ask(PutConnector, "c", CONFIG, replace=False)
    world.settle()
    assert world.answers[first] is True
    assert isinstance(world.answers[second], AlreadyExistsError)
    assert str(world.answers[second]) == "Connector c already exists"


def test_a_target_state_is_written_before_the_connector_and_only_if_one_is_given():
    world = created(initial=STOPPED)
    assert world.written == [TargetChanged("c", STOPPED), ConnectorConfigured("c", CONFIG)]
    assert world.states("c") == {-1: "STOPPED"}
    world.call(SetTarget, "c", STARTED)
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}


def test_only_the_leader_changes_connectors():
    world = created()
    assignment = {"c": frozenset((-1, 0, 1))}
    world.feed(Rebalanced(False, "http://leader/", 1, assignment))
    requests: list[Any] = [
        (PutConnector, "c", CONFIG),
        (DeleteConnector, "c"),
        (SetTarget, "c", STOPPED),
    ]
    for request in requests:
        with pytest.raises(NotLeader) as caught:
            world.call(*request)
        assert caught.value.url == "http://leader/"
    world.call(SetTarget, "c", PAUSED)
    assert world.states("c") == {-1: "PAUSED", 0: "PAUSED", 1: "PAUSED"}


def test_a_patch_sets_and_removes_settings():
    world = created()
    world.call(PatchConnector, "c", {"x": "1", "tasks.max": None})
    configured = world.state.configured("c")
    assert configured is not None
    assert configured.config == {"name": "c", "connector.class": "X", "x": "1"}
    with pytest.raises(NotFoundError, match="Connector d not found"):
        world.call(PatchConnector, "d", {})


def test_more_tasks_than_allowed_fail_the_connector():
    world = World()
    world.hosts.tasks["c"] = 3
    with pytest.raises(ConnectError, match="generated 3 tasks, which is greater than 2"):
        world.call(PutConnector, "c", CONFIG)
    assert world.states("c") == {-1: "FAILED"}
    assert not world.timers


def test_more_tasks_than_allowed_are_fine_where_the_limit_is_not_enforced():
    world = World()
    world.hosts.tasks["c"] = 3
    world.call(PutConnector, "c", CONFIG | {"tasks.max.enforce": "false"})
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING", 2: "RUNNING"}


def test_first_offsets_are_there_before_the_connector():
    world = World()
    pair = ({"file": "a"}, {"position": 1})
    assert world.call(PutConnector, "c", CONFIG, offsets=(pair,)) is True
    assert world.offsets["c"] == [pair]
