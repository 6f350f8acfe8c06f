"""Batches as columns, for connectors and transformations that need not see single records.

A record that nobody looks at is never made. To everyone else such a batch is a sequence of records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any, Generic, Self, TypeVar, overload

from penstock.sdk.record import Record

R = TypeVar("R", bound=Record)
Column = Sequence[Any]


class Same(list[Any]):
    """A column that holds one value throughout, and is known to."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any, size: int) -> Same:
        return cls([value] * size)


class Columns(Sequence[R], Generic[R]):
    """Records of one kind, attribute by attribute. Not to be changed."""

    __slots__ = ("_columns", "_kind", "_records", "_size")

    def __init__(
        self, kind: type[R], size: int, columns: Mapping[str, Column | Callable[[], Column]]
    ) -> None:
        """A column for each attribute of `kind`; as a function, it is read when it is needed."""
        self._kind = kind
        self._size = size
        self._columns = dict(columns)
        self._records: list[R] | None = None

    def column(self, name: str) -> Column:
        """This attribute of each record."""
        found = self._columns[name]
        if callable(found):
            found = self._columns[name] = found()
        return found

    def replaced(self, **columns: Column) -> Self:
        """The same batch but for these columns."""
        return type(self)(self._kind, self._size, self._columns | columns)

    def records(self) -> list[R]:
        """The records, made once. The list is the batch's own."""
        if self._records is None:
            columns = map(self.column, self._kind.__struct_fields__)
            self._records = list(map(self._kind, *map(_quick, columns)))
            if len(self._records) != self._size:
                raise ValueError(f"A column has fewer than {self._size} values.")
        return self._records

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[R]:
        return iter(self.records())

    @overload
    def __getitem__(self, index: int) -> R: ...
    @overload
    def __getitem__(self, index: slice) -> list[R]: ...
    def __getitem__(self, index: int | slice) -> R | list[R]:
        return self.records()[index]


def columns_like(record: R, **columns: Column) -> Columns[R]:
    """Records that are all like this one but for the columns, of which each has the same length.

    columns_like(SourceRecord("lines", None, STRING), value=lines, source_offset=offsets)
    """
    sizes = set(map(len, columns.values()))
    if len(sizes) != 1:
        raise ValueError(f"Columns of one batch have one length, not {sorted(sizes)}.")
    size = sizes.pop()
    same = {
        name: partial(Same.of, getattr(record, name), size)
        for name in record.__struct_fields__
        if name not in columns
    }
    return Columns(type(record), size, same | columns)


def _quick(column: Column) -> Iterable[Any]:
    """What `map` walks through fastest."""
    return repeat(column[0], len(column)) if type(column) is Same and column else column


def as_columns(records: Sequence[R]) -> Sequence[R]:
    """The same batch as columns, if its records are all of one kind."""
    if isinstance(records, Columns):
        return records
    kinds: set[type[R]] = set(map(type, records))
    if len(kinds) != 1:
        return records
    kind = kinds.pop()
    columns = {name: partial(column, records, name) for name in kind.__struct_fields__}
    return Columns(kind, len(records), columns)


def column(records: Sequence[Record], name: str) -> Column:
    """An attribute of each record: `column(records, "value")`."""
    if isinstance(records, Columns):
        return records.column(name)
    return list(map(attrgetter(name), records))
