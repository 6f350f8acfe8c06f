"""What `make bench` measures: each row's input, its settings, and who can be compared."""

from __future__ import annotations

import json
from collections.abc import Mapping

from benchmarks.scenarios import (
    BEFORE_CUSTOMER,
    HOIST,
    INSERT,
    JSON,
    MASK,
    PLAIN_JSON,
    RENAME,
    ROUTE,
    Scenario,
    chain,
    customer,
    text,
)

THREE = chain(INSERT, MASK, ROUTE)
HOISTED = (
    '{"schema":{"type":"struct","fields":[{"type":"string","optional":false,"field":"text"},'
    '{"type":"string","optional":true,"field":"source"}],"optional":false},"payload":{"text":"'
)
# What Java's tool connector makes up, as our datagen source makes it too.
SAME_EACH_TIME = {
    "boolean": True,
    "int": 12,
    "long": 12,
    "float": 12.2,
    "double": 12.2,
    "partitioning": 0,
    "id": 0,
}
KINDS = {"partitioning": "int", "id": "int"}
MADE_UP = {
    "type": "record",
    "name": "record",
    "fields": [
        *(
            {"name": n, "type": {"type": KINDS.get(n, n), "arg.properties": {"options": [value]}}}
            for n, value in SAME_EACH_TIME.items()
        ),
        {
            "name": "seqno",
            "type": {"type": "long", "arg.properties": {"iteration": {"start": 0}}},
        },
    ],
}
TOOLS = "org.apache.kafka.connect.tools."
DRAIN = {"connector.class": "Drain"}
JAVA_DRAIN = {"connector.class": f"{TOOLS}MockSinkConnector", "mock_mode": "none"}


def wrapped(row: int) -> str:
    return f"{BEFORE_CUSTOMER}{customer(row)}}}"


def made_up(row: int) -> str:
    return json.dumps({**SAME_EACH_TIME, "seqno": row}, separators=(",", ":"))


def drain(title: str, *, envelope: bool, transforms: Mapping[str, str]) -> Scenario:
    record = wrapped if envelope else customer
    settings = {**DRAIN, **({"value.converter": JSON} if envelope else PLAIN_JSON), **transforms}
    return Scenario(title, "sink", record, settings, share=0.5, drains=True, java=JAVA_DRAIN)


def generated(tasks: int) -> Scenario:
    settings = {
        "connector.class": "DatagenSource",
        "schema.string": json.dumps(MADE_UP, separators=(",", ":")),
        "max.interval": "0",
        "random.seed": "1",
        "tasks.max": str(tasks),
    }
    java = {
        "connector.class": f"{TOOLS}SchemaSourceConnector",
        "throughput": "-1",
        "num.messages": "2000000000",
        "multiple.schema": "false",
        "partition.count": "1",
    }
    title = f"generated records, JSON, 8 fields, tasks: {tasks}"
    return Scenario(title, "source", made_up, PLAIN_JSON | settings, share=0.4, java=java)


def shared_by(tasks: int, partitions: int) -> Scenario:
    """The work of `sink`, by more tasks or from more partitions."""
    title = f"file sink, 100 B, String, partitions: {partitions}, tasks: {tasks}"
    settings = {"tasks.max": str(tasks)}
    return Scenario(title, "sink", text(100), settings, share=0.7, partitions=partitions)


ROWS: Mapping[str, Scenario] = {
    "source": Scenario("file source, 100 B lines, String", "source", text(100)),
    "sink": Scenario("file sink, 100 B, String", "sink", text(100)),
    "source-1k": Scenario("file source, 1 KB lines, String", "source", text(1000), share=0.3),
    "sink-1k": Scenario("file sink, 1 KB, String", "sink", text(1000), share=0.3),
    "drain-json": drain("draining sink, JSON, 5 fields", envelope=False, transforms={}),
    "drain-envelope": drain("draining sink, JSON envelope", envelope=True, transforms={}),
    "drain-transforms": drain(
        "draining sink, JSON, 3 transforms", envelope=False, transforms=THREE
    ),
    "sink-json": Scenario("file sink, JSON, 5 fields", "sink", customer, PLAIN_JSON, share=0.4),
    "sink-envelope": Scenario(
        "file sink, JSON envelope", "sink", wrapped, {"value.converter": JSON}, share=0.4
    ),
    "sink-transforms": Scenario(
        "file sink, JSON, 3 transforms", "sink", customer, PLAIN_JSON | THREE, share=0.4
    ),
    "source-transforms": Scenario(
        "file source, envelope, 3 transforms",
        "source",
        text(100),
        {"value.converter": JSON} | chain(HOIST, INSERT, RENAME),
        around=(HOISTED, '","source":"shop"}}'),
        share=0.4,
    ),
    "source-exactly-once": Scenario(
        "file source, exactly once, 100 B, String",
        "source",
        text(100),
        {"transaction.boundary": "interval", "transaction.boundary.interval.ms": "1000"},
        share=0.6,
        transactional=True,
    ),
    "datagen": generated(1),
    "datagen-16-tasks": generated(16),
    "sink-1-task-8": shared_by(1, 8),
    "sink-1-task-64": shared_by(1, 64),
    "sink-4-tasks-64": shared_by(4, 64),
    "sink-16-tasks-64": shared_by(16, 64),
}
