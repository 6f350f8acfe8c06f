"""The metrics of a worker's tasks and connectors, from what is told to hosts and what they tell."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from penstock.cluster.host_views import CallView, HostView, LastError, TaskView
from penstock.cluster.messages import (
    Command,
    ConnectorChanged,
    ConnectorStopped,
    StartConnector,
    StartTask,
    State,
    TargetState,
    TaskChanged,
    TaskId,
    TaskStopped,
)
from penstock.cluster.restart_policy import Healing
from penstock.cluster.state import ClusterState, Instance, Local, Membership, Rebalances, Settings
from penstock.observability.board import MetricsBoard
from penstock.observability.metric_names import METRICS
from penstock.observability.worker_metrics import OURS, WorkerViews
from penstock.plugins.registry import Registry
from penstock.runtime.counters import ErrorCounters, SinkCounters, SourceCounters
from penstock.runtime.measures import TaskMeasures, taken

TASK = TaskId("c", 0)
STRING = "org.apache.kafka.connect.storage.StringConverter"
WORKER = {"key.converter": STRING, "value.converter": STRING, "header.converter": STRING}
SOURCE = {
    "name": "c",
    "connector.class": "FileStreamSource",
    "transforms": "route",
    "transforms.route.type": "org.apache.kafka.connect.transforms.RegexRouter",
}
STATE = ClusterState(Settings("worker:8083"))


class Nobody:
    """Hosts that do nothing."""

    def send(self, command: Command) -> None:
        pass


class Rig:
    """A board, and the time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.board = MetricsBoard(Registry.builtin(), WORKER, lambda: self.now)
        self.hosts = self.board.observing(Nobody())
        self.state = STATE

    def start(self, incarnation: int = 1, **config: str) -> None:
        given = SOURCE | {name.replace("__", "."): text for name, text in config.items()}
        task = {"task.class": "acme.Task"}
        self.hosts.send(StartTask(TASK, incarnation, given, task, TargetState.STARTED))

    def became(self, state: State, incarnation: int = 1) -> None:
        self.board.reported(TaskChanged(TASK, incarnation, state))

    def counted(self, counters: Any, incarnation: int = 1) -> None:
        measures = TaskMeasures("c", 0, incarnation, taken(counters))
        self.board.measured([measures], [TASK])

    def shown(self, group: str, **tags: str) -> dict[str, Any]:
        groups = WorkerViews(self.board, lambda: self.state, None, lambda: self.now).metrics()
        (found,) = [g for g in groups if g.group == group and g.tags == tags]
        return found.metrics | {"age": found.age_seconds}

    def of_task(self, group: str) -> dict[str, Any]:
        return self.shown(group, connector="c", task="0")


def test_counters_of_a_source_are_shown_under_the_names_of_kafka_connect() -> None:
    rig = Rig()
    rig.start()
    rig.became(State.RUNNING)
    counters = SourceCounters(polled=500, written=400, errors=ErrorCounters(retries=3))
    counters.batch(500, 20)
    counters.commit(7, ok=True)
    rig.now += 10
    rig.counted(counters)
    found = rig.of_task("source-task-metrics")
    assert (found["source-record-poll-total"], found["source-record-poll-rate"]) == (500, 50)
    assert (found["source-record-write-total"], found["poll-batch-max-time-ms"]) == (400, 20)
    assert rig.of_task("task-error-metrics")["total-retries"] == 3
    common = rig.of_task("connector-task-metrics")
    assert (common["status"], common["running-ratio"]) == ("running", 1.0)
    assert (common["batch-size-max"], common["batch-size-avg"]) == (500, 500)
    assert common["offset-commit-success-percentage"] == 1
    assert common["task-class"] == "acme.Task"
    assert common["key-converter-class"] == STRING
    assert rig.shown("connector-transform-metrics", connector="c", task="0", transform="route")


def test_a_source_that_is_exactly_once_shows_the_sizes_of_its_transactions() -> None:
    rig = Rig()
    rig.start()
    counters = SourceCounters()
    rig.counted(counters)
    assert "transaction-size-max" not in rig.of_task("source-task-metrics")
    for size in (10, 2, 6):
        counters.transaction(size)
    rig.now += 1
    rig.counted(counters)
    found = rig.of_task("source-task-metrics")
    assert [found[f"transaction-size-{each}"] for each in ("min", "max", "avg")] == [2, 10, 6]


def test_counters_of_a_sink_are_shown_likewise() -> None:
    rig = Rig()
    rig.start(connector__class="FileStreamSink", transforms="")
    counters = SinkCounters(read=30, sent=20, partitions=4, commit_seq_no=9)
    counters.batch(20, 5)
    rig.now += 10
    rig.counted(counters)
    found = rig.of_task("sink-task-metrics")
    assert (found["sink-record-read-total"], found["sink-record-send-rate"]) == (30, 2)
    assert (found["partition-count"], found["offset-commit-seq-no"]) == (4, 9)
    assert rig.of_task("connector-task-metrics")["connector-type"] == "sink"


