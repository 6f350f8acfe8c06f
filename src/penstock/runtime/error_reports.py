"""What is said about a bad record in the log, and to whom else."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from penstock.runtime.consumed import Consumed
from penstock.runtime.counters import ErrorCounters
from penstock.runtime.ports import Clock, TaskEvents
from penstock.runtime.tolerance import ErrorContext
from penstock.runtime.witness import Witness
from penstock.sdk.record import Record, TimestampType
from penstock.sdk.record_text import record_text

log = logging.getLogger(__name__)

EVENTS_EVERY_MS = 1000


class Reporter(Protocol):
    """Hears of every record that failed."""

    def report(self, context: ErrorContext) -> None: ...

    def flush(self, seconds: float) -> bool:
        """Wait for what is outstanding; False if something is left. Raises as `check` does."""
        ...

    def check(self) -> None:
        """Raise if something can never be reported, so that the record would be lost."""
        ...

    def close(self) -> None: ...
    def cancel(self) -> None: ...


def log_message(context: ErrorContext, task: str, *, with_record: bool) -> str:
    """The line that is logged about a failed record."""
    stage = "null" if context.stage is None else context.stage.value
    name = "null" if context.class_name is None else context.class_name
    text = f"Error encountered in task {task}. Executing stage '{stage}' with class '{name}'"
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

    def __init__(
        self,
        task: str,
        counters: ErrorCounters,
        *,
        with_record: bool,
        witness: Witness | None = None,
    ) -> None:
        self._task = task
        self._witness = witness
        self._counters = counters
        self._with_record = with_record

    def report(self, context: ErrorContext) -> None:
        self._counters.logged += 1
        line = log_message(context, self._task, with_record=self._with_record)
        log.error("%s%s", line, self._remedy(context), exc_info=context.error)

    def _remedy(self, context: ErrorContext) -> str:
        """Behind what Java logs, what helps."""
        if self._witness is None or context.error is None:
            return ""
        remedy = self._witness.event(context.error, 0, context).remedy
        return "" if remedy is None else f" What helps: {remedy}"

    def flush(self, seconds: float) -> bool:
        """Nothing is outstanding."""
        return True

    def check(self) -> None:
        """What was logged is logged."""

    def close(self) -> None:
        """There is nothing to release."""

    def cancel(self) -> None:
        """Logging is harmless."""


class EventReporter:
    """Tells the host of failed records, once a second at most; always of the first."""

    def __init__(self, witness: Witness, events: TaskEvents, clock: Clock) -> None:
        self._witness = witness
        self._events = events
        self._clock = clock
        self._next_ms: int | None = None

    def report(self, context: ErrorContext) -> None:
        now = self._clock.now_ms()
        if context.error is None or (self._next_ms is not None and now < self._next_ms):
            return
        self._next_ms = now + EVENTS_EVERY_MS
        wall_clock = time.time_ns() // 1_000_000
        self._events.erred(self._witness.event(context.error, wall_clock, context))


class Reporters:
    """All reporters of a task; false if none of them wants to see records."""

    def __init__(
        self, reporters: Sequence[Reporter] = (), events: EventReporter | None = None
    ) -> None:
        self._reporters = reporters
        self._events = events

    def __bool__(self) -> bool:
        return bool(self._reporters)

    def report(self, context: ErrorContext) -> None:
        if self._events is not None:
            self._events.report(context)
        for reporter in self._reporters:
            reporter.report(context)

    def flush(self, seconds: float) -> bool:
        flushed = [reporter.flush(seconds) for reporter in self._reporters]
        return all(flushed)

    def check(self) -> None:
        for reporter in self._reporters:
            reporter.check()

    def close(self) -> None:
        for reporter in self._reporters:
            reporter.close()

    def cancel(self) -> None:
        """From any thread: nothing is sent from here on."""
        for reporter in self._reporters:
            reporter.cancel()
