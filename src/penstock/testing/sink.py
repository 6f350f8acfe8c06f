"""Run a sink task by hand: no worker, no broker."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from penstock.runtime.contexts import SinkTaskContext
from penstock.sdk.config import config_class
from penstock.sdk.errors import RetriableError, RetryLater
from penstock.sdk.record import SinkRecord, TimestampType, TopicPartition
from penstock.sdk.sink import SinkConnector, SinkTask
from penstock.testing.source import task_configs
from penstock.testing.time import ManualControl


class SinkRun:
    """A started sink task with one assigned partition; what it asks of its context is noted."""

    def __init__(self, topic: str, control: ManualControl, *, tolerate: bool) -> None:
        self.task: SinkTask[Any]
        self.control = control
        self.partition = TopicPartition(topic, 0)
        self.rejected: list[tuple[SinkRecord, Exception]] = []
        self.retries: list[RetriableError] = []
        self.rewinds: list[dict[TopicPartition, int]] = []
        self.paused: set[TopicPartition] = set()
        self.commit_requested = False
        self.next_offset = 0
        self._assignment = {self.partition}
        self._tolerate = tolerate

    def record(self, value: Any, **more: Any) -> SinkRecord:
        """The next record of the partition; `more` are fields of `SinkRecord`."""
        topic, number = self.partition
        place: dict[str, Any] = {"topic": topic, "partition": number, "offset": self.next_offset}
        original = {f"original_{name}": at for name, at in place.items()}
        self.next_offset += 1
        fields: dict[str, Any] = {"value": value, "timestamp_type": TimestampType.CREATE_TIME}
        return SinkRecord(**(fields | place | original | more))

    def put(self, *values: Any, **more: Any) -> None:
        """Put records of these values, in one batch."""
        self.put_records([self.record(value, **more) for value in values])

    def put_records(self, records: Sequence[SinkRecord], attempts_max: int = 10) -> None:
        """Put a batch, again and again while the task asks for it; the waiting costs no time."""
        for _ in range(attempts_max - 1):
            try:
                return self.task.put(records)
            except RetriableError as error:
                self.retries.append(error)
                self.control.wait(error.after_seconds if isinstance(error, RetryLater) else 1.0)
        return self.task.put(records)

    def commit(self) -> Mapping[TopicPartition, int]:
        """The offsets the task says are safe, of all that was put."""
        return self.task.pre_commit({self.partition: self.next_offset})

    # What the task's context acts on --------------------------------------------------------------

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self._assignment)

    def rewind(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.rewinds.append(dict(offsets))

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Sequence[TopicPartition]) -> None:
        self.paused -= set(partitions)

    def request_commit(self) -> None:
        self.commit_requested = True

    def wake_after(self, seconds: float) -> None:
        """Nothing here waits."""

    def reject(self, record: SinkRecord, error: Exception) -> None:
        self.rejected.append((record, error))
        if not self._tolerate:
            raise error


@contextmanager
def run_sink(
    connector: type[SinkConnector[Any]],
    properties: Mapping[str, Any],
    *,
    topic: str = "test",
    task: int = 0,
    tolerate: bool = True,
) -> Generator[SinkRun]:
    """A task of the connector, started, with partition 0 of `topic` opened.

    Rejected records are found in `rejected`; without `tolerate` they fail the put.
    """
    control = ManualControl()
    given = task_configs(connector, {"topics": topic} | dict(properties), task + 1)[task]
    context = SinkTaskContext("test", task, given, control)
    run = SinkRun(topic, control, tolerate=tolerate)
    context.bind(run)
    run.task = made = connector.task(config_class(connector.task).parse(given), context)
    try:
        made.start()
        made.open([run.partition])
        yield run
        made.revoke([run.partition])
    finally:
        made.close()