def test_every_name_is_one_that_kafka_connect_has() -> None:
    rig = Rig()
    rig.state = replace(rig.state, settings=replace(rig.state.settings, distributed=True))
    rig.start()
    rig.hosts.send(StartConnector("c", 1, SOURCE, TargetState.STARTED))
    known = {(metric.group, metric.name) for metric in METRICS}
    groups = WorkerViews(rig.board, lambda: rig.state).metrics()
    assert len(groups) == 8
    assert {(g.group, name) for g in groups for name in g.metrics} <= known


def test_a_host_that_is_silent_leaves_the_last_values_and_their_age() -> None:
    rig = Rig()
    rig.start()
    assert rig.of_task("source-task-metrics")["age"] is None
    rig.now += 5
    rig.counted(SourceCounters(polled=10))
    rig.now += 60
    found = rig.of_task("source-task-metrics")
    assert (found["source-record-poll-total"], found["age"]) == (10, 60)
    assert found["source-record-poll-rate"] == 2
    rig.board.measured([], [TASK])
    assert rig.of_task("source-task-metrics")["age"] == 0


def test_words_of_an_earlier_start_do_not_count() -> None:
    rig = Rig()
    rig.start(1)
    rig.start(2)
    rig.counted(SourceCounters(polled=10), incarnation=1)
    rig.became(State.FAILED, incarnation=1)
    assert rig.of_task("source-task-metrics")["source-record-poll-total"] == 0
    assert rig.of_task("connector-task-metrics")["status"] == "unassigned"
    rig.board.reported(TaskStopped(TASK, 1))
    assert rig.board.counts() == (0, 1)
    rig.board.reported(TaskStopped(TASK, 2))
    assert rig.board.counts() == (0, 0)


def test_the_time_in_a_state_is_a_share_of_all_time() -> None:
    rig = Rig()
    rig.start()
    rig.became(State.RUNNING)
    rig.now += 30
    rig.became(State.PAUSED)
    rig.now += 10
    found = rig.of_task("connector-task-metrics")
    assert (found["running-ratio"], found["pause-ratio"]) == (0.75, 0.25)


def test_starts_are_counted_by_what_became_of_them() -> None:
    rig = Rig()
    for incarnation, state in ((1, State.RUNNING), (2, State.FAILED), (3, State.PAUSED)):
        rig.start(incarnation)
        rig.became(state, incarnation)
        rig.became(State.FAILED, incarnation)
    rig.hosts.send(StartConnector("c", 1, SOURCE, TargetState.STARTED))
    rig.board.reported(ConnectorChanged("c", 1, State.RUNNING))
    found = rig.shown("connect-worker-metrics")
    assert found["task-startup-attempts-total"] == 3
    assert (found["task-startup-success-total"], found["task-startup-failure-total"]) == (2, 1)
    assert (found["connector-count"], found["connector-startup-success-percentage"]) == (1, 1)
    assert rig.shown("connector-metrics", connector="c")["status"] == "running"
    per_connector = rig.shown("connect-worker-metrics", connector="c")
    assert per_connector["connector-failed-task-count"] == 1
    rig.board.reported(ConnectorStopped("c", 1))
    assert rig.shown("connect-worker-metrics")["connector-count"] == 0


def test_a_member_of_a_group_shows_its_rebalances() -> None:
    rig = Rig()
    rig.state = replace(
        STATE,
        settings=replace(STATE.settings, distributed=True),
        membership=Membership(leader_url="http://a/", generation=7, joining=False, version=2),
        rebalances=Rebalances(2, ended=90.0, seconds_max=3.0, seconds_total=4.0),
    )
    found = rig.shown("connect-worker-rebalance-metrics")
    assert (found["connect-protocol"], found["epoch"], found["rebalancing"]) == ("SESSIONED", 7, 0)
    assert (found["rebalance-max-time-ms"], found["rebalance-avg-time-ms"]) == (3000, 2000)
    assert found["time-since-last-rebalance-ms"] == 10_000


class Views:
    """A task that is stuck."""

    def hosts(self) -> list[HostView]:
        return []

    def tasks(self) -> list[TaskView]:
        call = CallView("acme.Task.poll", 400.0, True)
        return [TaskView("c-0", "RUNNING", 1, call, 2, 1, LastError("gone", 12.5))]


def test_stuck_tasks_and_restarts_to_come_are_metrics_and_in_the_view_of_tasks() -> None:
    local = {"c": Local({0: Instance(5, 1, TargetState.STARTED)})}
    healing = {"c": {0: Healing((90.0,), 5, due=130.5, most=10)}}
    state = replace(STATE, local=local, healing=healing)
    views = WorkerViews(MetricsBoard(Registry.builtin()), lambda: state, Views())
    (ours,) = [group for group in views.metrics() if group.group == OURS]
    assert (ours.metrics["stuck"], ours.metrics["plugin-call-seconds"]) == (1, 400)
    assert (ours.metrics["healing-restarts"], ours.metrics["healing-restarts-max"]) == (1, 10)
    assert ours.metrics["healing-next-restart-timestamp"] == 130_500
    (task,) = views.tasks()
    assert task.healing is not None
    assert (task.healing.restarts, task.healing.next_at, task.healing.gave_up) == (1, 130.5, None)
