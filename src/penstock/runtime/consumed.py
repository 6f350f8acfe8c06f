"""A consumed record as it came from Kafka; made only for one that something is wrong with."""

from __future__ import annotations

from typing import NamedTuple

from penstock.runtime.ports import Headers, Incoming
from penstock.sdk.record import TimestampType


class Consumed(NamedTuple):
    """Coordinates and raw content of a record."""

    topic: str
    partition: int
    offset: int
    timestamp: int | None
    timestamp_type: TimestampType
    key: bytes | None
    value: bytes | None
    headers: Headers | None

    def __str__(self) -> str:
        return f"record {self.topic}-{self.partition}@{self.offset}"  # never its content


def consumed(batch: Incoming) -> Consumed:
    """The only record of a batch of one."""
    return Consumed(
        batch.topics()[0],
        batch.partitions()[0],
        batch.offsets()[0],
        batch.timestamps()[0],
        batch.timestamp_types()[0],
        batch.keys()[0],
        batch.values()[0],
        batch.headers()[0],
    )
