"""Rows and offsets in one transaction of an SQLite database."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Annotated, Any, cast

from penstock.sdk import (
    Config,
    DataError,
    ExactlyOnceSinkTask,
    Importance,
    OffsetMove,
    Option,
    RetryLater,
    SinkConnector,
    SinkRecord,
    TopicPartition,
    at_least,
)
from penstock_sqlite.offsets import OffsetTable
from penstock_sqlite.rows import columns_of, insert_statement


class SqliteSinkConfig(Config):
    database: Annotated[Path, Option("File of the database; made if missing.", Importance.HIGH)]
    table: Annotated[str, Option("Existing table that takes the rows.", Importance.HIGH)]
    lock_timeout_ms: Annotated[
        int, Option("How long a locked database is waited for.", check=at_least(0))
    ] = 5_000


def connect(config: SqliteSinkConfig) -> sqlite3.Connection:
    """Transactions begin when a statement says so, not by themselves."""
    timeout = config.lock_timeout_ms / 1000
    return sqlite3.connect(config.database, timeout=timeout, isolation_level=None)


class SqliteSinkTask(ExactlyOnceSinkTask[SqliteSinkConfig]):
    """One row per record: the fields of its value are the columns."""

    def start(self) -> None:
        self.database = self.resources.enter_context(closing(connect(self.config)))
        self.columns = columns_of(self.database, self.config.table)
        self.offsets = OffsetTable(self.database, self.context.connector)

    def stored_offsets(
        self, partitions: Collection[TopicPartition]
    ) -> Mapping[TopicPartition, int]:
        return self.offsets.read(partitions)

    def write(
        self, records: Sequence[SinkRecord], moves: Mapping[TopicPartition, OffsetMove]
    ) -> None:
        good = [record for record in records if self._fits(record)]
        try:
            self.database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise RetryLater(f"{self.config.database}: {error}", after_seconds=1.0) from error
        with self.database:  # commits, or rolls back after an error
            self.offsets.move(moves)
            self._insert([record.value for record in good])

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """A run of rows with the same fields is one statement."""
        start = 0
        for end in range(1, len(rows) + 1):
            if end == len(rows) or rows[end].keys() != rows[start].keys():
                names = list(rows[start])
                statement = insert_statement(self.config.table, names)
                values = [[row[name] for name in names] for row in rows[start:end]]
                self.database.executemany(statement, values)
                start = end

    def _fits(self, record: SinkRecord) -> bool:
        try:
            self._check(record.value)
        except DataError as error:
            self.context.reject(record, error)
            return False
        return True

    def _check(self, value: Any) -> None:
        if not isinstance(value, dict) or not value:
            kind = type(cast("object", value)).__name__
            raise DataError(f"A row is an object with fields, not {kind}.")
        for name, given in cast("dict[str, Any]", value).items():
            if name not in self.columns:
                known = ", ".join(sorted(self.columns))
                raise DataError(f"Table {self.config.table} has no column {name}, only {known}.")
            if not isinstance(given, str | int | float | bytes | None):
                raise DataError(f"Field {name} is a {type(given).__name__}, not a plain value.")


class SqliteSink(SinkConnector[SqliteSinkConfig]):
    """Writes the records of topics as rows, each exactly once."""

    task = SqliteSinkTask

    def alter_offsets(self, offsets: Mapping[TopicPartition, int | None]) -> bool:
        """What an operator sets is set in the database too: the task goes by that."""
        with closing(connect(self.config)) as database:
            OffsetTable(database, self.context.connector).put(offsets)
        return True
