"""Asking again: how long to wait before the next attempt, and when to stop."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_DELAY_MS = 300
_LONG = 1 << 64


def _as_long(number: int) -> int:
    """The number in 64 bits with a sign: attempts beyond the 55th wrap around, as in Java."""
    return (number + (1 << 63)) % _LONG - (1 << 63)


def draw_below(bound: int) -> int:
    """A random number in [0, bound)."""
    return random.randrange(bound)


def delay_ms(
    attempt: int,
    max_delay_ms: int,
    remaining_ms: int | None = None,
    draw: Callable[[int], int] = draw_below,
) -> int:
    """How long to wait after this attempt; the delay doubles, and beyond the maximum is random.

    `remaining_ms` is the time left until retries end, None for no end.
    """
    delay = _as_long(FIRST_DELAY_MS << ((attempt - 1) & 63))
    if delay > max_delay_ms:
        if max_delay_ms <= 0:
            raise ValueError("bound must be positive")
        delay = draw(max_delay_ms)
    if remaining_ms is not None and delay > remaining_ms:
        delay = max(0, remaining_ms)
    return delay
