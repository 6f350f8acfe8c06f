"""What workers of both kinds do while they start."""

from __future__ import annotations

import asyncio
import gc

import pytest

from penstock.composition import look_for_garbage, meanwhile
from penstock.sdk.errors import ConnectError


def test_work_that_goes_on_meanwhile_is_waited_for_where_it_is_needed() -> None:
    async def play() -> str:
        started = asyncio.Event()

        async def work() -> str:
            started.set()
            return "found"

        async with meanwhile(work()) as found:
            await started.wait()
            return await found

    assert asyncio.run(play()) == "found"


def test_work_that_nobody_waits_for_any_more_is_cancelled() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("cancelled")

    async def play() -> None:
        async with meanwhile(work()):
            await asyncio.sleep(0)
            raise ConnectError("a plugin is missing")

    with pytest.raises(ConnectError, match="a plugin is missing"):
        asyncio.run(play())
    assert ended == ["cancelled"]


def test_the_first_of_two_errors_is_told() -> None:
    async def work() -> None:
        raise ConnectError("Kafka refuses")

    async def play() -> None:
        async with meanwhile(work()):
            await asyncio.sleep(0)
            raise ConnectError("a plugin is missing")

    with pytest.raises(ConnectError, match="a plugin is missing"):
        asyncio.run(play())


def test_garbage_is_looked_for_once_a_worker_answers() -> None:
    gc.disable()
    try:
        look_for_garbage()
        assert gc.isenabled()
    finally:
        gc.enable()
        gc.unfreeze()
