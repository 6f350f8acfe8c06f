"""A task from its first state to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from penstock.runtime.ports import Control, Loop, TaskEvents
from penstock.runtime.tolerance import StoppedError

log = logging.getLogger(__name__)

_PAUSED_SECONDS = 60.0


def run_task(make_loop: Callable[[], Loop], control: Control, events: TaskEvents) -> None:
    """Make the task's loop and drive it until it is asked to stop. What fails is raised."""
    for _ in task_steps(make_loop, control, events):
        pass


def task_steps(
    make_loop: Callable[[], Loop], control: Control, events: TaskEvents
) -> Iterator[None]:
    """The same, one step at a time.

    A task whose target state is PAUSED is not started before it is resumed.
    """
    loop = make_loop()
    try:
        yield from _waiting(control, events)
        if not control.stopping:
            loop.start()
            yield from _running(loop, control, events)
    except BaseException:
        _close_after_failure(loop)
        raise
    loop.close()


def _close_after_failure(loop: Loop) -> None:
    """What goes wrong on top is logged: the first failure is the one to tell."""
    try:
        loop.close()
    except Exception:
        log.exception("Could not close the task after it failed.")


def _waiting(control: Control, events: TaskEvents) -> Iterator[None]:
    if control.paused and not control.stopping:
        events.paused()
    while control.paused and not control.stopping:
        control.wait_for_change(_PAUSED_SECONDS)
        yield


def _running(loop: Loop, control: Control, events: TaskEvents) -> Iterator[None]:
    events.running()
    paused = False
    while True:
        if control.paused is not paused:
            paused = not paused
            if not control.stopping:
                events.paused() if paused else events.running()
        try:
            if not loop.step():
                return
        except StoppedError:
            return
        yield
