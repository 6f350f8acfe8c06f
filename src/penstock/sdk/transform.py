"""Single message transforms: records in, records out, batch by batch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from penstock.sdk.columns import Columns
from penstock.sdk.config import Config
from penstock.sdk.overriding import overridden_last
from penstock.sdk.record import Record

C = TypeVar("C", bound=Config)
R = TypeVar("R", bound=Record)


class Transform(ABC, Generic[C]):
    """Changes, drops or multiplies records. One instance serves one task, on one thread.

    A batch must give what its records would give one by one. Values are never edited: build new
    ones and `replace(record, value=...)`.
    """

    version: ClassVar[str | None] = None

    def __init__(self, config: C) -> None:
        self.config = config

    @abstractmethod
    def apply(self, records: Sequence[R]) -> list[R]:
        """The records that take the place of these, in order."""

    def apply_columns(self, batch: Columns[R]) -> Columns[R] | None:
        """The same for a batch kept as columns; None if it has to be done record by record.

        Saves making a record anew where only its value, its key or its topic changes.
        """
        return None

    def __init_subclass__(cls, **more: Any) -> None:
        """Where `apply` alone was overridden last, nothing else is asked."""
        super().__init_subclass__(**more)
        if overridden_last(cls, "apply", "apply_columns") == {"apply"}:
            cls.apply_columns = Transform[C].apply_columns

    def close(self) -> None:
        """Release what the transformation holds."""


class RecordTransform(Transform[C]):
    """A transformation that is simplest said record by record."""

    def apply(self, records: Sequence[R]) -> list[R]:
        return [changed for record in records if (changed := self.apply_one(record)) is not None]

    @abstractmethod
    def apply_one(self, record: R) -> R | None:
        """The record that takes this one's place; None drops it."""
