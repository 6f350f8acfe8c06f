"""How errors are shown: traces as Java prints them."""

from __future__ import annotations

import traceback

from penstock.sdk.errors import java_class
from penstock.sdk.redaction import hide

_CAUSES_MAX = 20
_FRAMES_MAX = 200


def error_message(error: BaseException) -> str | None:
    """The message without secrets, None when the error was made without one."""
    if isinstance(error, KeyError | OSError):
        return hide(str(error))
    return hide(str(error.args[0])) if error.args and error.args[0] is not None else None


def class_name(kind: type) -> str:
    """The name of a class as clients know it: the Java name if it has one."""
    named = getattr(kind, "java_class", None)
    return named if isinstance(named, str) else f"{kind.__module__}.{kind.__qualname__}"


def headline(error: BaseException) -> str:
    """`<java class>: <message>`, the first line of a trace."""
    message = error_message(error)
    return java_class(error) if message is None else f"{java_class(error)}: {message}"


def trace_text(error: BaseException) -> str:
    """The error with its frames and causes, laid out like a Java stack trace."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen and len(seen) < _CAUSES_MAX:
        parts.append(("Caused by: " if seen else "") + headline(current) + "\n" + _frames(current))
        seen.add(id(current))
        hidden = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or hidden
    return "".join(parts)


def with_sentence(trace: str, sentence: str | None) -> str:
    """A trace with a sentence of ours as its second line.

    The first line, by which clients know an error, stays as Java has it.
    """
    if sentence is None:
        return trace
    first, line, rest = trace.partition("\n\t")
    return f"{first}\n{sentence}{line}{rest}" if line else f"{trace.rstrip()}\n{sentence}\n"


def _frames(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(
        f"\tat {_module(frame.filename)}.{frame.name}({_file(frame.filename)}:{frame.lineno})\n"
        for frame in list(reversed(frames))[:_FRAMES_MAX]
    )


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _module(path: str) -> str:
    """`penstock.runtime.source_loop` of `…/site-packages/penstock/runtime/source_loop.py`."""
    parts = path.replace("\\", "/").removesuffix(".py").split("/")
    for folder in ("site-packages", "src", "lib"):
        if folder in parts[:-1]:
            return ".".join(parts[len(parts) - parts[::-1].index(folder) :])
    return parts[-1]
