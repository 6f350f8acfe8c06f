"""A polled batch on its way: what is to be sent, how far that got, and the offsets it ends at."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat
from operator import is_

from penstock.runtime.in_flight import Offset, Partition
from penstock.runtime.ports import Outgoing
from penstock.runtime.source_encoding import Encoded
from penstock.sdk.columns import Columns, column
from penstock.sdk.record import SourceRecord


class Sending:
    """The encoded records of one poll, and the place up to which they were handed over.

    `failure` is what the task must fail with once they are.
    """

    __slots__ = ("at", "ends", "failure", "outgoing", "records", "start")

    def __init__(self, encoded: Sequence[Encoded], failure: Exception | None = None) -> None:
        self.outgoing = [out for part in encoded for out in part.outgoing]
        self.failure = failure
        self.records = sum(map(len, self.outgoing))
        self.ends = [end for part in encoded for end in last_offsets(part.records)]
        self.at = 0
        self.start = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.outgoing)

    @property
    def current(self) -> Outgoing:
        return self.outgoing[self.at]

    def advance(self, taken: int) -> None:
        """So many records of the current topic were taken."""
        self.start += taken
        if self.start >= len(self.current):
            self.at += 1
            self.start = 0


def last_offsets(records: Sequence[SourceRecord]) -> list[tuple[Partition, Offset]]:
    """The last offset of each source partition, in the order the source gave them.

    Records that share a partition usually share the very mapping, so identity narrows the search;
    equal ones are merged by whoever keeps them, the later over the earlier.
    """
    if not records:
        return []
    partitions = column(records, "source_partition")
    if all(map(is_, partitions, repeat(partitions[0]))):
        if isinstance(records, Columns):
            return [(partitions[0], records.column("source_offset")[-1])]
        return [(partitions[0], records[-1].source_offset)]
    last = {id(partition): i for i, partition in enumerate(partitions)}
    return [(partitions[i], records[i].source_offset) for i in sorted(last.values())]
