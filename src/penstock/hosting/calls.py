"""Which task is inside plugin code, and since when: seen by looking at its stack now and then.

Looking costs the data path nothing. Code of ours above a plugin's, such as a source task that
sleeps in its context, is no plugin's: a task that waits there can be stopped at any moment.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import NamedTuple

_PLUGINS_OF_OURS = ("penstock.connectors.", "penstock.converters.", "penstock.transforms.")
_NO_PLUGINS = ("confluent_kafka", "kafka", "msgspec", "")
_WAITS = ("penstock.runtime.contexts", "penstock.hosting.control")


class Seen(NamedTuple):
    """A call that was there at the last look as well, or is new."""

    frame: FrameType
    what: str
    since: float


def plugin_frame(innermost: FrameType | None) -> FrameType | None:
    """The outermost frame of plugin code, unless the task waits in code that wakes on a stop."""
    found = None
    for frame in _outwards(innermost):
        module = _module(frame)
        if module in _WAITS:
            return None
        if _is_plugin(module):
            found = frame
    return found


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _is_plugin(module: str) -> bool:
    package = module.partition(".")[0]
    if package == "penstock":
        return module.startswith(_PLUGINS_OF_OURS)
    return package not in sys.stdlib_module_names and package not in _NO_PLUGINS


class CallWatch:
    """Remembers, per thread, the call that was seen at the last look."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def look(
        self, threads: Mapping[int, str], frames: Mapping[int, FrameType], now: float
    ) -> dict[str, Seen]:
        """The calls the named threads are in; `threads` maps thread ids to names."""
        seen: dict[int, Seen] = {}
        for thread in threads:
            frame = plugin_frame(frames.get(thread))
            if frame is None:
                continue
            before = self._seen.get(thread)
            if before is not None and before.frame is frame:
                seen[thread] = before
            else:
                seen[thread] = Seen(frame, _name(frame), now)
        self._seen = seen
        return {threads[thread]: call for thread, call in seen.items()}


def _name(frame: FrameType) -> str:
    return f"{_module(frame)}.{frame.f_code.co_qualname}"


def stack_text(frame: FrameType | None) -> str:
    """The stack of a thread, innermost call last."""
    return "" if frame is None else "".join(traceback.format_stack(frame))
