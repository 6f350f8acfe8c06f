"""The table that says where a connector goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping

from penstock.sdk import OffsetMove, OffsetsMoved, TopicPartition

_TABLE = """
CREATE TABLE IF NOT EXISTS penstock_offsets (
    connector TEXT, topic TEXT, "partition" INTEGER, next_offset INTEGER NOT NULL,
    PRIMARY KEY (connector, topic, "partition")
)
"""
_READ = """
SELECT next_offset FROM penstock_offsets WHERE connector = ? AND topic = ? AND "partition" = ?
"""
_PUT = "INSERT OR REPLACE INTO penstock_offsets VALUES (?, ?, ?, ?)"
_DROP = 'DELETE FROM penstock_offsets WHERE connector = ? AND topic = ? AND "partition" = ?'


class OffsetTable:
    """The offsets of one connector."""

    def __init__(self, database: sqlite3.Connection, connector: str) -> None:
        self._database = database
        self._connector = connector
        database.execute(_TABLE)

    def read(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        found = {partition: self._read(partition) for partition in partitions}
        return {partition: offset for partition, offset in found.items() if offset is not None}

    def move(self, moves: Mapping[TopicPartition, OffsetMove]) -> None:
        """Within the caller's transaction. Raises `OffsetsMoved` where another task wrote."""
        for partition, (before, after) in moves.items():
            if (held := self._read(partition)) != before:
                raise OffsetsMoved(f"{partition} is at {held}, not at {before}.")
            self._database.execute(_PUT, (self._connector, *partition, after))

    def put(self, offsets: Mapping[TopicPartition, int | None]) -> None:
        """Set these, or forget those that are None."""
        for partition, offset in offsets.items():
            if offset is None:
                self._database.execute(_DROP, (self._connector, *partition))
            else:
                self._database.execute(_PUT, (self._connector, *partition, offset))

    def _read(self, partition: TopicPartition) -> int | None:
        row = self._database.execute(_READ, (self._connector, *partition)).fetchone()
        return None if row is None else row[0]
