"""errors.jsonl: retries, tolerance, dead letter headers, log lines."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from penstock.runtime.consumed import Consumed
from penstock.runtime.dead_letters import error_headers
from penstock.runtime.error_reports import log_message
from penstock.runtime.retries import delay_ms
from penstock.runtime.tolerance import ErrorContext, Operator, Stage, Tolerance
from penstock.sdk.errors import ConnectError, DataError, RetriableError, java_class
from penstock.sdk.headers import header
from penstock.sdk.record import Record, SinkRecord, SourceRecord, TimestampType
from penstock.sdk.record_text import record_text
from tests.conformance.runner import Case, described
from tests.conformance.runner import same as runner_same
from tests.conformance.values import schema_in, value_in

_OURS = {kind.java_class: kind for kind in (ConnectError, DataError, RetriableError)} | {
    "java.lang.StackOverflowError": RecursionError,
    "java.lang.OutOfMemoryError": MemoryError,
}


def _error(name: str | None, message: str | None) -> Exception | None:
    if name is None:
        return None
    kind = _OURS.get(name) or type(name.rpartition(".")[2], (Exception,), {"java_class": name})
    return kind() if message is None else kind(message)


class FakeTime:
    def __init__(self) -> None:
        self.now = 0
        self.waits: list[int] = []

    def now_ms(self) -> int:
        return self.now

    def wait(self, seconds: float) -> bool:
        self.waits.append(round(seconds * 1000))
        self.now += round(seconds * 1000)
        return False


def _backoff(case: Case) -> Any:
    bounds: list[int] = []

    def draw(bound: int) -> int:
        bounds.append(bound)
        return bound - 1

    delay = delay_ms(case["attempt"], case["maxDelayMs"], case["deadlineIn"], draw)
    if bounds and delay == bounds[0] - 1 and bounds[0] > 1:
        return {"uniformFrom": 0, "uniformBelow": bounds[0]}
    return {"delayMs": delay}


def _retry(case: Case) -> Any:
    time = FakeTime()
    calls = 0

    def operation() -> str:
        nonlocal calls
        outcome = case["outcomes"][min(calls, len(case["outcomes"]) - 1)]
        calls += 1
        time.now += case.get("callTakesMs", 0)
        error = _error(outcome, "failure")
        if error is not None:
            raise error
        return "value"

    operator = Operator(
        Tolerance(case["tolerance"].lower()),
        time,
        time,
        retry_timeout_ms=case["retryTimeoutMs"],
        retry_delay_max_ms=case["maxDelayMs"],
    )
    context = ErrorContext()
    answer: dict[str, Any] = {}
    try:
        answer["result"] = operator.execute(context, Stage(case["stage"]), "x", operation)
    except Exception as error:
        answer["thrown"] = described(error)
        if error.__cause__ is not None:
            answer["thrown"]["cause"] = described(error.__cause__)
    if context.error is not None:
        answer["contextError"] = java_class(context.error)
    return answer | {
        "calls": calls,
        "attempt": context.attempt,
        "failed": context.failed,
        "waits": time.waits,
        "withinTolerance": operator.within_tolerance,
    }


def _consumed(shown: dict[str, Any] | None) -> Consumed | None:
    if shown is None:
        return None
    kind = TimestampType[shown.get("timestampType", "CREATE_TIME")]
    key, value = (
        None if shown[name] is None else base64.b64decode(shown[name]) for name in ("key", "value")
    )
    return Consumed(
        shown["topic"],
        shown["partition"],
        shown["offset"],
        shown["timestamp"],
        kind,
        key,
        value,
        None,
    )


def _context(case: Case, record: object) -> ErrorContext:
    error = _error(case.get("exception"), case.get("message"))
    return ErrorContext(record, Stage(case["stage"]), case["executingClass"], error)


def _dlq_headers(case: Case) -> Any:
    record = _consumed(case["record"])
    name, task = case["task"]
    headers = error_headers(_context(case, record), record, name, task)
    return {"headers": [[k, None if v is None else v.decode()] for k, v in headers]}


def _log_message(case: Case) -> Any:
    sink = case["kind"] == "sink"
    record = _consumed(case["record"]) if sink else _record(case["record"])
    name, task = case["task"]
    with_record = case["includeMessages"] == "true"
    return {"text": log_message(_context(case, record), f"{name}-{task}", with_record=with_record)}


def _record(shown: dict[str, Any]) -> Record:
    key_schema, value_schema = schema_in(shown.get("keySchema")), schema_in(shown["valueSchema"])
    common: dict[str, Any] = {
        "topic": shown["topic"],
        "partition": shown.get("partition"),
        "key": value_in(shown.get("key"), key_schema),
        "key_schema": key_schema,
        "value": value_in(shown["value"], value_schema),
        "value_schema": value_schema,
        "timestamp": shown.get("timestamp"),
        "headers": tuple(
            header(key, value_in(value, schema_in(schema)), schema_in(schema))
            for key, schema, value in shown.get("headers", ())
        ),
    }
    if shown.get("kind") != "sink":
        return SourceRecord(**common, source_partition={"p": 1}, source_offset={"o": 1})
    timed = common["timestamp"] is not None
    return SinkRecord(
        **common,
        offset=shown["offset"],
        timestamp_type=TimestampType.CREATE_TIME if timed else TimestampType.NO_TIMESTAMP_TYPE,
        original_topic=shown["topic"],
        original_partition=shown["partition"],
        original_offset=shown["offset"],
    )


_OPERATIONS: dict[str, Callable[[Case], Any]] = {
    "backoff": _backoff,
    "retry": _retry,
    "dlqHeaders": _dlq_headers,
    "logMessage": _log_message,
    "recordToString": lambda case: {"text": record_text(_record(case["record"]))},
}


def run(case: Case) -> Any:
    return _OPERATIONS[case["op"]](case)


def _comparable(answer: Any) -> Any:
    """Identity hashes and the frames of a stack trace differ by nature."""
    if isinstance(answer, dict) and "text" in answer:
        import re

        return answer | {"text": re.sub(r"\[B@[0-9a-f]+", "[B@<hash>", answer["text"])}
    if isinstance(answer, dict) and "headers" in answer:
        trace = "__connect.errors.exception.stacktrace"
        return {"headers": [[k, None if k == trace else v] for k, v in answer["headers"]]}
    return answer


def equal(case: Case, found: Any, wanted: Any) -> bool:
    return runner_same(_comparable(found), _comparable(wanted))
