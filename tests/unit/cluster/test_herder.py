"""The herder, event by event and in virtual time."""

from __future__ import annotations

import pytest

from penstock.cluster.changes import TargetChanged, TasksConfigured
from penstock.cluster.errors import BadRequest, RequestError
from penstock.cluster.events import (
    Abandoned,
    AlterOffsets,
    DeleteConnector,
    PutConnector,
    PutTaskConfigs,
    Rebalanced,
    Reported,
    ResetTopics,
    RestartAll,
    RestartConnector,
    RestartTask,
    SetTarget,
    ShutDown,
)
from penstock.cluster.messages import (
    ConnectorChanged,
    MakeTaskConfigs,
    ReconfigurationRequested,
    StartConnector,
    StartTask,
    State,
    StopTask,
    TargetState,
    TaskId,
    TaskStopped,
    TopicsUsed,
)
from penstock.sdk.errors import ConnectError, NotFoundError
from tests.unit.cluster.world import World

CONFIG = {"name": "c", "connector.class": "X", "tasks.max": "2"}
STOPPED, PAUSED, STARTED = TargetState.STOPPED, TargetState.PAUSED, TargetState.STARTED


def created(**named: object) -> World:
    world = World()
    world.call(PutConnector, "c", CONFIG, **named)
    return world


def test_what_another_worker_took_over_is_stopped_here():
    world = created()
    world.feed(Rebalanced(False, "http://leader/", 1, {"c": frozenset((0,))}))
    world.settle()
    assert world.running() == {("c", 0)}
    assert world.states("c") == {-1: "UNASSIGNED", 0: "RUNNING", 1: "UNASSIGNED"}


def test_nothing_starts_while_the_group_has_not_agreed():
    world = created()
    world.ask(PutConnector, "c", CONFIG | {"x": "y"})
    world.settle(without="group")
    assert world.state.membership.joining
    assert len(world.sent(StopTask)) == len(world.sent(StartTask)) == 2
    world.settle()
    assert len(world.sent(StartTask)) == 4


def test_a_restart_that_never_ends_holds_up_nobody():
    world = created()
    world.hosts.silent = {StartConnector}
    restart = world.ask(RestartConnector, "c")
    world.settle()
    world.call(DeleteConnector, "c")
    assert world.states("c") == {}
    assert str(world.answers[restart]) == "Unknown connector: c"


def test_a_restart_is_shown_as_nothing_else():
    world = created()
    world.statuses.clear()
    world.call(RestartAll, "c", False, True)
    assert [s.state for s in world.statuses if s.number == 0] == [State.RESTARTING, State.RUNNING]


def test_an_update_restarts_the_connector_and_its_tasks():
    world = created()
    assert world.call(PutConnector, "c", CONFIG | {"x": "y"}) is False
    assert len(world.sent(StartConnector)) == 2
    assert len(world.sent(StartTask)) == 4
    assert world.sent(StartTask)[-1].connector_properties["x"] == "y"


def test_fewer_tasks_leave_no_status_behind():
    world = created()
    world.call(PutConnector, "c", CONFIG | {"tasks.max": "1"})
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING"}
    assert world.running() == {("c", -1), ("c", 0)}


def test_a_deleted_connector_stops_and_leaves_nothing_behind():
    world = created()
    world.call(DeleteConnector, "c")
    assert world.running() == set()
    assert world.states("c") == {}
    assert world.state.local == {}
    with pytest.raises(NotFoundError, match="Connector c not found"):
        world.call(DeleteConnector, "c")


def stopping(world: World) -> list[TaskStopped]:
    """What hosts will say at the end of tasks that they were told to stop."""
    return [TaskStopped(command.id, command.incarnation) for command in world.sent(StopTask)]


