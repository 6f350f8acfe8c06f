"""The parts of a scenario: its input, its settings, and the topic it reads or writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

STRING = "org.apache.kafka.connect.storage.StringConverter"
JSON = "org.apache.kafka.connect.json.JsonConverter"
TRANSFORMS = "org.apache.kafka.connect.transforms."


@dataclass(frozen=True)
class Scenario:
    """One kind of work. A file connector does it, with `settings` on top."""

    title: str
    kind: str  # "source" or "sink"
    record: Callable[[int], str]  # the line of a source, the message of a sink
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    around: tuple[str, str] = ("", "")  # what a bare source puts before and behind a line
    share: float = 1.0  # of the number of records asked for
    partitions: int = 1
    transactional: bool = False  # by a distributed worker, exactly once
    drains: bool = False  # writes nothing: how far a sink is, its committed offsets tell
    java: Mapping[str, str] = field(default_factory=dict[str, str])  # what Java's connector needs
    ends_at: float = 1.0  # the part of the records after which nothing is measured any more
    look_seconds: float = 0.02  # how often it is asked how far the work is


def text(size: int) -> Callable[[int], str]:
    """Lines of so many bytes, line end included."""
    filling = "x" * (size - 11)
    return lambda row: f"{row:09d} {filling}"


def customer(row: int) -> str:
    return (
        f'{{"id":{row},"name":"customer {row % 977}","amount":{row % 1000 + 0.25},'
        f'"active":true,"city":"Lucerne, Switzerland"}}'
    )


CUSTOMER = {
    "type": "struct",
    "name": "shop.Customer",
    "optional": False,
    "fields": [
        {"field": name, "type": kind, "optional": False}
        for name, kind in {
            "id": "int64",
            "name": "string",
            "amount": "double",
            "active": "boolean",
            "city": "string",
        }.items()
    ],
}
BEFORE_CUSTOMER = f'{{"schema":{json.dumps(CUSTOMER, separators=(",", ":"))},"payload":'
PLAIN_JSON = {"value.converter": JSON, "value.converter.schemas.enable": "false"}


def chain(*links: Mapping[str, str]) -> dict[str, str]:
    """Settings of transformations, each with its class and options."""
    names = [f"t{number}" for number in range(len(links))]
    settings = {"transforms": ",".join(names)}
    for name, link in zip(names, links, strict=True):
        settings |= {f"transforms.{name}.{option}": value for option, value in link.items()}
    return settings


INSERT = {
    "type": f"{TRANSFORMS}InsertField$Value",
    "static.field": "source",
    "static.value": "shop",
}
MASK = {"type": f"{TRANSFORMS}MaskField$Value", "fields": "name"}
ROUTE = {"type": f"{TRANSFORMS}RegexRouter", "regex": "filled-(.*)", "replacement": "$1"}
HOIST = {"type": f"{TRANSFORMS}HoistField$Value", "field": "line"}
RENAME = {"type": f"{TRANSFORMS}ReplaceField$Value", "renames": "line:text"}


def make_lines(path: Path, scenario: Scenario, count: int) -> None:
    with path.open("w") as out:
        for start in range(0, count, 10_000):
            rows = range(start, min(start + 10_000, count))
            out.writelines(f"{scenario.record(row)}\n" for row in rows)


def make_topic(bootstrap: str, topic: str, partitions: int = 1) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for done in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
        done.result(30)
    time.sleep(0.5)  # a client that asks too early keeps believing the topic is unknown


def fill_topic(bootstrap: str, topic: str, scenario: Scenario, count: int) -> None:
    """Each partition gets as many, so that no task is done before the others."""
    make_topic(bootstrap, topic, scenario.partitions)
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5, "batch.size": 262144})
    for row in range(count):
        while True:
            try:
                producer.produce(topic, scenario.record(row), None, row % scenario.partitions)
                break
            except BufferError:
                producer.poll(0.05)
        if row % 1000 == 0:
            producer.poll(0)
    producer.flush()


def delete_topic(bootstrap: str, topic: str) -> None:
    """Room for the next scenario."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 3})
    for done in admin.delete_topics([topic]).values():
        done.result(30)
