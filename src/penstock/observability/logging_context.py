"""Puts `[<connector>|task-<n>] ` in front of what connectors and tasks log."""

from __future__ import annotations

import logging

from penstock.runtime.log_context import CONTEXT, may_be_logged
from penstock.sdk.redaction import hide

FORMAT = "[%(asctime)s] %(levelname)s %(connector_context)s%(message)s (%(name)s)"


class HidingFormatter(logging.Formatter):
    """Writes lines and traces without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        return hide(super().format(record))


class ContextFilter(logging.Filter):
    """Gives records `connector_context` for the handler's format; drops what may not be logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.connector_context = CONTEXT.get()
        return may_be_logged(record)
