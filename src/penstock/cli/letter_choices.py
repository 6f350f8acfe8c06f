"""Which dead letters a command is about: places, ranges of offsets, and what their reason says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Protocol

import click
import msgspec

from penstock.kafka.letters import Letter
from penstock.sdk.record import TopicPartition

_RANGE = re.compile(r"(\d+)(?:(-)(\d+)?)?", re.ASCII)
OFFSET_MAX = (1 << 63) - 1


class Lookup(Protocol):
    """What is asked of Kafka."""

    def partitions(self, topics: list[str]) -> dict[str, int]: ...

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...

    def ends(
        self, partitions: Iterable[TopicPartition], *, read_committed: bool = False
    ) -> dict[TopicPartition, int]: ...


class Choice(msgspec.Struct, frozen=True):
    """Filters; what is empty or None lets everything pass."""

    ranges: tuple[tuple[int, int], ...] = ()  # first and last offset
    partition: int | None = None
    connector: str | None = None
    stage: str | None = None
    exception: str | None = None

    @property
    def is_everything(self) -> bool:
        return self == Choice(partition=self.partition)

    def among(self, letters: Iterable[Letter], limit: int | None) -> Iterator[Letter]:
        return islice(filter(self.fits, letters), limit)

    def fits(self, letter: Letter) -> bool:
        reason = letter.reason
        return (
            (not self.ranges or any(a <= letter.offset <= b for a, b in self.ranges))
            and self.connector in (None, reason.connector)
            and (self.stage is None or self.stage.upper() == (reason.stage or "").upper())
            and (self.exception is None or _is_named(self.exception, reason.exception))
        )


def ranges_of(texts: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """`12`, `5-9` and `12-`, also several with commas between. Raises BadParameter."""
    return tuple(_range(part.strip()) for text in texts for part in text.split(","))


def readable(kafka: Lookup, topic: str, choice: Choice) -> dict[int, tuple[int, int]]:
    """From where to where each partition is read; nothing that comes later is."""
    count = kafka.partitions([topic]).get(topic)
    if count is None:
        raise click.ClickException(f"There is no topic {topic}.")
    number = choice.partition
    if number is not None and not 0 <= number < count:
        raise click.ClickException(
            f"Topic {topic} has no partition {number}: it has {count}, from 0 on."
        )
    if choice.ranges and number is None and count > 1:
        raise click.UsageError(
            f"Topic {topic} has {count} partitions: say with --partition whose offsets are meant."
        )
    numbers = range(count) if number is None else (number,)
    places = [TopicPartition(topic, each) for each in numbers]
    low, high = kafka.beginnings(places), kafka.ends(places, read_committed=True)
    if not places or any(low[place] < 0 or high[place] < low[place] for place in places):
        raise click.ClickException(
            f"Kafka cannot tell at the moment where topic {topic} begins and ends; try again."
        )
    first = min((a for a, _ in choice.ranges), default=0)
    last = max((b for _, b in choice.ranges), default=OFFSET_MAX)
    return {p.partition: (max(low[p], first), min(high[p], last + 1)) for p in places}


def letters_at_most(ranges: Mapping[int, tuple[int, int]], limit: int | None) -> int:
    """How many letters there can be, for a progress bar."""
    count = sum(max(end - start, 0) for start, end in ranges.values())
    return count if limit is None else min(count, limit)


def _range(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} names no offsets; write 12, 5-9 or 12-.", param_hint="--offset"
        )
    first = min(int(found[1]), OFFSET_MAX)
    if found[2] is None:
        return first, first
    last = OFFSET_MAX if found[3] is None else min(int(found[3]), OFFSET_MAX)
    if last < first:
        raise click.BadParameter(f"{text} ends before it begins.", param_hint="--offset")
    return first, last


def _is_named(name: str, java_class: str | None) -> bool:
    """A class by its whole name, or by what comes after the last dot."""
    return java_class is not None and (java_class == name or java_class.endswith(f".{name}"))
