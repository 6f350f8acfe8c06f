"""Waits of tasks, and what ends them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from penstock.hosting.control import ThreadControl


@pytest.mark.parametrize(
    ("news", "returns"),
    [
        (ThreadControl.stop, True),
        (ThreadControl.cancel, True),
        (lambda control: control.pause(True), True),
        (ThreadControl.wake, False),
    ],
)
def test_news_end_a_wait_for_them_and_say_whether_to_return(
    news: Callable[[ThreadControl], None], returns: bool
) -> None:
    control = ThreadControl()
    threading.Timer(0.01, news, (control,)).start()
    began = time.monotonic()
    assert control.wait_for_news(60) is returns
    assert time.monotonic() - began < 30


def test_a_wake_ends_one_wait_even_if_it_came_before() -> None:
    control = ThreadControl()
    control.wake()
    assert control.wait_for_news(10) is False
    began = time.monotonic()
    assert control.wait_for_news(0.02) is False
    assert time.monotonic() - began >= 0.02


def test_a_wake_does_not_shorten_other_waits() -> None:
    control = ThreadControl()
    control.wake()
    began = time.monotonic()
    assert control.wait(0.02) is False
    assert time.monotonic() - began >= 0.02
