"""Keys of the config and status topics: made, and taken apart as Java does."""

from __future__ import annotations

import re

from penstock.cluster.messages import TaskId

_NUMBER = re.compile(r"[+-]?\d+", re.ASCII)
_INT_MIN, _INT_MAX = -(2**31), 2**31 - 1


class MissingKey(ValueError):
    """A record without a key, which no worker writes."""

    java_class = "java.lang.NullPointerException"


def task_id(key: str, words_before: int) -> TaskId | None:
    """The task in `<words>-<connector>-<number>`; the connector's name may hold dashes."""
    parts = key.split("-")
    while parts and not parts[-1]:
        parts.pop()  # Java forgets empty words at the end
    if len(parts) < words_before + 2:
        return None
    number = integer(parts[-1])
    return None if number is None else TaskId("-".join(parts[words_before:-1]), number)


def integer(text: str) -> int | None:
    """A 32-bit number as Java's `Integer.parseInt` reads it."""
    if not _NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if _INT_MIN <= number <= _INT_MAX else None
