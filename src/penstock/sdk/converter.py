"""Converters: between Connect data and the bytes Kafka stores, batch by batch."""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from penstock.sdk.config import Config
from penstock.sdk.overriding import overridden_last
from penstock.sdk.schema import Schema

C = TypeVar("C", bound=Config)

DecodedColumns = tuple[Sequence[Schema | None], Sequence[Any]]


class Role(enum.Enum):
    """What a converter works on; the value is the text of `converter.type`."""

    KEY = "key"
    VALUE = "value"
    HEADER = "header"


class Converter(ABC, Generic[C]):
    """Turns values into bytes and back. One instance serves one task, on one thread.

    `encode` and `decode` raise for the whole batch; the runtime then asks record by record to find
    the one to blame. A `DataError` says the record is bad.
    """

    version: ClassVar[str | None] = None

    def __init__(self, config: C, role: Role = Role.VALUE) -> None:
        self.config = config
        self.role = role

    @abstractmethod
    def encode(
        self, topic: str, schema: Schema | None, values: Sequence[Any]
    ) -> list[bytes | None]:
        """The bytes of a run of values that share one schema (None: without schema)."""

    @abstractmethod
    def decode(
        self, topic: str, payloads: Sequence[bytes | None]
    ) -> list[tuple[Schema | None, Any]]:
        """Schema and value of each payload."""

    def decode_columns(self, topic: str, payloads: Sequence[bytes | None]) -> DecodedColumns:
        """The same, all schemas and all values: a converter that is faster so overrides this."""
        return apart(self.decode(topic, payloads))

    def __init_subclass__(cls, **more: Any) -> None:
        """Where `decode` alone was overridden last, `decode_columns` goes by it."""
        super().__init_subclass__(**more)
        if overridden_last(cls, "decode", "decode_columns") == {"decode"}:
            cls.decode_columns = Converter[C].decode_columns

    def close(self) -> None:
        """Release what the converter holds."""


def apart(pairs: Sequence[tuple[Schema | None, Any]]) -> DecodedColumns:
    """Pairs as two columns."""
    return [schema for schema, _ in pairs], [value for _, value in pairs]


class HeaderConverter(ABC, Generic[C]):
    """Turns header values into bytes and back."""

    version: ClassVar[str | None] = None

    def __init__(self, config: C, role: Role = Role.HEADER) -> None:
        self.config = config
        self.role = role

    @abstractmethod
    def encode_header(
        self, topic: str, key: str, schema: Schema | None, value: Any
    ) -> bytes | None:
        """The bytes of one header value."""

    @abstractmethod
    def decode_header(
        self, topic: str, key: str, payload: bytes | None
    ) -> tuple[Schema | None, Any]:
        """Schema and value of one header."""

    def close(self) -> None:
        """Release what the converter holds."""
