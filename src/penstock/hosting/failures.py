"""Errors in the form in which they leave a host."""

from __future__ import annotations

import time
from collections.abc import Mapping

from penstock.cluster.messages import Failure
from penstock.runtime.error_text import error_message, trace_text, with_sentence
from penstock.sdk.errors import java_class


def failure_of(
    error: BaseException,
    connector: str = "",
    task: int | None = None,
    config: Mapping[str, str] | None = None,
) -> Failure:
    """A failure of a task, or without a number of a connector."""
    from penstock.runtime.witness import Witness  # a worker that has just started has no use for it

    event = Witness(connector, task, config or {}).event(error, time.time_ns() // 1_000_000)
    trace = with_sentence(trace_text(error), event.sentence)
    return Failure(java_class(error), error_message(error), trace, event=event)
