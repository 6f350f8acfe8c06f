"""What a thread host wants of a task, and the waits that it can cut short."""

from __future__ import annotations

import threading
import time


class SystemClock:
    """Monotonic time."""

    def now_ms(self) -> int:
        return int(time.monotonic() * 1000)


class ThreadControl:
    """A `Control` whose task runs on a thread of its own."""

    def __init__(self, *, paused: bool = False) -> None:
        self._changed = threading.Condition()
        self._stopping = False
        self._cancelled = False
        self._paused = paused
        self._woken = False

    @property
    def stopping(self) -> bool:
        return self._stopping

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @property
    def paused(self) -> bool:
        return self._paused

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def cancel(self) -> None:
        with self._changed:
            self._stopping = self._cancelled = True
            self._changed.notify_all()

    def pause(self, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self._stopping, seconds)

    def wait_for_change(self, seconds: float) -> None:
        with self._changed:
            before = self._paused
            self._changed.wait_for(lambda: self._stopping or self._paused is not before, seconds)

    def wait_for_news(self, seconds: float) -> bool:
        with self._changed:
            self._changed.wait_for(self._has_news, seconds)
            self._woken = False
            return self._stopping or self._paused

    def _has_news(self) -> bool:
        return self._woken or self._stopping or self._paused

    def wake(self) -> None:
        with self._changed:
            self._woken = True
            self._changed.notify_all()
