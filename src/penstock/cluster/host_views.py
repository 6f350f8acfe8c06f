"""What our own resources show of hosts and of the tasks in them."""

from __future__ import annotations

from typing import Protocol

from penstock.cluster.views import View
from penstock.runtime.error_events import ErrorEvent


class HostView(View, frozen=True):
    """A process in which tasks or connectors run."""

    id: int
    pid: int | None
    use: str  # shared, connectors, alone or questions
    ready: bool
    tainted: bool
    responsive: bool
    memory_mb: float | None
    cpu: float  # cores in use
    threads: int | None
    uptime_seconds: float
    tasks: list[str]
    connectors: list[str]


class LastError(View, frozen=True, omit_defaults=True):
    """The last thing that went wrong with a task; `at` is seconds since 1970."""

    message: str
    at: float
    event: ErrorEvent | None = None


class CallView(View, frozen=True):
    """The call into plugin code that a task is in."""

    what: str
    seconds: float
    stuck: bool


class HealingView(View, frozen=True):
    """Restarts of what failed, within `errors.restart.window.ms`; times are seconds since 1970."""

    restarts: int
    restarts_max: int
    next_at: float | None  # when it is restarted once more
    gave_up: str | None  # why it is not


class TaskView(View, frozen=True):
    """A task that this worker runs, or that failed here together with its host."""

    id: str
    state: str | None
    host: int | None
    call: CallView | None
    restarts: int
    errors: int
    last_error: LastError | None
    healing: HealingView | None = None


class MetricGroup(View, frozen=True):
    """Metrics of one thing, named as in Kafka's JMX domain `kafka.connect`; null: nothing to tell.

    `age_seconds` is how old the numbers of a task are; its host tells them now and then.
    """

    group: str
    tags: dict[str, str]
    metrics: dict[str, str | int | float | None]
    age_seconds: float | None = None


class MetricsView(Protocol):
    """All that is measured; from any thread."""

    def metrics(self) -> list[MetricGroup]: ...


class HostsView(Protocol):
    """What can be told of hosts; calls may take a moment and come from any thread."""

    def hosts(self) -> list[HostView]: ...

    def tasks(self) -> list[TaskView]: ...
