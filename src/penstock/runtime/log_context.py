"""Which connector or task the running code belongs to, in the form log lines show it."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

CONTEXT: ContextVar[str] = ContextVar("connector.context", default="")
_DISCREET: ContextVar[bool] = ContextVar("discreet", default=False)


def connector_context(connector: str) -> str:
    return f"[{connector}|worker] "


def task_context(connector: str, task: int) -> str:
    return f"[{connector}|task-{task}] "


@contextmanager
def log_context(text: str) -> Generator[None]:
    """Within the block, log lines of this thread begin with `text`."""
    token = CONTEXT.set(text)
    try:
        yield
    finally:
        CONTEXT.reset(token)


@contextmanager
def discreet() -> Generator[None]:
    """Within the block, what this thread logs below INFO is dropped.

    Client libraries log whole answers at DEBUG, with secrets that nobody knows as such yet.
    """
    token = _DISCREET.set(True)
    try:
        yield
    finally:
        _DISCREET.reset(token)


def may_be_logged(record: logging.LogRecord) -> bool:
    """A filter for handlers, which are called on the thread that logs."""
    return record.levelno >= logging.INFO or not _DISCREET.get()
