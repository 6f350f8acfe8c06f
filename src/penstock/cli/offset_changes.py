"""What changes when a connector's offsets are set: worked out before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from penstock.cluster import sink_offsets
from penstock.cluster.views import ConnectorOffset
from penstock.sdk.record import TopicPartition

Json = dict[str, Any]


class Change(NamedTuple):
    """An offset as it is and as it shall be; None where there is none."""

    partition: Json
    before: Json | None
    after: Json | None


class OffsetEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A partition and the offset it shall have; None forgets it."""

    partition: Json
    offset: Json | None


class OffsetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of offsets, which is also the body of a request."""

    offsets: list[OffsetEntry]


class Lookup(Protocol):
    """What is asked of Kafka."""

    def partitions(self, topics: Collection[str]) -> dict[str, int]: ...

    def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...

    def ends(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]: ...

    def since(
        self, partitions: Iterable[TopicPartition], at_ms: int
    ) -> dict[TopicPartition, int | None]: ...


class Move(NamedTuple):
    """Where a sink shall go on: exactly one of these is given."""

    earliest: bool = False
    latest: bool = False
    at: datetime | None = None
    shift: int | None = None


def difference(
    kind: str | None, known: Iterable[ConnectorOffset], wanted: Iterable[OffsetEntry]
) -> list[Change]:
    """What is not yet as wanted; of equal partitions the last counts.

    Raises ConnectError for a sink's offsets that are none.
    """
    before = {_identity(each.partition): each.offset for each in known}
    after = {_identity(each.partition): each for each in _plain(kind, wanted)}
    return [
        Change(each.partition, before.get(place), each.offset)
        for place, each in after.items()
        if _identity(before.get(place)) != _identity(each.offset)
    ]


def entries(changes: Iterable[Change]) -> list[Json]:
    """The changes as a request's body has them."""
    return [{"partition": each.partition, "offset": each.after} for each in changes]


def of_sink(offsets: Mapping[TopicPartition, int | None]) -> list[OffsetEntry]:
    known = {place: at for place, at in offsets.items() if at is not None}
    forgotten = {place: 0 for place, at in offsets.items() if at is None}
    return [OffsetEntry(*pair) for pair in sink_offsets.shown(known)] + [
        OffsetEntry(partition, None) for partition, _ in sink_offsets.shown(forgotten)
    ]


def committed(known: Iterable[ConnectorOffset]) -> dict[TopicPartition, int]:
    """What a sink has committed."""
    found = sink_offsets.parse((each.partition, each.offset) for each in known)
    return {place: at for place, at in found.items() if at is not None}


def moved(
    kafka: Lookup,
    move: Move,
    places: Sequence[TopicPartition],
    now: Mapping[TopicPartition, int],
) -> dict[TopicPartition, int]:
    """Where these partitions go on. A shift ends where the partition does, at either side, and
    leaves alone what has no offset."""
    if move.earliest:
        return kafka.beginnings(places)
    if move.at is not None:
        ends = kafka.ends(places)
        found = kafka.since(places, round(move.at.timestamp() * 1000))
        return {place: ends[place] if at is None else at for place, at in found.items()}
    if move.shift is None:
        return kafka.ends(places)
    shifted = {place: now[place] + move.shift for place in places if place in now}
    low, high = kafka.beginnings(shifted), kafka.ends(shifted)
    return {place: max(low[place], min(high[place], at)) for place, at in shifted.items()}


def point_in_time(text: str) -> datetime:
    """ISO 8601; without an offset it is UTC, as with Kafka's own tools. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def json_text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def place_text(partition: Json | None) -> str:
    """A partition of a topic in short, any other as JSON."""
    if partition is not None and partition.keys() == {sink_offsets.TOPIC, sink_offsets.PARTITION}:
        return f"{partition[sink_offsets.TOPIC]}-{partition[sink_offsets.PARTITION]}"
    return json_text(partition)


def offset_text(offset: Json | None) -> str | None:
    if offset is None:
        return None
    if offset.keys() == {sink_offsets.OFFSET}:
        return str(offset[sink_offsets.OFFSET])
    return json_text(offset)


def _plain(kind: str | None, wanted: Iterable[OffsetEntry]) -> list[OffsetEntry]:
    """A sink's offsets as the worker shows them, whatever notation they were given in."""
    if kind != "sink":
        return list(wanted)
    return of_sink(sink_offsets.parse((each.partition, each.offset) for each in wanted))


def _identity(value: object) -> Hashable:
    """Equal for equal JSON values: 1, 1.0 and true are three, the order of members is none."""
    return msgspec.json.encode(value, order="sorted")
