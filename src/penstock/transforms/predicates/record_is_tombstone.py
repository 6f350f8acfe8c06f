"""RecordIsTombstone: records whose value is null."""

from __future__ import annotations

from collections.abc import Sequence

from penstock.sdk.columns import column
from penstock.sdk.config import Config
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record


class RecordIsTombstone(Predicate[Config]):
    """Holds for records without a value, whatever their schema says."""

    def matches(self, records: Sequence[Record]) -> list[bool]:
        return [value is None for value in column(records, "value")]
