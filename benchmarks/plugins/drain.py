"""A sink that looks at each value and does nothing with it, as Java's `MockSinkConnector`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from penstock.sdk.config import Config
from penstock.sdk.record import SinkRecord
from penstock.sdk.sink import SinkConnector, SinkTask


class DrainTask(SinkTask[Config]):
    """Takes records, not columns: what a task costs that is written without a thought of speed."""

    def put(self, records: Sequence[SinkRecord]) -> None:
        for record in records:
            record.value  # noqa: B018  # pyright: ignore[reportUnusedExpression]


class Drain(SinkConnector[Config]):
    """Takes records and drops them."""

    task = DrainTask

    def task_configs(self, max_tasks: int) -> Sequence[Mapping[str, str]]:
        return [self.config.properties] * max_tasks
