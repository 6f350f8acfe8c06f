"""What offsets the options of `penstock offsets set` ask for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from penstock.cli.offset_changes import (
    Lookup,
    Move,
    OffsetEntry,
    committed,
    json_text,
    moved,
    of_sink,
    point_in_time,
)
from penstock.client import ConnectClient
from penstock.cluster.views import ConnectorOffset
from penstock.sdk.record import TopicPartition

KAFKA_SECONDS = 20.0


def single(
    connector: str, kind: str | None, topic: str | None, partition: str | None, offset: str
) -> OffsetEntry:
    if kind == "sink":
        if topic is None or partition is None:
            raise click.UsageError(
                f"{connector} is a sink: give --topic T --partition NUMBER --offset NUMBER."
            )
        at = None if offset == "null" else number_of("--offset", offset)
        return of_sink({TopicPartition(topic, number_of("--partition", partition)): at})[0]
    if topic is not None or partition is None:
        raise click.UsageError(f"{connector} is a source: give --partition JSON --offset JSON.")
    where: dict[str, Any] = _json("--partition", partition, dict[str, Any])
    return OffsetEntry(where, _json("--offset", offset, dict[str, Any] | None))


def sink_moved(
    client: ConnectClient,
    connector: str,
    properties: dict[str, str],
    move: Move,
    topic: str | None,
    number: int | None,
    known: Sequence[ConnectorOffset],
) -> list[OffsetEntry]:
    from penstock.kafka.admin import KafkaAdmin

    now = committed(known)
    admin = KafkaAdmin(properties, KAFKA_SECONDS)
    named = (client.config(connector).get("topics") or "").split(",")
    topics = {name.strip() for name in named if name.strip()} | {place.topic for place in now}
    places = _places(admin, [topic] if topic is not None else sorted(topics), number)
    if move.shift is not None and not now.keys() & set(places):
        raise click.ClickException(f"{connector} has no offset there that could be shifted.")
    return of_sink(moved(admin, move, places, now))


def _places(kafka: Lookup, topics: Sequence[str], number: int | None) -> list[TopicPartition]:
    """All partitions of these topics, or the one of this number of each."""
    counts = kafka.partitions(topics)
    for topic in topics:
        if topic not in counts:
            raise click.ClickException(f"There is no topic {topic}.")
        if number is not None and not 0 <= number < counts[topic]:
            raise click.ClickException(
                f"Topic {topic} has no partition {number}: it has {counts[topic]}, from 0 on."
            )
    if not topics:
        raise click.ClickException("No topic of this sink is known; name one with --topic.")
    numbers = {t: range(counts[t]) if number is None else (number,) for t in topics}
    return [TopicPartition(topic, each) for topic in topics for each in numbers[topic]]


def number_of(option: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise click.BadParameter(
            f"{text} is no number from 0 on, which a sink needs.", param_hint=option
        )
    return int(text)


def _json(option: str, text: str, kind: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise click.BadParameter(
            f"{text} is no JSON object ({error}); write for example "
            f"{json_text({'filename': 'a'})}.",
            param_hint=option,
        ) from error


def time_of(text: str | None) -> datetime | None:
    try:
        return None if text is None else point_in_time(text)
    except ValueError as error:
        raise click.BadParameter(
            f"{text} is no time; write for example 2026-01-31T12:00:00Z.",
            param_hint="--to-datetime",
        ) from error
