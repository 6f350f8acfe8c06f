"""All source offsets that were stored, by key bytes; found again by what a partition means."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from penstock.sdk.errors import DataError
from penstock.stores import offset_records as records
from penstock.stores.ports import Entry

_log = logging.getLogger(__name__)

Partition = Mapping[str, Any] | None


class OffsetTable:
    """Calls come from any thread."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self._lock = threading.Lock()
        self._values: dict[bytes, bytes] = {}
        self._partitions: dict[str, dict[bytes, dict[str, Any]]] = {}  # by canonical key
        self._keys: dict[bytes, bytes] = {}  # canonical key -> the bytes last used for it
        self.apply(entries)

    def apply(self, entries: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Take in records in their order; None as a value forgets."""
        with self._lock:
            for key, value in entries:
                if key is not None:
                    self._apply(key, value)

    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._values.items())

    def partitions(self, connector: str) -> list[dict[str, Any]]:
        """Partitions of the connector that have an offset."""
        with self._lock:
            return list(self._partitions.get(connector, {}).values())

    def connectors(self) -> list[str]:
        """Connectors ever seen, even if all their offsets are forgotten."""
        with self._lock:
            return list(self._partitions)

    def key_for(self, connector: str, partition: Partition) -> bytes:
        """The bytes stored already for an equal partition, else those Java would use."""
        with self._lock:
            known = self._keys.get(records.canonical(connector, partition))
        return known or records.key(connector, records.in_java_order(partition))

    def exact(self, key: bytes) -> dict[str, Any] | None:
        """The offset stored under these very bytes; None, and an error logged, for a bad one."""
        with self._lock:
            value = self._values.get(key)
        try:
            return records.read_offset(value)
        except DataError:
            _log.exception("A stored source offset is of no use: there is none for this partition")
            return None

    def find(self, connector: str, partition: Partition) -> dict[str, Any] | None:
        return self.exact(self.key_for(connector, partition))

    def _apply(self, key: bytes, value: bytes | None) -> None:
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        found = records.read_key(key)
        if found is None:
            return
        connector, partition = found
        same = records.canonical(connector, partition)
        partitions = self._partitions.setdefault(connector, {})
        if value is not None:
            partitions[same] = partition
            self._keys[same] = key
            return
        partitions.pop(same, None)
        if self._keys.get(same) == key:
            del self._keys[same]


def exact_offsets(
    table: OffsetTable, connector: str, partitions: Sequence[Partition]
) -> list[dict[str, Any] | None]:
    """Looked up by the bytes each partition has as it stands; None for one that is invalid."""
    return [_exact(table, connector, partition) for partition in partitions]


def _exact(table: OffsetTable, connector: str, partition: Partition) -> dict[str, Any] | None:
    try:
        records.validate(partition)
    except DataError:
        _log.exception("A source partition is of no use: there is no offset for it")
        return None
    return table.exact(records.key(connector, partition))
