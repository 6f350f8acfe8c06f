"""Which of the ways to do one thing a subclass means."""

from __future__ import annotations


def overridden_last(kind: type, *names: str) -> set[str]:
    """Those of these methods that are defined by the class, or else by the nearest of its bases."""
    for base in kind.__mro__:
        if found := set(names) & vars(base).keys():
            return found
    return set()
