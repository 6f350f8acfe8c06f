"""Who is inside plugin code, and since when."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType, ModuleType

from penstock.hosting.calls import CallWatch, plugin_frame, stack_text
from penstock.hosting.control import ThreadControl

PLUGIN = ModuleType("acme_connectors")
exec("def poll(work):\n    return work()\n", PLUGIN.__dict__)
OURS = ModuleType("penstock.runtime.source_loop")
exec("def step(poll, work):\n    return poll(work)\n", OURS.__dict__)


@contextmanager
def inside(work: Callable[[], object], done: Callable[[], None]) -> Generator[int]:
    """The thread of a task whose plugin does some work."""
    thread = threading.Thread(target=OURS.step, args=(PLUGIN.poll, work))
    thread.start()
    try:
        assert thread.ident is not None
        while not _frames(_frame(thread.ident)):
            pass
        yield thread.ident
    finally:
        done()
        thread.join()


def _frame(thread: int) -> FrameType | None:
    return sys._current_frames().get(thread)


def _frames(frame: FrameType | None) -> bool:
    while frame is not None and frame.f_code.co_name not in ("wait", "wait_for"):
        frame = frame.f_back
    return frame is not None


def test_a_call_into_a_plugin_is_seen_with_its_beginning() -> None:
    gate = threading.Event()
    watch = CallWatch()
    with inside(gate.wait, gate.set) as thread:
        frames = sys._current_frames()
        first = watch.look({thread: "t"}, frames, 10.0)
        second = watch.look({thread: "t"}, sys._current_frames(), 12.0)
        assert first["t"].what == "acme_connectors.poll"
        assert second["t"].since == 10.0
        assert "in poll" in stack_text(_frame(thread))
    assert watch.look({thread: "t"}, sys._current_frames(), 13.0) == {}


def test_another_call_of_the_same_function_begins_anew() -> None:
    watch = CallWatch()
    for now in (1.0, 5.0):
        gate = threading.Event()
        with inside(gate.wait, gate.set) as thread:
            seen = watch.look({thread: "t"}, sys._current_frames(), now)
            assert seen["t"].since == now


def test_a_task_that_sleeps_in_its_context_is_in_nobodys_call() -> None:
    control = ThreadControl()
    with inside(lambda: control.wait(30), control.stop) as thread:
        assert plugin_frame(_frame(thread)) is None


def test_a_thread_that_is_gone_is_in_no_call() -> None:
    assert plugin_frame(None) is None
    assert stack_text(None) == ""
