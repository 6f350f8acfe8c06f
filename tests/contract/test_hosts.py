"""What every kind of host does with connectors and tasks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from penstock.cluster.messages import (
    CheckOffsets,
    ConnectorChanged,
    ConnectorStopped,
    MakeTaskConfigs,
    OffsetsChecked,
    SetConnectorTarget,
    SetTaskTarget,
    StopConnector,
    StopTask,
    TargetState,
    TaskChanged,
    TaskConfigsMade,
    TaskId,
    TaskStopped,
    TopicsUsed,
)
from penstock.hosting.inline import InlineHosts
from penstock.hosting.thread import ThreadHosts
from tests.unit.hosting.process_rig import SHARED, ProcessRig
from tests.unit.hosting.rig import HostRig, KeepTask

TASK = TaskId("c", 0)


@pytest.fixture(params=["thread", "inline", "process"])
def rig(request: pytest.FixtureRequest) -> Iterator[HostRig]:
    match request.param:
        case "thread":
            made = HostRig(ThreadHosts)
            yield made
            made.close()
        case "inline":
            yield HostRig(InlineHosts)
        case _:
            made = ProcessRig(SHARED)
            yield made
            made.close()


def reports(rig: HostRig, kind: type) -> list[Any]:
    return [report for report in rig.reports if isinstance(report, kind)]


def stop(rig: HostRig) -> None:
    rig.send(StopTask(TASK, 1, 60_000))
    rig.until(lambda: bool(reports(rig, TaskStopped)))


def test_a_task_runs_until_it_is_stopped_and_commits_its_offsets(rig: HostRig) -> None:
    rig.start_task(until="5")
    rig.until(lambda: len(rig.values()) == 5)
    stop(rig)
    assert rig.states() == ["RUNNING", "UNASSIGNED"]
    assert rig.values() == [b"0", b"1", b"2", b"3", b"4"]
    assert rig.store.offsets.read([{"counter": 1}]) == [{"n": 4}]
    assert rig.reports[-1] == TaskStopped(TASK, 1)
    assert reports(rig, TopicsUsed) == [TopicsUsed(TASK, 1, ["numbers"])]


def test_a_task_that_cannot_start_fails_with_a_trace_and_stays_until_stopped(rig: HostRig) -> None:
    rig.start_task(mode="broken")
    rig.until(lambda: rig.states() == ["FAILED"])
    (report,) = reports(rig, TaskChanged)
    lines = report.trace.splitlines()
    assert lines[0] == "org.apache.kafka.connect.errors.ConnectException: no such table"
    assert lines[1].startswith("\tat tests.unit.hosting.rig.start(rig.py:") or lines[1].startswith(
        "\tat rig.start(rig.py:"
    )
    assert report.failure.java_class == "org.apache.kafka.connect.errors.ConnectException"
    assert report.version == "1.0"
    stop(rig)
    assert rig.states() == ["FAILED"]


def test_a_task_whose_connector_class_does_not_exist_fails(rig: HostRig) -> None:
    rig.start_task(connector__class="Nothing")
    rig.until(lambda: rig.states() == ["FAILED"])


def test_a_task_of_too_many_fails(rig: HostRig) -> None:
    rig.start_task(tasks=3, tasks__max="2")
    rig.until(lambda: rig.states() == ["FAILED"])
    message = reports(rig, TaskChanged)[0].failure.message
    assert message.startswith("The connector c has generated 3 tasks, which is greater than 2, ")


def test_a_task_can_be_paused_and_resumed(rig: HostRig) -> None:
    rig.start_task()
    rig.until(lambda: len(rig.values()) > 2)
    rig.send(SetTaskTarget(TASK, 1, TargetState.PAUSED))
    if not isinstance(rig.hosts, InlineHosts):
        rig.until(lambda: rig.states()[-1:] == ["PAUSED"])
        before = rig.values()
        rig.send(SetTaskTarget(TASK, 1, TargetState.STARTED))
        rig.until(lambda: len(rig.values()) > len(before))
        rig.until(lambda: rig.states() == ["RUNNING", "PAUSED", "RUNNING"])
    stop(rig)


def test_a_task_that_begins_paused_is_started_when_it_is_resumed(rig: HostRig) -> None:
    rig.start_task(TargetState.PAUSED)
    if not isinstance(rig.hosts, InlineHosts):
        rig.until(lambda: rig.states() == ["PAUSED"])
    assert rig.values() == []
    rig.send(SetTaskTarget(TASK, 1, TargetState.STARTED))
    rig.until(lambda: len(rig.values()) > 0)
    stop(rig)
    assert rig.states()[-2:] == ["RUNNING", "UNASSIGNED"]


def test_a_sink_task_gets_what_is_in_its_topics(rig: HostRig) -> None:
    KeepTask.kept = []
    for word in (b"a", b"b"):
        rig.kafka.append("numbers", word)
    rig.start_task(connector__class="KeepSink", topics="numbers")
    rig.until(lambda: KeepTask.kept == ["a", "b"])
    stop(rig)
    assert list(rig.kafka.committed.values()) == [2]


def test_a_sink_task_with_wrong_settings_fails_before_it_has_a_version(rig: HostRig) -> None:
    rig.start_task(connector__class="KeepSink")
    rig.until(lambda: rig.states() == ["FAILED"])
    assert reports(rig, TaskChanged)[0].version is None


def test_stopping_what_is_not_there_is_answered(rig: HostRig) -> None:
    stop(rig)
    rig.send(StopConnector("c", 1))
    rig.until(lambda: bool(reports(rig, ConnectorStopped)))


def test_a_connector_goes_through_its_states(rig: HostRig) -> None:
    rig.start_connector()
    rig.until(lambda: rig.states() == ["RUNNING"])
    for target, state in (
        (TargetState.PAUSED, "PAUSED"),
        (TargetState.STARTED, "RUNNING"),
        (TargetState.STOPPED, "STOPPED"),
        (TargetState.STARTED, "RUNNING"),
    ):
        rig.send(SetConnectorTarget("c", 1, target))
        rig.until(lambda state=state: rig.states()[-1] == state)
    rig.send(StopConnector("c", 1))
    rig.until(lambda: rig.reports[-1] == ConnectorStopped("c", 1))
    assert rig.states()[-1] == "UNASSIGNED"
    assert reports(rig, ConnectorChanged)[0].version == "1.0"


def test_a_connector_that_fails_can_only_be_stopped(rig: HostRig) -> None:
    rig.start_connector(connector__mode="broken")
    rig.until(lambda: rig.states() == ["FAILED"])
    rig.send(SetConnectorTarget("c", 1, TargetState.PAUSED))
    rig.send(SetConnectorTarget("c", 1, TargetState.STOPPED))
    rig.until(lambda: rig.states() == ["FAILED", "STOPPED"])
    assert "cannot connect" in (reports(rig, ConnectorChanged)[0].trace or "")


def test_a_connector_makes_task_configs_with_class_and_topics(rig: HostRig) -> None:
    rig.start_connector(connector__class="KeepSink", topics="numbers")
    rig.send(MakeTaskConfigs("c", 1, 1))
    rig.until(lambda: bool(reports(rig, TaskConfigsMade)))
    (made,) = reports(rig, TaskConfigsMade)
    (config,) = made.configs
    assert config["topics"] == "numbers"
    assert config["task.class"].endswith("KeepTask")


def test_a_connector_that_makes_too_many_tasks_is_refused(rig: HostRig) -> None:
    rig.start_connector(tasks="3")
    rig.send(MakeTaskConfigs("c", 1, 2))
    rig.until(lambda: bool(reports(rig, TaskConfigsMade)))
    (made,) = reports(rig, TaskConfigsMade)
    assert made.configs is None
    assert made.failure.java_class.endswith("TooManyTasksException")


@pytest.mark.parametrize(("number", "accepted"), [(7, True), (-1, False)])
def test_a_connector_is_asked_about_offsets(rig: HostRig, number: int, accepted: bool) -> None:
    properties = {"name": "c", "connector.class": "CountSource"}
    rig.send(CheckOffsets("c", 5, properties, [({"counter": 1}, {"n": number})]))
    rig.until(lambda: bool(reports(rig, OffsetsChecked)))
    (checked,) = reports(rig, OffsetsChecked)
    assert (checked.request, checked.accepted) == (5, accepted)
    assert (checked.failure is None) is accepted


def test_a_task_that_begins_stopped_never_starts(rig: HostRig) -> None:
    rig.start_task(TargetState.STOPPED)
    rig.until(lambda: rig.states() == ["UNASSIGNED"])
    assert rig.values() == []
