"""Filter: drop every record. Use it with a predicate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from penstock.sdk.config import Config
from penstock.sdk.record import Record
from penstock.sdk.transform import Transform

R = TypeVar("R", bound=Record)


class Filter(Transform[Config]):
    """Drops all records."""

    def apply(self, records: Sequence[R]) -> list[R]:
        return []
