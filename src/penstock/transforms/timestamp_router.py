"""TimestampRouter: put the record's time into the name of its topic."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Final, TypeVar, cast

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option
from penstock.sdk.errors import DataError
from penstock.sdk.java_date_format import JavaDateFormat
from penstock.sdk.record import Record, replace
from penstock.sdk.record_text import record_text
from penstock.sdk.transform import Transform
from penstock.transforms.requirements import NullError

R = TypeVar("R", bound=Record)

TOPICS_KEPT: Final = 1024


class TimestampRouterConfig(Config):
    """Settings of TimestampRouter."""

    topic_format: Annotated[
        str,
        Option(
            "The new topic; `${topic}` and `${timestamp}` stand for the old one and the time.",
            Importance.HIGH,
        ),
    ] = "${topic}-${timestamp}"
    timestamp_format: Annotated[
        str,
        Option("How the time is written: a pattern of Java's SimpleDateFormat.", Importance.HIGH),
    ] = "yyyyMMdd"


class TimestampRouter(Transform[TimestampRouterConfig]):
    """Renames topics by the time of each record, in UTC."""

    def __init__(self, config: TimestampRouterConfig) -> None:
        super().__init__(config)
        self._format: JavaDateFormat | None = None
        self._unit_ms = 1
        self._renamed = lru_cache(maxsize=TOPICS_KEPT)(self._new_topic)

    def apply(self, records: Sequence[R]) -> list[R]:
        for record in records:
            if record.timestamp is None:
                raise DataError(f"Timestamp missing on record: {record_text(record)}")
        self._prepare()
        renamed, unit = self._renamed, self._unit_ms
        return [replace(r, topic=renamed(r.topic, (r.timestamp or 0) // unit)) for r in records]

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        timestamps = batch.column("timestamp")
        if None in timestamps:
            return None
        self._prepare()
        unit = self._unit_ms
        units = [timestamp // unit for timestamp in timestamps]
        return batch.replaced(topic=list(map(self._renamed, batch.column("topic"), units)))

    def _prepare(self) -> None:
        """Make the format with the first batch: a pattern that is none fails records."""
        if self._format is not None:
            return
        pattern = cast("str | None", self.config.timestamp_format)
        if pattern is None:
            raise NullError(None)
        self._format = JavaDateFormat(pattern)
        self._unit_ms = self._format.unit_ms

    def _new_topic(self, topic: str | None, units: int) -> str:
        form = self._format
        if form is None or topic is None:
            raise NullError("The record has no topic to put into the new one.")
        time = form.format(units * self._unit_ms)
        template = self.config.topic_format.replace("${topic}", topic)
        return template.replace("${timestamp}", time)