def test_a_connector_of_the_same_name_waits_until_its_predecessor_has_stopped():
    world = created()
    world.hosts.silent = {StopTask}
    world.call(DeleteConnector, "c")
    assert world.call(PutConnector, "c", CONFIG) is True
    assert len(world.sent(StartTask)) == 2
    for report in stopping(world):
        world.feed(Reported(report))
    world.settle()
    assert len(world.sent(StartTask)) == 4
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}


def test_pause_and_resume_change_every_state():
    world = created()
    world.call(SetTarget, "c", PAUSED)
    assert world.states("c") == {-1: "PAUSED", 0: "PAUSED", 1: "PAUSED"}
    world.call(SetTarget, "c", STARTED)
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}
    with pytest.raises(NotFoundError, match="Unknown connector d"):
        world.call(SetTarget, "d", PAUSED)


def test_stop_empties_the_task_set_before_it_says_stopped():
    world = created()
    world.written.clear()
    world.call(SetTarget, "c", STOPPED)
    assert world.written == [TasksConfigured("c", ()), TargetChanged("c", STOPPED)]
    assert world.states("c") == {-1: "STOPPED"}
    assert world.running() == {("c", -1)}


def test_task_configurations_made_before_a_stop_are_not_written_after_it():
    world = created()
    world.hosts.tasks["c"] = 1
    instance = world.state.instance("c", -1)
    assert instance is not None
    world.feed(Reported(ReconfigurationRequested("c", instance.incarnation)))
    world.call(SetTarget, "c", STOPPED)
    assert world.task_counts()[-1] == 0
    assert world.states("c") == {-1: "STOPPED"}


def test_a_connector_may_ask_for_new_tasks():
    world = created()
    world.hosts.tasks["c"] = 1
    instance = world.state.instance("c", -1)
    assert instance is not None
    world.feed(Reported(ReconfigurationRequested("c", instance.incarnation)))
    world.settle()
    assert world.running() == {("c", -1), ("c", 0)}


def test_equal_task_configurations_restart_nothing():
    world = created()
    instance = world.state.instance("c", -1)
    assert instance is not None
    world.feed(Reported(ReconfigurationRequested("c", instance.incarnation)))
    world.settle()
    assert len(world.sent(MakeTaskConfigs)) == 2
    assert len(world.sent(StartTask)) == 2


def test_a_restart_of_the_connector_waits_until_it_runs_again():
    world = created()
    world.call(RestartConnector, "c")
    assert len(world.sent(StartConnector)) == 2
    assert len(world.sent(StartTask)) == 2
    world.hosts.failing.add(("c", -1))
    with pytest.raises(RequestError, match="Failed to start connector: c"):
        world.call(RestartConnector, "c")
    with pytest.raises(NotFoundError, match="Unknown connector: d"):
        world.call(RestartConnector, "d")


def test_a_stopped_connector_stays_stopped_when_it_is_restarted():
    world = created()
    world.call(SetTarget, "c", STOPPED)
    world.call(RestartConnector, "c")
    shown = world.call(RestartAll, "c", False, True)
    assert shown[-1].state is State.RESTARTING
    assert world.states("c") == {-1: "STOPPED"}


def test_a_task_is_restarted_alone():
    world = created()
    world.call(RestartTask, "c", 1)
    assert [command.id for command in world.sent(StartTask)].count(TaskId("c", 1)) == 2
    assert world.states("c")[1] == "RUNNING"
    for name, task, message in (
        ("d", 0, "Unknown connector: d"),
        ("c", 2, "Unknown task: c-2"),
        ("c", -1, "Unknown task: c--1"),
    ):
        with pytest.raises(NotFoundError) as caught:
            world.call(RestartTask, name, task)
        assert str(caught.value) == message


