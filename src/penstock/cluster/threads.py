"""Calls into plugin code, each on a thread of its own that never keeps the process from ending."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def on_thread(name: str, call: Callable[..., T], *arguments: Any) -> T:
    """What the call returns or raises. A caller that is cancelled leaves the thread behind."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(value)

    def run() -> None:
        value: Any = None
        problem: BaseException | None = None
        try:
            value = call(*arguments)
        except BaseException as error:
            problem = error
            if isinstance(error, StopIteration) or not isinstance(error, Exception):
                # a future cannot hold these, and a plugin must not end the worker with them
                problem = RuntimeError(f"{type(error).__name__} was raised: {error}")
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, value, problem)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await answer
