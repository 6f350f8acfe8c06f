"""Which offsets of a sink task are consumed, which are committed, and which may be."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping

from penstock.sdk.record import TopicPartition

log = logging.getLogger(__name__)

Offsets = dict[TopicPartition, int]


class SinkOffsets:
    """The offsets of the assigned partitions. Pure bookkeeping."""

    def __init__(self) -> None:
        self.current: Offsets = {}
        self.committed: Offsets = {}

    @property
    def partitions(self) -> frozenset[TopicPartition]:
        return frozenset(self.current)

    @property
    def uncommitted(self) -> int:
        """How far the task is ahead of what was committed, in offsets."""
        ahead = (self.current[tp] - committed for tp, committed in self.committed.items())
        return sum(max(0, count) for count in ahead)

    def assigned(self, positions: Mapping[TopicPartition, int]) -> None:
        self.current |= positions
        self.committed |= positions

    def gone(self, partitions: Collection[TopicPartition]) -> None:
        for partition in partitions:
            self.current.pop(partition, None)
            self.committed.pop(partition, None)

    def delivered(self, ends: Mapping[TopicPartition, int]) -> None:
        """The task took these; of partitions that went meanwhile, nothing is kept."""
        self.current |= {tp: end for tp, end in ends.items() if tp in self.current}

    def rewound(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.current |= offsets
        self.committed |= offsets

    def back_to_committed(self, partitions: Collection[TopicPartition]) -> Offsets:
        """Where to read on after a commit the task refused."""
        places = {tp: self.committed[tp] for tp in partitions if tp in self.committed}
        self.current |= places
        return places

    def consumed(self, partitions: Collection[TopicPartition]) -> Offsets:
        return {tp: self.current[tp] for tp in partitions if tp in self.current}

    def to_commit(
        self, asked: Mapping[TopicPartition, int], answer: Mapping[TopicPartition, int]
    ) -> Offsets:
        """What is committed of the task's answer to `pre_commit`; empty if nothing changed."""
        wanted = {tp: self.committed[tp] for tp in asked if tp in self.committed}
        before = dict(wanted)
        for partition, offset in answer.items():
            current = self.current.get(partition)
            if current is None:
                log.warning("Not committing %s: it is not assigned to the task.", partition)
            elif partition not in asked:
                log.debug("Not committing %s: it was not asked for.", partition)
            elif offset > current:
                log.warning(
                    "Not committing %s at %d: only read up to %d.", partition, offset, current
                )
            else:
                wanted[partition] = offset
        return {} if wanted == before else wanted
