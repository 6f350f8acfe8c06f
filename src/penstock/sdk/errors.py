"""What went wrong, told by type: the type says what the caller should do next.

Each class names the Java exception it stands for (`java_class`), because people and tools look for
that name in status traces and REST answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, cast


class ConnectError(Exception):
    """A connector, converter or transformation cannot go on; the task fails."""

    java_class: ClassVar[str] = "org.apache.kafka.connect.errors.ConnectException"


class DataError(ConnectError):
    """This record (or value, or schema) is bad; others may be good. Tolerance applies to it."""

    java_class = "org.apache.kafka.connect.errors.DataException"


class SchemaBuilderError(DataError):
    """A schema is being put together wrongly."""

    java_class = "org.apache.kafka.connect.errors.SchemaBuilderException"


class SchemaProjectorError(DataError):
    """A value cannot be projected from its schema to another."""

    java_class = "org.apache.kafka.connect.errors.SchemaProjectorException"


class RetriableError(ConnectError):
    """The same call may succeed later; the runtime asks again."""

    java_class = "org.apache.kafka.connect.errors.RetriableException"


class RetryLater(RetriableError):
    """Like `RetriableError`, and says how long to wait before the next attempt."""

    def __init__(self, message: str, *, after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class NotFoundError(ConnectError):
    """The connector or task that was asked for does not exist."""

    java_class = "org.apache.kafka.connect.errors.NotFoundException"


class AlreadyExistsError(ConnectError):
    """What should be created is there already."""

    java_class = "org.apache.kafka.connect.errors.AlreadyExistsException"


class IllegalWorkerStateError(ConnectError):
    """The call does not fit the state the task or connector is in."""

    java_class = "org.apache.kafka.connect.errors.IllegalWorkerStateException"


class ConfigError(Exception):
    """A setting is missing or wrong; the message names it and says what would be right."""

    java_class: ClassVar[str] = "org.apache.kafka.common.config.ConfigException"

    @classmethod
    def invalid(cls, name: str, value: object, detail: str = "") -> ConfigError:
        """The message in Kafka's words: `Invalid value V for configuration N: detail`."""
        return cls(
            f"Invalid value {_shown(value)} for configuration {name}"
            + (f": {detail}" if detail else "")
        )


def _shown(value: object) -> str:
    """A setting's value as Java prints it."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_shown, cast("Sequence[object]", value))) + "]"
    if isinstance(value, dict):
        pairs = cast("dict[object, object]", value).items()
        return "{" + ", ".join(f"{_shown(k)}={_shown(v)}" for k, v in pairs) + "}"
    return str(value)


_JAVA_CLASSES: dict[type[BaseException], str] = {
    NotImplementedError: "java.lang.UnsupportedOperationException",
    TimeoutError: "java.util.concurrent.TimeoutException",
    ConnectionError: "java.net.ConnectException",
    FileNotFoundError: "java.nio.file.NoSuchFileException",
    PermissionError: "java.nio.file.AccessDeniedException",
    OSError: "java.io.IOException",
    LookupError: "java.util.NoSuchElementException",
    AttributeError: "java.lang.NullPointerException",
    TypeError: "java.lang.ClassCastException",
    ArithmeticError: "java.lang.ArithmeticException",
    ValueError: "java.lang.IllegalArgumentException",
    MemoryError: "java.lang.OutOfMemoryError",
    RecursionError: "java.lang.StackOverflowError",
    RuntimeError: "java.lang.IllegalStateException",
}


def java_class(error: BaseException) -> str:
    """The full name of the Java exception that says the same as `error`."""
    named = getattr(type(error), "java_class", None)
    if isinstance(named, str):
        return named
    return next(
        (_JAVA_CLASSES[kind] for kind in type(error).__mro__ if kind in _JAVA_CLASSES),
        "java.lang.RuntimeException",
    )
