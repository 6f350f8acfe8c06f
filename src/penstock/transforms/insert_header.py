"""InsertHeader: add a header with a fixed value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config, Importance, Option, non_null
from penstock.sdk.headers import header
from penstock.sdk.record import Record, replace
from penstock.sdk.transform import Transform
from penstock.sdk.values import parse_string

R = TypeVar("R", bound=Record)


class InsertHeaderConfig(Config):
    """Settings of InsertHeader."""

    header: Annotated[str, Option("Name of the header.", Importance.HIGH, check=non_null)]
    value_literal: Annotated[
        str,
        Option(
            "Value of the header as a literal; its type is found as in header texts.",
            Importance.HIGH,
            check=non_null,
        ),
    ]


class InsertHeader(Transform[InsertHeaderConfig]):
    """Adds the same header to every record."""

    def __init__(self, config: InsertHeaderConfig) -> None:
        super().__init__(config)
        schema, value = parse_string(config.value_literal)
        self._added = (header(config.header, value, schema),)

    def apply(self, records: Sequence[R]) -> list[R]:
        added = self._added
        return [replace(r, headers=r.headers + added) for r in records]

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        added = self._added
        return batch.replaced(headers=[headers + added for headers in batch.column("headers")])
