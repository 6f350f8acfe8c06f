"""DropHeaders: remove headers by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option, list_without_duplicates
from penstock.sdk.record import Record, replace
from penstock.sdk.transform import Transform

R = TypeVar("R", bound=Record)


class DropHeadersConfig(Config):
    """Settings of DropHeaders."""

    headers: Annotated[
        list[str],
        Option(
            "Names of the headers to remove.",
            Importance.HIGH,
            check=list_without_duplicates(empty_allowed=False),
        ),
    ]


class DropHeaders(Transform[DropHeadersConfig]):
    """Removes all headers of the given names."""

    def __init__(self, config: DropHeadersConfig) -> None:
        super().__init__(config)
        self._names = frozenset(config.headers)

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        return None if any(batch.column("headers")) else batch

    def apply(self, records: Sequence[R]) -> list[R]:
        names = self._names
        return [
            replace(r, headers=tuple([h for h in r.headers if h.key not in names])) for r in records
        ]
