"""Lists and maps that are themselves the keys of a map, where Python wants something hashable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class KeyMap(dict[Any, Any]):
    """A map that is the key of another; it is never changed."""

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride]
        return hash(frozenset(self))


def as_key(value: Any) -> Any:
    """The value, in a form that can be a dict's key."""
    if isinstance(value, list | tuple):
        return tuple(map(as_key, value))  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(value, Mapping):
        return KeyMap((key, as_key(item)) for key, item in value.items())  # pyright: ignore
    return value
