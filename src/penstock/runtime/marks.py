"""Remembers with an exception what was being done when it was raised."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

_NAME = "_penstock_context"


def mark(error: BaseException, context: Any) -> None:
    """The first account stays: it is the innermost."""
    if not hasattr(error, _NAME):
        with suppress(AttributeError, TypeError):
            setattr(error, _NAME, context)


def marked(chain: Iterable[BaseException]) -> Any:
    """The innermost account in a chain that leads from an error to its root, or None."""
    contexts = [getattr(each, _NAME, None) for each in chain]
    return next((each for each in reversed(contexts) if each is not None), None)
