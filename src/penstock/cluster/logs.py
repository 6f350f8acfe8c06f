"""Compacted topics as logs: what the stores read and write, and the Kafka clients offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

Entry = tuple[bytes, bytes | None]
OnSent = Callable[[Exception | None], None]


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """One record of a log."""

    offset: int
    key: bytes | None
    value: bytes | None


class Log(Protocol):
    """A compacted topic, read from its beginning and then followed. Calls come from any thread.

    `on_record` is called from one thread at a time. What it raises is logged, and the record
    skipped; a log in memory lets `start` fail.
    """

    def start(self, on_record: Callable[[LogRecord], None]) -> None:
        """Hand over everything there is, then go on handing over what comes."""
        ...

    def stop(self) -> None: ...

    def read_to_end(self, timeout_ms: int) -> None:
        """Wait until everything that was there at the time of the call was handed over.

        Raises TimeoutError.
        """
        ...

    def send(self, key: bytes, value: bytes | None, on_sent: OnSent | None = None) -> None:
        """Write without waiting; `on_sent` hears how it went."""
        ...

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        """Write in order and wait until all are acknowledged. Raises TimeoutError and others."""
        ...


class Writer(Protocol):
    """Writes to a log that others are kept from writing to."""

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> int | None:
        """Write all or nothing, and wait; the offset after the last entry, if it is known.

        Readers may see the entries only a little later.
        """
        ...

    def close(self) -> None: ...
