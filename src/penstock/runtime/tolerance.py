"""One operation on one record: try again, tolerate or fail, and remember what happened."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from penstock.runtime.counters import ErrorCounters
from penstock.runtime.marks import mark
from penstock.runtime.ports import Clock
from penstock.runtime.retries import delay_ms, draw_below
from penstock.sdk.errors import ConnectError, RetriableError

T = TypeVar("T")

FATAL = (RecursionError, MemoryError)  # what Java calls an Error is nobody's record's fault


class StoppedError(Exception):
    """The task is to stop, and a record that waited for its next attempt is as it was before."""


class Stage(enum.Enum):
    """The steps of a record's way; the names stand in logs and dead letters."""

    TASK_POLL = "TASK_POLL"
    TASK_PUT = "TASK_PUT"
    TRANSFORMATION = "TRANSFORMATION"
    KEY_CONVERTER = "KEY_CONVERTER"
    VALUE_CONVERTER = "VALUE_CONVERTER"
    HEADER_CONVERTER = "HEADER_CONVERTER"
    KAFKA_PRODUCE = "KAFKA_PRODUCE"
    KAFKA_CONSUME = "KAFKA_CONSUME"


_TOLERANT = frozenset(
    (Stage.TRANSFORMATION, Stage.KEY_CONVERTER, Stage.VALUE_CONVERTER, Stage.HEADER_CONVERTER)
)


class Tolerance(enum.Enum):
    """Whether a bad record is skipped; the values are those of `errors.tolerance`."""

    NONE = "none"
    ALL = "all"


@dataclass(slots=True)
class ErrorContext:
    """What is being done to a record, and how it went."""

    record: Any = None
    stage: Stage | None = None
    class_name: str | None = None
    error: Exception | None = None
    attempt: int = 0
    failed: bool = False
    before: Sequence[Any] = ()  # what a source's record had become before the failing stage

    def at(self, stage: Stage, class_name: str | None) -> None:
        self.stage = stage
        self.class_name = class_name


class Waiter(Protocol):
    """The part of `Control` that a retry needs."""

    def wait(self, seconds: float) -> bool: ...


class Operator:
    """Runs operations with the retries and the tolerance a connector is configured with."""

    def __init__(
        self,
        tolerance: Tolerance,
        clock: Clock,
        waiter: Waiter,
        *,
        retry_timeout_ms: int = 0,
        retry_delay_max_ms: int = 60_000,
        counters: ErrorCounters | None = None,
        draw: Callable[[int], int] = draw_below,
    ) -> None:
        self.tolerance = tolerance
        self.counters = counters or ErrorCounters()
        self._clock = clock
        self._waiter = waiter
        self._retry_timeout_ms = retry_timeout_ms
        self._retry_delay_max_ms = retry_delay_max_ms
        self._draw = draw
        self._failed = False

    @property
    def within_tolerance(self) -> bool:
        return self.tolerance is Tolerance.ALL or not self._failed

    def execute(
        self,
        context: ErrorContext,
        stage: Stage,
        class_name: str | None,
        operation: Callable[[], T],
    ) -> T | None:
        """What `operation` returns, or None when the record is to be skipped.

        Raises `StoppedError` if the task is to stop before it is known which of them.
        """
        if context.failed:
            return None
        context.at(stage, class_name)
        try:
            return self._retried(context, operation)
        except (*FATAL, StoppedError):
            raise
        except RetriableError as error:
            self._fail(context, error)
        except Exception as error:
            self._fail(context, error)
            if stage not in _TOLERANT:
                unhandled = ConnectError("Unhandled exception in error handler")
                mark(unhandled, context)
                raise unhandled from error
        self.check(context.error, context)
        self.counters.skipped += 1
        return None

    def check(self, error: BaseException | None, context: ErrorContext | None = None) -> None:
        """Raise when more went wrong than is tolerated."""
        if not self.within_tolerance:
            exceeded = ConnectError("Tolerance exceeded in error handler")
            if context is not None:
                mark(exceeded, context)
            raise exceeded from error

    def reject(self, context: ErrorContext, error: Exception) -> None:
        """Count a record that somebody else found to be bad."""
        self.counters.failures += 1
        self._fail(context, error)

    def _fail(self, context: ErrorContext, error: Exception) -> None:
        context.error = error
        context.failed = self._failed = True
        self.counters.errors += 1
        self.counters.last_error_ms = self._clock.now_ms()

    def _retried(self, context: ErrorContext, operation: Callable[[], T]) -> T:
        context.attempt = 0
        started = self._clock.now_ms()
        while True:
            context.attempt += 1
            try:
                return operation()
            except FATAL:
                raise
            except RetriableError:
                self.counters.failures += 1
                if not self._wait_for_retry(context, started):
                    raise
                self.counters.retries += 1
            except Exception:
                self.counters.failures += 1
                raise

    def _wait_for_retry(self, context: ErrorContext, started: int) -> bool:
        """False when there is no next attempt."""
        remaining: int | None = None
        if self._retry_timeout_ms >= 0:
            remaining = started + self._retry_timeout_ms - self._clock.now_ms()
            if remaining <= 0:
                return False
        delay = delay_ms(context.attempt, self._retry_delay_max_ms, remaining, self._draw)
        if self._waiter.wait(max(0, delay) / 1000):
            raise StoppedError("The task is to stop; the record is processed after its next start.")
        return True
