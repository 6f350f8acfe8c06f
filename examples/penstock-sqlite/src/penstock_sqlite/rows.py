"""Tables, columns and statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import lru_cache

from penstock.sdk import ConnectError


def columns_of(database: sqlite3.Connection, table: str) -> frozenset[str]:
    """The names of a table's columns. Raises ConnectError when there is no such table."""
    rows = database.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
    if not rows:
        raise ConnectError(
            f"There is no table {table}: create it, or name another one in the setting `table`."
        )
    return frozenset(name for (name,) in rows)


def insert_statement(table: str, names: Sequence[str]) -> str:
    return _insert(table, tuple(names))


@lru_cache(maxsize=64)
def _insert(table: str, names: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {_quoted(table)} ({', '.join(map(_quoted, names))}) VALUES ({marks})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
