"""Parts that are made when they are first needed, as what they import takes its time.

A worker answers before it has read the code that moves data; see also `penstock.worker.warm_up`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from penstock.cluster.logs import Entry, Log, LogRecord, OnSent
from penstock.cluster.messages import Command, TaskHosts
from penstock.cluster.ports import Group

if TYPE_CHECKING:
    from penstock.cluster.validation import Validator
    from penstock.cluster.views import ConfigInfos


T = TypeVar("T")


class LateHosts:
    """Hosts that are made for the first command."""

    def __init__(self, make: Callable[[], TaskHosts]) -> None:
        self._make = make

    @cached_property
    def _hosts(self) -> TaskHosts:
        return self._make()

    def send(self, command: Command) -> None:
        self._hosts.send(command)


class LateValidator:
    """A validator that is made for the first configuration, on the thread that validates it."""

    def __init__(self, make: Callable[[], Validator]) -> None:
        self._make = make

    @cached_property
    def _validator(self) -> Validator:
        return self._make()

    def validate(self, config: Mapping[str, str | None]) -> ConfigInfos:
        return self._validator.validate(config)


class _Late(Generic[T]):
    """Made once, by the first thread that needs it; others wait."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._making = threading.Lock()
        self.made: T | None = None

    def make(self) -> T:
        """Blocks, and raises what making it raises."""
        with self._making:
            if self.made is None:
                self.made = self._make()
            return self.made


class LateLog(_Late[Log]):
    """A `Log` that is made before it is started."""

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        self.make().start(on_record)

    def stop(self) -> None:
        if self.made is not None:
            self.made.stop()

    def read_to_end(self, timeout_ms: int) -> None:
        self.make().read_to_end(timeout_ms)

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        self.make().send(key, value, on_sent)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self.make().write(entries, timeout_ms)


class Member(Group, Protocol):
    """Takes part in a group."""

    def start(self) -> None: ...
    def out_of_time(self) -> None: ...
    def close(self, timeout_seconds: float) -> None: ...


class LateMember(_Late[Member]):
    """A member that is made before it takes part."""

    def start(self) -> None:
        self.make().start()

    def rejoin(self, configured: Mapping[str, int]) -> None:
        self.make().rejoin(configured)

    def leave(self) -> None:
        if self.made is not None:
            self.made.leave()

    def out_of_time(self) -> None:
        if self.made is not None:
            self.made.out_of_time()

    def close(self, timeout_seconds: float) -> None:
        if self.made is not None:
            self.made.close(timeout_seconds)
