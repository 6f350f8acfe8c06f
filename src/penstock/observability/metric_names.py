"""Group, name and tags of every metric a worker has, as Java's JMX domain `kafka.connect` shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricName:
    """One metric; a value exists per combination of tag values."""

    group: str
    name: str
    tags: tuple[str, ...]


_CONNECTOR = ("connector",)
_TASK = ("connector", "task")

_GROUPS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("connector-metrics", _CONNECTOR, "status connector-type connector-class connector-version"),
    (
        "connector-task-metrics",
        _TASK,
        """status running-ratio pause-ratio offset-commit-max-time-ms offset-commit-avg-time-ms
        batch-size-max batch-size-avg offset-commit-failure-percentage
        offset-commit-success-percentage connector-class connector-version connector-type
        task-class task-version key-converter-class value-converter-class key-converter-version
        value-converter-version header-converter-class header-converter-version""",
    ),
    ("connector-transform-metrics", (*_TASK, "transform"), "transform-class transform-version"),
    ("connector-predicate-metrics", (*_TASK, "predicate"), "predicate-class predicate-version"),
    (
        "source-task-metrics",
        _TASK,
        """source-record-poll-rate source-record-poll-total source-record-write-rate
        source-record-write-total poll-batch-max-time-ms poll-batch-avg-time-ms
        source-record-active-count source-record-active-count-max source-record-active-count-avg
        transaction-size-min transaction-size-max transaction-size-avg""",
    ),
    (
        "sink-task-metrics",
        _TASK,
        """sink-record-read-rate sink-record-read-total sink-record-send-rate
        sink-record-send-total sink-record-lag-max partition-count offset-commit-seq-no
        offset-commit-completion-rate offset-commit-completion-total offset-commit-skip-rate
        offset-commit-skip-total put-batch-max-time-ms put-batch-avg-time-ms
        sink-record-active-count sink-record-active-count-max sink-record-active-count-avg""",
    ),
    (
        "connect-worker-metrics",
        (),
        """connector-count task-count connector-startup-attempts-total
        connector-startup-success-total connector-startup-success-percentage
        connector-startup-failure-total connector-startup-failure-percentage
        task-startup-attempts-total task-startup-success-total task-startup-success-percentage
        task-startup-failure-total task-startup-failure-percentage""",
    ),
    (
        "connect-worker-metrics",
        _CONNECTOR,
        """connector-total-task-count connector-running-task-count connector-paused-task-count
        connector-failed-task-count connector-unassigned-task-count connector-destroyed-task-count
        connector-restarting-task-count""",
    ),
    (
        "connect-worker-rebalance-metrics",
        (),
        """connect-protocol leader-name epoch completed-rebalances-total rebalancing
        rebalance-max-time-ms rebalance-avg-time-ms time-since-last-rebalance-ms""",
    ),
    (
        "task-error-metrics",
        _TASK,
        """total-record-failures total-record-errors total-records-skipped total-retries
        total-errors-logged deadletterqueue-produce-requests deadletterqueue-produce-failures
        last-error-timestamp""",
    ),
)


def _listed() -> Iterator[MetricName]:
    for group, tags, names in _GROUPS:
        for name in names.split():
            yield MetricName(group, name, tags)


METRICS: tuple[MetricName, ...] = tuple(_listed())
