"""A pretend clock and a pretend host: time is advanced, never slept."""

from __future__ import annotations

from collections.abc import Callable

from penstock.runtime.error_events import ErrorEvent


class ManualTime:
    """A clock that only moves when somebody waits or `advance`s it."""

    def __init__(self, now_ms: int = 0) -> None:
        self._now_ms = now_ms

    def now_ms(self) -> int:
        return self._now_ms

    def advance(self, seconds: float) -> None:
        self._now_ms += round(seconds * 1000)


class ManualControl:
    """What a host wants of a task, set by a test. Waiting moves the clock."""

    def __init__(self, time: ManualTime | None = None) -> None:
        self.time = time or ManualTime()
        self.stopping = False
        self.cancelled = False
        self.paused = False
        self.on_wait: Callable[[], None] = lambda: None
        self._woken = False

    def wait(self, seconds: float) -> bool:
        if not self.stopping:
            self.time.advance(seconds)
            self.on_wait()
        return self.stopping

    def wait_for_change(self, seconds: float) -> None:
        self.wait(seconds)

    def wait_for_news(self, seconds: float) -> bool:
        woken, self._woken = self._woken, False
        return self.wait(0.0 if woken else seconds) or self.paused

    def wake(self) -> None:
        self._woken = True


class RecordedEvents:
    """What a task told its host, in order."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.topics: list[str] = []
        self.errors: list[ErrorEvent] = []

    def running(self) -> None:
        self.seen.append("RUNNING")

    def paused(self) -> None:
        self.seen.append("PAUSED")

    def topics_used(self, topics: list[str]) -> None:
        self.topics += topics

    def erred(self, event: ErrorEvent) -> None:
        self.errors.append(event)
