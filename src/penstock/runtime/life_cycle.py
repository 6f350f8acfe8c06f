"""A task from its first state to its end."""

from __future__ import annotations

from collections.abc import Callable

from penstock.runtime.ports import Control, Loop, TaskEvents

_PAUSED_SECONDS = 60.0


def run_task(make_loop: Callable[[], Loop], control: Control, events: TaskEvents) -> None:
    """Make the task's loop and drive it until it is asked to stop. What fails is raised.

    A task whose target state is PAUSED is not started before it is resumed.
    """
    if not _ready(control, events):
        return
    loop = make_loop()
    try:
        loop.start()
        _told_of_states(loop, control, events)
    except BaseException:
        loop.close()
        raise
    loop.close()


def _ready(control: Control, events: TaskEvents) -> bool:
    if control.paused and not control.stopping:
        events.paused()
    while control.paused and not control.stopping:
        control.wait_for_change(_PAUSED_SECONDS)
    return not control.stopping


def _told_of_states(loop: Loop, control: Control, events: TaskEvents) -> None:
    events.running()
    paused = False
    while True:
        if control.paused is not paused:
            paused = not paused
            if not control.stopping:
                events.paused() if paused else events.running()
        if not loop.step():
            return
