"""A sink that writes rows into SQLite, each exactly once."""

from __future__ import annotations

from penstock_sqlite.sink import SqliteSink as SqliteSink
