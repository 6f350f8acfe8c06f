"""The `client.id` of every client made for a connector, as a Java worker names them."""

from __future__ import annotations

DEAD_LETTER_ADMIN = "connector-dlq-adminclient-"


def producer(connector: str, task: int) -> str:
    return f"connector-producer-{connector}-{task}"


def consumer(connector: str, task: int | None = None) -> str:
    """Of a task, or of the connector instance's reader of offsets."""
    return f"connector-consumer-{_numbered(connector, task)}"


def admin(connector: str, task: int | None = None) -> str:
    """Of a task, or of the connector instance's reader of offsets."""
    return f"connector-adminclient-{_numbered(connector, task)}"


def dead_letter_producer(connector: str, task: int) -> str:
    return f"connector-dlq-producer-{connector}-{task}"


def worker_admin(connector: str) -> str:
    """Of the worker, when it fences zombies or reads and changes offsets of a sink."""
    return f"connector-worker-adminclient-{connector}"


def offset_producer(connector: str) -> str:
    """Of the worker, when it changes offsets of a source."""
    return f"connector-offset-producer-{connector}"


def _numbered(connector: str, task: int | None) -> str:
    return connector if task is None else f"{connector}-{task}"
