"""Records that nobody could use: sent on as they came, with the reason in their headers."""

from __future__ import annotations

from penstock.runtime.consumed import Consumed
from penstock.runtime.counters import ErrorCounters
from penstock.runtime.error_text import error_message, trace_text
from penstock.runtime.plugins import Converters
from penstock.runtime.ports import DeadLetters, Headers
from penstock.runtime.source_letters import SourceLetter, source_json, source_letter
from penstock.runtime.tolerance import ErrorContext
from penstock.sdk.errors import ConnectError, java_class
from penstock.sdk.record import SourceRecord

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


def source_headers(letter: SourceLetter) -> Headers:
    """What a source's letters say on top: where the record was for, and where it came from."""
    record = letter.record
    partition = record.partition
    texts = [
        ("topic", record.topic),
        *([] if partition is None else [("partition", str(partition))]),
        ("source.partition", source_json(record.source_partition)),
        ("source.offset", source_json(record.source_offset)),
        ("source.format", letter.format),
    ]
    return [(PREFIX + name, _utf8(text)) for name, text in texts]


def _utf8(text: str | None) -> bytes | None:
    return None if text is None else text.encode("utf-8", "replace")


class DeadLetterReporter:
    """Sends bad records to the dead letter topic; `check` and `flush` raise if that failed.

    `converters` encode the records of a source.
    """

    def __init__(
        self,
        letters: DeadLetters,
        connector: str,
        task: int,
        counters: ErrorCounters,
        *,
        with_headers: bool,
        converters: Converters | None = None,
    ) -> None:
        self._letters = letters
        self._connector = connector
        self._task = task
        self._counters = counters
        self._with_headers = with_headers
        self._converters = converters
        self._failure: Exception | None = None
        self._unsent = 0

    def report(self, context: ErrorContext) -> None:
        record = context.record
        if isinstance(record, Consumed):
            headers = [*(record.headers or ()), *self._reason(context, record)]
            self._send(record.key, record.value, record.timestamp, headers)
        elif isinstance(record, SourceRecord) and self._converters is not None:
            for each in context.before or (record,):
                self._send_source(context, source_letter(each, self._converters))

    def _send_source(self, context: ErrorContext, letter: SourceLetter) -> None:
        headers = [*letter.headers, *self._reason(context, None)]
        if self._with_headers:
            headers += source_headers(letter)
        stamp = letter.record.timestamp
        self._send(letter.key, letter.value, stamp if stamp and stamp > 0 else None, headers)

    def _reason(self, context: ErrorContext, record: Consumed | None) -> Headers:
        if not self._with_headers:
            return []
        return error_headers(context, record, self._connector, self._task)

    def _send(
        self, key: bytes | None, value: bytes | None, timestamp: int | None, headers: Headers
    ) -> None:
        self._counters.dead_letters += 1
        try:
            self._letters.send(key, value, timestamp, headers)
        except Exception as error:
            self._failure = self._failure or error
            self._unsent += 1

    def flush(self, seconds: float) -> bool:
        left = self._letters.flush(seconds)
        self.check()
        return left == 0

    def check(self) -> None:
        self._counters.dead_letter_failures = self._unsent + self._letters.failures
        failure = self._failure or self._letters.failure
        if failure is not None:
            raise ConnectError(
                f"A record could not be written to the dead letter queue {self._letters.topic}; "
                "its offset is not committed."
            ) from failure

    def close(self) -> None:
        self._letters.close()

    def cancel(self) -> None:
        self._letters.cancel()
