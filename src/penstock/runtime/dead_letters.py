"""Records that nobody could use: sent on as they came, with the reason in their headers."""

from __future__ import annotations

import logging

from penstock.runtime.consumed import Consumed
from penstock.runtime.counters import ErrorCounters
from penstock.runtime.error_text import error_message, trace_text
from penstock.runtime.ports import DeadLetters, Headers
from penstock.runtime.tolerance import ErrorContext
from penstock.sdk.errors import java_class

log = logging.getLogger(__name__)

PREFIX = "__connect.errors."


class NullPointerError(Exception):
    """Something was expected where there was nothing."""

    java_class = "java.lang.NullPointerException"


def error_headers(
    context: ErrorContext, record: Consumed | None, connector: str, task: int
) -> Headers:
    """The headers that say what happened to a record, to be put after its own."""
    if context.class_name is None or context.stage is None:
        raise NullPointerError("The stage and class that failed are not known.")
    texts: list[tuple[str, str | None]] = []
    if record is not None:
        texts += [
            ("topic", record.topic),
            ("partition", str(record.partition)),
            ("offset", str(record.offset)),
        ]
    texts += [
        ("connector.name", connector),
        ("task.id", str(task)),
        ("stage", context.stage.value),
        ("class.name", context.class_name),
    ]
    if context.error is not None:
        texts += [
            ("exception.class.name", java_class(context.error)),
            ("exception.message", error_message(context.error)),
            ("exception.stacktrace", trace_text(context.error)),
        ]
    return [(PREFIX + name, _utf8(text)) for name, text in texts]


def _utf8(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "replace")


class DeadLetterReporter:
    """Sends the raw form of bad records to the dead letter topic. Never fails a task."""

    def __init__(
        self,
        letters: DeadLetters,
        connector: str,
        task: int,
        counters: ErrorCounters,
        *,
        with_headers: bool,
    ) -> None:
        self._letters = letters
        self._connector = connector
        self._task = task
        self._counters = counters
        self._with_headers = with_headers

    def report(self, context: ErrorContext) -> None:
        record = context.record
        if not isinstance(record, Consumed):
            return
        headers = list(record.headers or ())
        if self._with_headers:
            headers += error_headers(context, record, self._connector, self._task)
        self._counters.dead_letters += 1
        try:
            self._letters.send(record.key, record.value, record.timestamp, headers)
        except Exception:
            self._counters.dead_letter_failures += 1
            log.exception("Could not write %s to the dead letter topic", record)

    def flush(self, seconds: float) -> None:
        self._letters.flush(seconds)

    def close(self) -> None:
        self._letters.close()

    def cancel(self) -> None:
        self._letters.cancel()
