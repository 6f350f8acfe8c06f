"""Do a batch at once; only when that fails, find the record to blame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from penstock.runtime.tolerance import FATAL

T = TypeVar("T")


def blamed(
    start: int,
    end: int,
    whole: Callable[[int, int], Sequence[T]],
    one: Callable[[int], Sequence[T]],
) -> tuple[Sequence[T], Exception | None]:
    """The results of the items from `start` to `end`, and what ended it early.

    `whole` does a range of items without mercy. If it fails, the range is halved until the item
    that fails stands alone; `one` does a single item with retries, tolerance and reports, and
    raises what the task must fail with. Results before such a failure are returned beside it.
    """
    if end - start == 1:
        try:
            return one(start), None
        except FATAL:
            raise
        except Exception as error:
            return [], error
    try:
        return whole(start, end), None
    except FATAL:
        raise
    except Exception:
        middle = (start + end) // 2
    left, failure = blamed(start, middle, whole, one)
    if failure is not None:
        return left, failure
    right, failure = blamed(middle, end, whole, one)
    return [*left, *right], failure
