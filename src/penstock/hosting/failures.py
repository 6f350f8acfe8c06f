"""Errors in the form in which they leave a host."""

from __future__ import annotations

from penstock.cluster.messages import Failure
from penstock.runtime.error_text import error_message, trace_text
from penstock.sdk.errors import java_class


def failure_of(error: BaseException) -> Failure:
    return Failure(java_class(error), error_message(error), trace_text(error))
