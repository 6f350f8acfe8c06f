"""What commands print: tables for people, JSON for programs."""

from __future__ import annotations

import msgspec
from click import echo
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDTH_MAX = 1000  # of a table that is written to a file


def print_json(value: object) -> None:
    echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def table(*columns: str) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_table(filled: Table) -> None:
    """As wide as the terminal; what goes elsewhere has each row on one line."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=WIDTH_MAX)
    console.print(filled)


class Rows:
    """A table whose cells are shown as they are, None as a dash."""

    def __init__(self, *columns: str) -> None:
        self._table = table(*columns)

    def add(self, *cells: object) -> None:
        self._table.add_row(*("-" if cell is None else escape(str(cell)) for cell in cells))

    def print(self) -> None:
        print_table(self._table)
