"""The sink, without a worker and without Kafka."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from penstock.sdk import ConnectError, RetryLater, TopicPartition
from penstock.testing import ExactlyOnceSinkContract, run_sink
from penstock_sqlite import SqliteSink
from penstock_sqlite.sink import SqliteSinkConfig


def made(folder: Path) -> dict[str, Any]:
    path = folder / "shop.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER, total REAL)")
    database.close()
    return {"database": path, "table": "orders", "lock.timeout.ms": 10}


def rows(folder: Path) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(folder / "shop.db")
    try:
        return database.execute("SELECT id, total FROM orders ORDER BY rowid").fetchall()
    finally:
        database.close()


class TestSqliteSink(ExactlyOnceSinkContract):
    connector = SqliteSink

    def properties(self, folder: Path) -> dict[str, Any]:
        return made(folder)

    def values(self, count: int) -> list[Any]:
        return [{"id": number, "total": number / 2} for number in range(count)]

    def written(self, folder: Path) -> list[Any]:
        return [{"id": number, "total": total} for number, total in rows(folder)]


def test_rows_may_leave_out_fields(tmp_path: Path) -> None:
    with run_sink(SqliteSink, made(tmp_path)) as run:
        run.put({"id": 1, "total": 5.0}, {"id": 2}, {"id": 3})
    assert rows(tmp_path) == [(1, 5.0), (2, None), (3, None)]


def test_what_does_not_fit_is_rejected_alone(tmp_path: Path) -> None:
    with run_sink(SqliteSink, made(tmp_path)) as run:
        run.put({"id": 1}, None, {"id": 2, "colour": "red"}, {"id": [1]}, {"id": 3})
    assert rows(tmp_path) == [(1, None), (3, None)]
    assert [str(error) for _, error in run.rejected] == [
        "A row is an object with fields, not NoneType.",
        "Table orders has no column colour, only id, total.",
        "Field id is a list, not a plain value.",
    ]


def test_asks_for_a_retry_while_the_database_is_locked(tmp_path: Path) -> None:
    with run_sink(SqliteSink, made(tmp_path)) as run:
        other = sqlite3.connect(tmp_path / "shop.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryLater, match="database is locked"):
            run.put_records([run.record({"id": 1})], attempts_max=1)
        other.close()
        run.next_offset = 0
        run.put({"id": 1})
    assert rows(tmp_path) == [(1, None)]


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConnectError, match="no table nowhere: create it"),
        run_sink(SqliteSink, made(tmp_path) | {"table": "nowhere"}),
    ):
        pass


def test_offsets_an_operator_sets_are_where_the_sink_goes_on(tmp_path: Path) -> None:
    properties = made(tmp_path)
    with run_sink(SqliteSink, properties) as run:
        run.put({"id": 1}, {"id": 2}, {"id": 3})
    alter(properties, {TopicPartition("test", 0): 1})
    with run_sink(SqliteSink, properties) as run:
        assert run.rewinds == [{TopicPartition("test", 0): 1}]
    alter(properties, {TopicPartition("test", 0): None})
    with run_sink(SqliteSink, properties) as run:
        assert run.rewinds == [{}]


class Context:
    connector = "test"

    def request_task_reconfiguration(self) -> None: ...

    def fail(self, error: Exception) -> None: ...


def alter(properties: dict[str, Any], offsets: dict[TopicPartition, int | None]) -> None:
    texts = {name: str(value) for name, value in properties.items()}
    connector = SqliteSink(SqliteSinkConfig.parse(texts), Context())
    assert connector.alter_offsets(offsets)
