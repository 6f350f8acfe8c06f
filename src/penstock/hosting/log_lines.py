"""Writes what hosts log and print to the worker's log, with the context it was written in."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from penstock.hosting.messages import LogLine
from penstock.runtime.log_context import log_context

LOGGERS_MAX = 10_000

log = logging.getLogger(__name__)
printed = logging.getLogger("penstock.hosting.output")


def write_lines(lines: Sequence[LogLine]) -> None:
    """As if they had been logged here."""
    for line in lines:
        logger = _logger(line.logger)
        if not logger.isEnabledFor(line.level):
            continue
        text = line.text if line.trace is None else f"{line.text}\n{line.trace}"
        record = logger.makeRecord(line.logger, line.level, "", 0, text, (), None)
        record.created = line.created
        with log_context(line.context):
            logger.handle(record)


def _logger(name: str) -> logging.Logger:
    """Loggers live for ever, so plugins cannot make as many as they like."""
    known = logging.Logger.manager.loggerDict
    return logging.getLogger(name if name in known or len(known) < LOGGERS_MAX else None)


def write_printed(lines: Sequence[str], names: Sequence[str]) -> None:
    with log_context(_context(names)):
        for line in lines:
            printed.info("%s", line)


def write_dropped(count: int, names: Sequence[str]) -> None:
    if count:
        with log_context(_context(names)):
            log.warning("%d lines were left out of the log: there are too many of them", count)


def _context(names: Sequence[str]) -> str:
    return f"[{' and '.join(names[:3])}] " if names else ""
