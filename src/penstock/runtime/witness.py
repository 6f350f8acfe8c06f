"""Turns an exception into an account of what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from penstock.runtime.consumed import Consumed
from penstock.runtime.error_events import ErrorEvent
from penstock.runtime.error_text import error_message
from penstock.runtime.hints import advice
from penstock.runtime.hints.model import Clues
from penstock.runtime.marks import marked
from penstock.runtime.source_letters import source_json
from penstock.runtime.tolerance import ErrorContext, Stage
from penstock.sdk.errors import ConnectError, RetriableError, java_class
from penstock.sdk.record import SourceRecord

CAUSE_MAX = 1000
_CAUSES_MAX = 20
_WRAPPERS = frozenset(
    (
        "Tolerance exceeded in error handler",
        "Unhandled exception in error handler",
        "Exiting WorkerSinkTask due to unrecoverable exception.",
        "Unrecoverable exception from producer send callback",
    )
)


class Witness:
    """Whose errors they are: makes events for one task, or for a connector without number."""

    def __init__(self, connector: str, task: int | None, config: Mapping[str, str]) -> None:
        self._connector = connector
        self._task = task
        self._config = config

    def event(
        self, error: BaseException, now_ms: int, context: ErrorContext | None = None
    ) -> ErrorEvent:
        """The account of an error. Never raises."""
        chain = list(_chain(error))
        found: ErrorContext | None = context or marked(chain)
        context = found or ErrorContext()
        told = _telling(chain)
        clues = Clues(
            chain,
            None if context.stage is None else context.stage.value,
            context.class_name,
            self._config,
            _payload(found),
        )
        advised = advice(clues)
        return ErrorEvent(
            self._connector,
            self._task,
            java_class(told[0]),
            _cause(told),
            now_ms,
            clues.stage,
            context.class_name,
            **_place(context.record),
            field=None if advised is None else advised.field,
            hint=None if advised is None else advised.hint,
            remedy=None if advised is None else advised.remedy,
            retriable=any(isinstance(each, RetriableError) for each in chain),
        )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes, as a trace shows them."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _CAUSES_MAX:
        yield current
        seen.add(id(current))
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden


def _cause(told: Sequence[BaseException]) -> str:
    """In one line; a message that ends in a colon goes on in the next error's."""
    with suppress(Exception):  # a plugin's exception may have any `__str__`
        texts = [error_message(error) or type(error).__name__ for error in told[:2]]
        text = " ".join(" ".join(texts if texts[0].rstrip().endswith(":") else texts[:1]).split())
        return text if len(text) <= CAUSE_MAX else text[: CAUSE_MAX - 1] + "…"
    return type(told[0]).__name__


def _telling(chain: Sequence[BaseException]) -> Sequence[BaseException]:
    """Without the errors that only say that there was another one."""
    for at, error in enumerate(chain):
        if not (type(error) is ConnectError and str(error) in _WRAPPERS):
            return chain[at:]
    return chain[-1:]


def _payload(context: ErrorContext | None) -> bytes | None:
    """The bytes that the converter at work was given."""
    if context is None or not isinstance(context.record, Consumed):
        return None
    record = context.record
    return {Stage.KEY_CONVERTER: record.key, Stage.VALUE_CONVERTER: record.value}.get(
        context.stage or Stage.TASK_PUT
    )


def _place(record: Any) -> dict[str, Any]:
    if isinstance(record, Consumed):
        return {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    if isinstance(record, SourceRecord):
        return {
            "topic": record.topic,
            "partition": record.partition,
            "source_partition": source_json(record.source_partition),
            "source_offset": source_json(record.source_offset),
        }
    return {}
