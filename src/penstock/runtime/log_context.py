"""Which connector or task the running code belongs to, in the form log lines show it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

CONTEXT: ContextVar[str] = ContextVar("connector.context", default="")


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
