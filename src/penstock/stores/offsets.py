"""Source offsets of connectors, over a log, a file or memory."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from penstock.runtime.ports import OffsetPair, OffsetRecords
from penstock.sdk.errors import ConnectError, DataError
from penstock.stores import offset_records as records
from penstock.stores.offset_table import OffsetTable
from penstock.stores.ports import Entry, Log, LogRecord, Writer

_log = logging.getLogger(__name__)

READ_TIMEOUT_MS = 60_000


class OffsetBacking(Protocol):
    """Where offsets are kept. Calls come from any thread."""

    @property
    def table(self) -> OffsetTable: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def refresh(self, timeout_ms: int) -> None:
        """See to it that the table shows all that was written before. Raises TimeoutError."""
        ...

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        """Store durably and wait."""
        ...


class OffsetCopy(OffsetBacking, Protocol):
    """Where offsets are kept a second time."""

    def send(self, entries: Sequence[Entry]) -> None:
        """Store some time soon; what fails is logged."""
        ...


class MemoryOffsets:
    """Offsets that are gone with the worker."""

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self._table = OffsetTable(entries)

    @property
    def table(self) -> OffsetTable:
        return self._table

    def start(self) -> None:
        """Nothing to read."""

    def stop(self) -> None:
        """Nothing to release."""

    def refresh(self, timeout_ms: int) -> None:
        """Nothing is ever outstanding."""

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self._table.apply(entries)

    def send(self, entries: Sequence[Entry]) -> None:
        self.write(entries, 0)


class LogOffsets:
    """Offsets in a compacted topic."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._table = OffsetTable()

    @property
    def table(self) -> OffsetTable:
        return self._table

    def start(self) -> None:
        self._log.start(self._read)

    def stop(self) -> None:
        self._log.stop()

    def refresh(self, timeout_ms: int) -> None:
        self._log.read_to_end(timeout_ms)

    def write(self, entries: Sequence[Entry], timeout_ms: int) -> None:
        self._log.write(entries, timeout_ms)

    def send(self, entries: Sequence[Entry]) -> None:
        for key, value in entries:
            self._log.send(key, value)

    def _read(self, record: LogRecord) -> None:
        self._table.apply([(record.key, record.value)])


class ConnectorOffsets:
    """The offsets of one connector: what its tasks read and write.

    With a `fallback`, the backing is the connector's own topic and the fallback the worker's: the
    worker's offsets count where the connector's topic has none, and follow what is written.
    """

    def __init__(
        self,
        connector: str,
        backing: OffsetBacking,
        fallback: OffsetCopy | None = None,
        read_timeout_ms: int = READ_TIMEOUT_MS,
        topic: str = "",
    ) -> None:
        """`topic` is the name of the backing's, where transactions write to it."""
        self._connector = connector
        self._topic = topic
        self._backing = backing
        self._fallback = fallback
        self._read_timeout_ms = read_timeout_ms

    def read(
        self, partitions: Sequence[Mapping[str, Any] | None]
    ) -> list[Mapping[str, Any] | None]:
        """The committed offset of each partition, or None."""
        self._refresh()
        return [self._find(partition) for partition in partitions]

    def partitions(self) -> list[dict[str, Any]]:
        """Partitions that have an offset."""
        self._refresh()
        found = {
            records.canonical(self._connector, partition): partition
            for backing in (self._fallback, self._backing)
            if backing is not None
            for partition in backing.table.partitions(self._connector)
        }
        return list(found.values())

    def all(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Every partition with its offset."""
        pairs = [(partition, self._find(partition)) for partition in self.partitions()]
        return [(partition, offset) for partition, offset in pairs if offset is not None]

    def write(
        self, offsets: Sequence[OffsetPair], timeout_ms: int, writer: Writer | None = None
    ) -> None:
        """Store durably; None forgets. Raises DataError before anything is written.

        A `writer`, of transactions, writes what otherwise the backing itself would.
        """
        entries = self.encoded(offsets)
        if not entries:
            return
        deadline = time.monotonic() + timeout_ms / 1000
        self._forget_copies(offsets, timeout_ms)
        left_ms = max(int((deadline - time.monotonic()) * 1000), 1)
        (writer or self._backing).write(entries, left_ms)
        self.follow(offsets)

    def as_records(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> OffsetRecords:
        """For a transaction of the connector's own. Raises DataError before anything is written."""
        entries = self.encoded(offsets)
        self._forget_copies(offsets, timeout_ms)
        return OffsetRecords(self._topic, entries, self._fallback is not None)

    def follow(self, offsets: Sequence[OffsetPair]) -> None:
        """The worker's own topic is a copy by now; failing to write it harms nobody."""
        fallback = self._fallback
        kept = [pair for pair in offsets if pair[1] is not None]
        if fallback is None or not kept:
            return
        try:
            fallback.send(_encoded(fallback.table, self._connector, kept))
        except Exception:
            _log.exception("The worker's offsets topic does not have the latest offsets of %s",
                           self._connector)  # fmt: skip

    def _forget_copies(self, offsets: Sequence[OffsetPair], timeout_ms: int) -> None:
        """First, or an offset that was forgotten would come back from its copy."""
        fallback = self._fallback
        forgotten = [pair for pair in offsets if pair[1] is None]
        if fallback is not None and forgotten:
            fallback.write(_encoded(fallback.table, self._connector, forgotten), timeout_ms)

    def encoded(self, offsets: Sequence[OffsetPair]) -> list[Entry]:
        """Records for the connector's topic; the last of equal partitions counts."""
        return _encoded(self._backing.table, self._connector, offsets)

    def _find(self, partition: Mapping[str, Any] | None) -> dict[str, Any] | None:
        try:
            records.validate(partition)
        except DataError:
            _log.exception("A source partition of %s is of no use", self._connector)
            return None
        found = self._backing.table.find(self._connector, partition)
        if found is None and self._fallback is not None:
            found = self._fallback.table.find(self._connector, partition)
        return found

    def _refresh(self) -> None:
        for backing in (self._backing, self._fallback):
            if backing is None:
                continue
            try:
                backing.refresh(self._read_timeout_ms)
            except TimeoutError as error:
                raise ConnectError(
                    f"The offsets of {self._connector} could not be read in "
                    f"{self._read_timeout_ms} ms; check the connection to Kafka"
                ) from error


def _encoded(table: OffsetTable, connector: str, offsets: Sequence[OffsetPair]) -> list[Entry]:
    entries: dict[bytes, bytes | None] = {}
    for partition, offset in offsets:
        records.validate(partition)
        records.validate(offset)
        key = table.key_for(connector, partition)
        entries[key] = records.value(records.in_java_order(offset))
    return list(entries.items())
