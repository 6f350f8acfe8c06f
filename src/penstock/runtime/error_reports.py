"""What is said about a bad record in the log, and to whom else."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from penstock.runtime.consumed import Consumed
from penstock.runtime.counters import ErrorCounters
from penstock.runtime.error_text import record_text
from penstock.runtime.tolerance import ErrorContext
from penstock.sdk.record import Record, TimestampType

log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Hears of every record that failed."""

    def report(self, context: ErrorContext) -> None: ...
    def flush(self, seconds: float) -> None: ...
    def close(self) -> None: ...
    def cancel(self) -> None: ...


def log_message(context: ErrorContext, task: str, *, with_record: bool) -> str:
    """The line that is logged about a failed record."""
    stage = "null" if context.stage is None else context.stage.value
    text = f"Error encountered in task {task}. Executing stage '{stage}'"
    if context.class_name is not None:
        text += f" with class '{context.class_name}'"
    if with_record:
        text += _where(context.record)
    return text + "."


def _where(record: object) -> str:
    if isinstance(record, Consumed):
        return f", where consumed record is {{{_coordinates(record)}}}"
    if isinstance(record, Record):
        return f", where source record is = {record_text(record)}"
    return ""


def _coordinates(record: Consumed) -> str:
    text = f"topic='{record.topic}', partition={record.partition}, offset={record.offset}"
    if record.timestamp_type is TimestampType.NO_TIMESTAMP_TYPE:
        return text
    return f"{text}, timestamp={record.timestamp}, timestampType={record.timestamp_type.value}"


class LogReporter:
    """Logs failed records, as `errors.log.enable` wants it."""

    def __init__(self, task: str, counters: ErrorCounters, *, with_record: bool) -> None:
        self._task = task
        self._counters = counters
        self._with_record = with_record

    def report(self, context: ErrorContext) -> None:
        self._counters.logged += 1
        log.error(
            log_message(context, self._task, with_record=self._with_record),
            exc_info=context.error,
        )

    def flush(self, seconds: float) -> None:
        """Nothing is outstanding."""

    def close(self) -> None:
        """There is nothing to release."""

    def cancel(self) -> None:
        """Logging is harmless."""


class Reporters:
    """All reporters of a task."""

    def __init__(self, reporters: Sequence[Reporter] = ()) -> None:
        self._reporters = reporters

    def __bool__(self) -> bool:
        return bool(self._reporters)

    def report(self, context: ErrorContext) -> None:
        for reporter in self._reporters:
            reporter.report(context)

    def flush(self, seconds: float) -> None:
        for reporter in self._reporters:
            reporter.flush(seconds)

    def close(self) -> None:
        for reporter in self._reporters:
            reporter.close()

    def cancel(self) -> None:
        """From any thread: nothing is sent from here on."""
        for reporter in self._reporters:
            reporter.cancel()
