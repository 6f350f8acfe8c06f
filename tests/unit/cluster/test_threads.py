"""Calls on threads of their own."""

from __future__ import annotations

import asyncio
import threading
from typing import NoReturn

import pytest

from penstock.cluster.threads import on_thread


def exits() -> NoReturn:
    raise SystemExit(3)


def test_a_call_returns_and_raises_as_if_it_were_made_here():
    async def run() -> None:
        assert await on_thread("t", divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await on_thread("t", divmod, 1, 0)
        with pytest.raises(RuntimeError, match="SystemExit was raised: 3"):
            await on_thread("t", exits)

    asyncio.run(run())


def test_who_stops_waiting_is_not_kept_by_a_call_that_never_returns():
    release = threading.Event()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(on_thread("t", release.wait), 0.02)
        assert await on_thread("t", len, "abc") == 3

    asyncio.run(run())
    release.set()
