"""HasHeaderKey: records with a header of a given name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from penstock.sdk.columns import column
from penstock.sdk.config import Config, Importance, Option, non_empty
from penstock.sdk.predicate import Predicate
from penstock.sdk.record import Record


class HasHeaderKeyConfig(Config):
    """Settings of HasHeaderKey."""

    name: Annotated[str, Option("Name of the header.", Importance.MEDIUM, check=non_empty)]


class HasHeaderKey(Predicate[HasHeaderKeyConfig]):
    """Holds for records with at least one header of exactly that name."""

    def matches(self, records: Sequence[Record]) -> list[bool]:
        name = self.config.name
        return [any(h.key == name for h in headers) for headers in column(records, "headers")]
