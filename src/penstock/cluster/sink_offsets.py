"""Offsets of sinks as clients give and are shown them: a topic and partition, and an offset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from penstock.cluster.errors import BadRequest
from penstock.sdk.record import TopicPartition

TOPIC, PARTITION, OFFSET = "kafka_topic", "kafka_partition", "kafka_offset"
_NUMBER = re.compile(r"[+-]?\d+")

Member = Mapping[str, Any] | None


def parse(pairs: Iterable[tuple[Member, Member]]) -> dict[TopicPartition, int | None]:
    """None as an offset resets the partition; the last of equal partitions counts."""
    return {_partition(partition): _offset(offset) for partition, offset in pairs}


def shown(offsets: Mapping[TopicPartition, int]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Partitions and offsets with their members in the order clients are used to."""
    return [
        ({PARTITION: partition.partition, TOPIC: partition.topic}, {OFFSET: offset})
        for partition, offset in offsets.items()
    ]


def _partition(partition: Member) -> TopicPartition:
    if partition is None:
        raise BadRequest("The partition for a sink connector offset cannot be null or missing")
    if TOPIC not in partition or PARTITION not in partition:
        raise BadRequest(
            "The partition for a sink connector offset must contain the keys 'kafka_topic' and "
            "'kafka_partition'"
        )
    topic, number = partition[TOPIC], partition[PARTITION]
    if topic is None:
        raise BadRequest("Kafka topic names must be valid strings and may not be null")
    if number is None:
        raise BadRequest("Kafka partitions must be valid numbers and may not be null")
    parsed = _number(number, 31)
    if parsed is None:
        raise BadRequest(
            f"Failed to parse the following Kafka partition value in the provided offsets: "
            f"'{_text(number)}'. Partition values for sink connectors need to be integers."
        )
    return TopicPartition(_text(topic), parsed)


def _offset(offset: Member) -> int | None:
    if offset is None:
        return None
    if OFFSET not in offset:
        raise BadRequest(
            "The offset for a sink connector should either be null or contain the key "
            "'kafka_offset'"
        )
    parsed = _number(offset[OFFSET], 63)
    if parsed is None:
        raise BadRequest(
            f"Failed to parse the following Kafka offset value in the provided offsets: "
            f"'{_text(offset[OFFSET])}'. Offset values for sink connectors need to be integers."
        )
    return parsed


def _number(value: Any, bits: int) -> int | None:
    """Texts are taken for numbers, too."""
    text = _text(value)
    if not _NUMBER.fullmatch(text):
        return None
    number = int(text)
    return number if -(1 << bits) <= number < 1 << bits else None


def _text(value: Any) -> str:
    """As Java prints it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, float):
        return str(value)
    from penstock.sdk.values_text import java_double  # dates and all; rarely needed here

    return java_double(value)