def test_a_restart_of_what_failed_shows_it_restarting_and_leaves_the_rest():
    world = World()
    world.hosts.failing.add(("c", 0))
    world.call(PutConnector, "c", CONFIG)
    assert world.states("c") == {-1: "RUNNING", 0: "FAILED", 1: "RUNNING"}
    world.hosts.failing.clear()
    shown = world.call(RestartAll, "c", True, True)
    assert {n: s.state.value for n, s in shown.items()} == {
        -1: "RUNNING",
        0: "RESTARTING",
        1: "RUNNING",
    }
    assert world.states("c") == {-1: "RUNNING", 0: "RUNNING", 1: "RUNNING"}
    assert len(world.sent(StartTask)) == 3


def test_offsets_are_altered_only_while_the_connector_is_stopped():
    world = created()
    pair = ({"file": "a"}, {"position": 1})
    with pytest.raises(BadRequest, match="must be in the STOPPED state"):
        world.call(AlterOffsets, "c", (pair,), "source")
    world.call(SetTarget, "c", STOPPED)
    answer = world.call(AlterOffsets, "c", (pair,), "source")
    assert answer.message == "The offsets for this connector have been altered successfully"
    assert world.offsets["c"] == [pair]
    answer = world.call(AlterOffsets, "c", None, "source")
    assert answer.message == "The offsets for this connector have been reset successfully"
    assert world.offsets["c"] == []


def test_offsets_wait_for_tasks_that_are_still_stopping():
    world = created()
    world.hosts.silent = {StopTask}
    world.call(SetTarget, "c", STOPPED)
    number = world.ask(AlterOffsets, "c", None, "source")
    world.settle()
    assert number not in world.answers
    for report in stopping(world):
        world.feed(Reported(report))
    world.settle()
    assert "successfully" in world.answers[number].message


def test_a_late_word_of_a_former_instance_changes_nothing():
    world = created()
    world.call(RestartConnector, "c")
    before = world.state
    world.feed(Reported(ConnectorChanged("c", 1, State.FAILED, "late")))
    assert world.state == before


def test_topics_are_remembered_until_they_are_reset():
    world = created()
    task = world.state.instance("c", 0)
    assert task is not None
    world.feed(Reported(TopicsUsed(TaskId("c", 0), task.incarnation, ["t", "u"])))
    assert world.state.topics["c"] == {"t", "u"}
    world.call(ResetTopics, "c")
    assert "c" not in world.state.topics


def test_a_topic_that_a_deleted_connector_used_before_its_end_is_not_remembered():
    world = created()
    task = world.state.instance("c", 0)
    assert task is not None
    world.hosts.silent.add(StopTask)
    world.call(DeleteConnector, "c")
    world.feed(Reported(TopicsUsed(TaskId("c", 0), task.incarnation, ["t"])))
    assert world.state.instance("c", 0) is not None  # it has yet to stop
    assert "c" not in world.state.topics


def test_a_write_that_fails_is_the_answer_and_the_next_request_has_its_turn():
    world = created()
    world.write_error = ConnectError("Failed to write")
    with pytest.raises(ConnectError, match="Failed to write"):
        world.call(DeleteConnector, "c")
    world.write_error = None
    world.call(DeleteConnector, "c")
    assert world.states("c") == {}


def test_an_abandoned_request_makes_room_for_the_next():
    world = created()
    number = world.ask(DeleteConnector, "c")
    world.feed(Abandoned(number))
    world.settle()
    assert world.state.requests == {}
    assert world.state.queues == {}


def test_task_configurations_of_others_are_refused_for_a_stopped_connector():
    world = created()
    world.call(SetTarget, "c", STOPPED)
    with pytest.raises(BadRequest, match="non-empty set of task configs for stopped connector c"):
        world.call(PutTaskConfigs, "c", ({"a": "b"},))


def test_a_shutdown_stops_everything_and_answers_everybody():
    world = created()
    world.hosts.silent = {StartConnector}
    number = world.ask(RestartConnector, "c")
    world.settle()
    world.feed(ShutDown())
    world.settle()
    assert str(world.answers[number]) == "Worker is shutting down"
    assert world.running() == set()
    with pytest.raises(ConnectError, match="Worker is shutting down"):
        world.call(DeleteConnector, "c")
