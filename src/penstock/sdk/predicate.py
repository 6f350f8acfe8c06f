"""Predicates: which records a transformation applies to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from penstock.sdk.config import Config
from penstock.sdk.record import Record

C = TypeVar("C", bound=Config)


class Predicate(ABC, Generic[C]):
    """A test of records. One instance serves one task, on one thread."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C) -> None:
        self.config = config

    @abstractmethod
    def matches(self, records: Sequence[Record]) -> list[bool]:
        """For each record, whether the predicate holds."""

    def close(self) -> None:
        """Release what the predicate holds."""
