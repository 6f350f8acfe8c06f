"""What is known of all tasks and connectors of a worker, kept for whoever shows metrics.

It listens to what the control plane tells hosts and to what they report, on whatever thread that
happens; nothing here takes long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, field

from penstock.cluster.catalog import Catalog, PluginKind
from penstock.cluster.host_views import MetricGroup
from penstock.cluster.messages import (
    Command,
    ConnectorChanged,
    ConnectorStopped,
    Report,
    StartConnector,
    StartTask,
    State,
    TaskChanged,
    TaskHosts,
    TaskId,
    TaskStopped,
)
from penstock.observability import task_metrics
from penstock.observability.startups import Startups
from penstock.observability.traits import connector_traits, link_traits, task_traits
from penstock.observability.windows import Window
from penstock.runtime.measures import TaskMeasures

TASKS_MAX = 100_000  # more are not measured
_UP = (State.RUNNING, State.PAUSED)
_CONVERTER_LESS: Mapping[str, str] = {}

Now = Callable[[], float]


class _Task(Struct):
    start: StartTask
    began: float
    state: State = State.UNASSIGNED
    since: float = 0.0
    seconds: dict[State, float] = field(default_factory=dict[State, float])
    window: Window | None = None  # of its counters, once there are some
    heard: float | None = None

    def change(self, state: State, now: float) -> None:
        self.seconds[self.state] = self.seconds.get(self.state, 0.0) + now - self.since
        self.state, self.since = state, now

    def ratio(self, state: State, now: float) -> float:
        """Of the time since its start that it was in this state."""
        spent = self.seconds.get(state, 0.0) + (now - self.since if self.state is state else 0.0)
        return spent / (now - self.began) if now > self.began else 0.0


class _Connector(Struct):
    start: StartConnector
    state: State = State.UNASSIGNED


class MetricsBoard:
    """The metrics of tasks and connectors that run in this worker."""

    def __init__(
        self,
        catalog: Catalog,
        converters: Mapping[str, str] = _CONVERTER_LESS,
        now: Now = time.monotonic,
    ) -> None:
        """`converters` are the worker's, by setting."""
        self._catalog = catalog
        self._converters = converters
        self._now = now
        self._lock = threading.Lock()
        self._tasks: dict[TaskId, _Task] = {}
        self._connectors: dict[str, _Connector] = {}
        self.connector_startups = Startups()
        self.task_startups = Startups()

    def observing(self, hosts: TaskHosts, *others: Callable[[Command], None]) -> TaskHosts:
        """The same hosts; their commands are seen here first, and by others."""
        return _Observed(hosts, (self.commanded, *others))

    # What happens -------------------------------------------------------------------------------

    def commanded(self, command: Command) -> None:
        with self._lock:
            if isinstance(command, StartTask) and len(self._tasks) < TASKS_MAX:
                now = self._now()
                self._tasks[command.id] = _Task(command, now, since=now)
                self.task_startups.attempt((command.id, command.incarnation))
            elif isinstance(command, StartConnector):
                self._connectors[command.connector] = _Connector(command)
                self.connector_startups.attempt((command.connector, command.incarnation))

    def reported(self, report: Report) -> None:
        with self._lock:
            match report:
                case TaskChanged():
                    self.task_startups.became((report.id, report.incarnation), report.state)
                    if task := self._task(report.id, report.incarnation):
                        task.change(report.state, self._now())
                case TaskStopped():
                    self.task_startups.ended((report.id, report.incarnation))
                    if self._task(report.id, report.incarnation):
                        del self._tasks[report.id]
                case ConnectorChanged(name, incarnation, state):
                    self.connector_startups.became((name, incarnation), state)
                    if connector := self._connector(name, incarnation):
                        connector.state = state
                case ConnectorStopped(name, incarnation):
                    self.connector_startups.ended((name, incarnation))
                    if self._connector(name, incarnation):
                        del self._connectors[name]
                case _:
                    pass

    def measured(self, tasks: Sequence[TaskMeasures], known: Sequence[TaskId]) -> None:
        """Counters of some tasks; of the others that are known, nothing is new."""
        with self._lock:
            now = self._now()
            for each in tasks:
                task = self._task(TaskId(each.connector, each.task), each.incarnation)
                if task is not None:
                    task.window = task.window or Window(task.began)
                    task.window.add(now, each.counts)
            for task_id in known:
                if task := self._tasks.get(task_id):
                    task.heard = now
                    if task.window is not None:
                        task.window.seen = now

    def _task(self, task_id: TaskId, incarnation: int) -> _Task | None:
        task = self._tasks.get(task_id)
        return task if task is not None and task.start.incarnation == incarnation else None

    def _connector(self, name: str, incarnation: int) -> _Connector | None:
        found = self._connectors.get(name)
        return found if found is not None and found.start.incarnation == incarnation else None

    # What is shown ------------------------------------------------------------------------------

    def counts(self) -> tuple[int, int]:
        """How many connectors and tasks there are."""
        with self._lock:
            return len(self._connectors), len(self._tasks)

    def states(self) -> dict[str, list[State]]:
        """Of the tasks of each connector."""
        with self._lock:
            found: dict[str, list[State]] = {}
            for task_id, task in self._tasks.items():
                found.setdefault(task_id.connector, []).append(task.state)
            return found

    def metrics(self) -> list[MetricGroup]:
        """Of connectors and tasks, in order of their names."""
        with self._lock:
            now = self._now()
            groups = [self._of_connector(name) for name in sorted(self._connectors)]
            for task_id in sorted(self._tasks):
                groups += self._of_task(task_id, self._tasks[task_id], now)
            return groups

    def _of_connector(self, name: str) -> MetricGroup:
        connector = self._connectors[name]
        traits = connector_traits(self._catalog, connector.start.properties)
        status = connector.state.value.lower()
        return MetricGroup("connector-metrics", {"connector": name}, {"status": status, **traits})

    def _of_task(self, task_id: TaskId, task: _Task, now: float) -> list[MetricGroup]:
        tags = {"connector": task_id.connector, "task": str(task_id.task)}
        config = task.start.connector_properties
        traits = task_traits(self._catalog, config, task.start.task_properties, self._converters)
        sink = traits["connector-type"] == "sink"
        window = task.window or Window(task.began)
        age = None if task.heard is None else round(now - task.heard, 3)
        own: task_metrics.Values = {
            "status": task.state.value.lower(),
            "running-ratio": task.ratio(State.RUNNING, now),
            "pause-ratio": task.ratio(State.PAUSED, now),
            **task_metrics.common_metrics(window, "sent" if sink else "polled"),
            **traits,
        }
        kind, counted = (
            ("sink-task-metrics", task_metrics.sink_metrics(window))
            if sink
            else ("source-task-metrics", task_metrics.source_metrics(window))
        )
        groups = [
            MetricGroup("connector-task-metrics", tags, own, age),
            MetricGroup(kind, tags, counted, age),
            MetricGroup("task-error-metrics", tags, task_metrics.error_metrics(window), age),
        ]
        return groups + self._links(tags, config)

    def _links(self, tags: Mapping[str, str], config: Mapping[str, str]) -> list[MetricGroup]:
        return [
            MetricGroup(f"connector-{word}-metrics", {**tags, word: alias}, dict(values))
            for kind, word in _LINKS
            for alias, values in link_traits(self._catalog, config, kind).items()
        ]


_LINKS = ((PluginKind.TRANSFORMATION, "transform"), (PluginKind.PREDICATE, "predicate"))


class _Observed:
    def __init__(self, hosts: TaskHosts, observers: Sequence[Callable[[Command], None]]) -> None:
        self._hosts = hosts
        self._observers = observers

    def send(self, command: Command) -> None:
        for observer in self._observers:
            observer(command)
        self._hosts.send(command)
