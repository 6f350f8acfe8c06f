"""JSON as it stands in the internal topics: without schema, to the byte as Java writes it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from penstock.converters.json_payloads import BareReader


def dumps(value: Any) -> bytes:
    """A value of None, bool, int, float, str, bytes, list or mapping, members in given order."""
    from penstock.converters.json_fast_encode import schemaless_texts  # a worker answers before

    return schemaless_texts((value,))[0]


def loads(data: bytes | None) -> Any:
    """The value in `data`; None for no bytes and for empty ones. Raises DataError.

    Like Java's reader it stops at the end of the first value and ignores what follows.
    """
    return _reader().read((data,))[1][0]


@cache
def _reader() -> BareReader:
    from penstock.converters.json_payloads import BareReader

    return BareReader(None, null_is_default=False)
