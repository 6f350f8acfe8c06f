"""A polled batch on its way: what is to be sent, how far that got, and the offsets it ends at."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from penstock.runtime.in_flight import Offset, Partition
from penstock.runtime.ports import Outgoing
from penstock.runtime.source_encoding import Encoded
from penstock.sdk.record import SourceRecord

_source_partition = attrgetter("source_partition")


class Sending:
    """The encoded records of one poll, and the place up to which they were handed over.

    `failure` is what the task must fail with once they are.
    """

    __slots__ = ("at", "begun", "ends", "failure", "outgoing", "records", "start")

    def __init__(self, encoded: Sequence[Encoded], failure: Exception | None = None) -> None:
        self.outgoing = [out for part in encoded for out in part.outgoing]
        self.failure = failure
        self.records = sum(map(len, self.outgoing))
        self.ends = [end for part in encoded for end in last_offsets(part.records)]
        self.begun = False
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
    identities = list(map(id, map(_source_partition, records)))
    if identities.count(identities[0]) == len(identities):
        return [(records[-1].source_partition, records[-1].source_offset)]
    last = {identity: i for i, identity in enumerate(identities)}
    ends = (records[i] for i in sorted(last.values()))
    return [(record.source_partition, record.source_offset) for record in ends]
