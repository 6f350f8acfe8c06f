"""Classic mistakes, made with the real converters and transformations, and what is said of them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError

from penstock.cluster.messages import Failure
from penstock.kafka.remedies import remedy_for
from penstock.kafka.transactions import transaction_error
from penstock.runtime.hints import HINTS
from penstock.sdk.builder import SchemaBuilder
from penstock.sdk.record import Header, SourceRecord
from penstock.sdk.schema import INT32
from penstock.sdk.schema import STRING as TEXT
from tests.unit.hosting.mistakes import (
    JSON,
    STRING,
    GivenTask,
    MistakeRig,
    sink_failure,
    source_failure,
)

ENVELOPE = (
    b'{"schema":{"type":"struct","fields":[{"field":"b","type":"string"}]},"payload":{"b":"x"}}'
)
PLAIN = {"value.converter": JSON, "value.converter.schemas.enable": "false"}
TRANSFORMS = "org.apache.kafka.connect.transforms."
ROW = SchemaBuilder.struct().field("a", INT32).build()

Case = tuple[str, Callable[[], Failure], str]


def sink(name: str, value: bytes | None, remedy: str, **properties: str) -> Any:
    return pytest.param(name, lambda: sink_failure(value, **properties), remedy, id=name)


def source(name: str, value: Any, schema: Any, remedy: str, **properties: str) -> Any:
    more: Any = {"headers": properties.pop("h", ()), "timestamp": properties.pop("stamp", None)}
    record = SourceRecord("orders", value, value_schema=schema, **more)
    return pytest.param(name, lambda: source_failure(record, **properties), remedy, id=name)


def step(kind: str, **options: str) -> dict[str, str]:
    """One transformation, called x."""
    given = {f"transforms.x.{name.replace('__', '.')}": text for name, text in options.items()}
    return {"transforms": "x", "transforms.x.type": TRANSFORMS + kind} | given


MISTAKES = [
    sink(
        "json-without-envelope",
        b'{"a":1}',
        "Set value.converter.schemas.enable=false in the worker's properties, or in the "
        "connector's configuration together with a value.converter of its own",
    ),
    sink(
        "json-without-envelope",
        b'{"a":1}',
        "Set value.converter.schemas.enable=false in the connector's configuration.",
        **{"value.converter": JSON},
    ),
    sink("registry-bytes-as-json", b"\0\0\0\0\1\2ab", "value.converter.schema.registry.url"),
    sink("text-as-json", b"hello", "value.converter=org.apache.kafka.connect.storage.String"),
    sink("text-as-json", b'{"schema":', "errors.tolerance=all"),
    sink(
        "wrong-number-of-bytes",
        b"12345",
        "does not have the 4 bytes of this type: set value.converter",
        **{"value.converter": "IntegerConverter"},
    ),
    source(
        "wrong-type-for-number",
        "a",
        TEXT,
        "is a java.lang.String, which value.converter cannot write as integer",
        **{"value.converter": "IntegerConverter"},
    ),
    source(
        "not-bytes",
        "a",
        TEXT,
        "set value.converter to a converter for this value",
        **{"value.converter": "ByteArrayConverter"},
    ),
    source(
        "not-a-boolean",
        "a",
        TEXT,
        "set value.converter",
        **{"value.converter": "BooleanConverter"},
    ),
    source("required-field-is-null", {"a": None}, ROW, "make it optional in the schema"),
    source("value-does-not-fit-schema", {"a": "x"}, ROW, "contradict each other"),
    source("value-does-not-fit-schema", "a", INT32, "contradict each other"),
    source(
        "header-of-unknown-type",
        "a",
        TEXT,
        "header.converter",
        h=(Header("h", object(), None),),  # type: ignore[arg-type]
    ),
    sink(
        "sink-wants-schema",
        b'"schema"',
        "set value.converter.schemas.enable=true",
        **PLAIN,
    ),
    sink(
        "tombstone-in-transform",
        None,
        "transforms.x.predicate=tombstone, transforms.x.negate=true",
        **PLAIN,
        **step("ValueToKey", fields="a"),
    ),
    sink(
        "transform-needs-fields",
        b'"x"',
        "transforms.x works on records with fields, but is given a java.lang.String",
        **PLAIN,
        **step("InsertField$Value", static__field="a", static__value="b"),
    ),
    sink(
        "transform-needs-fields",
        b"[1]",
        "is given a java.util.ArrayList",
        **PLAIN,
        **step("ReplaceField$Value", exclude="b"),
    ),
    sink(
        "transform-needs-schema",
        b"1",
        "transforms.x needs values with a schema",
        **PLAIN,
        **step("SetSchemaMetadata$Value", schema__name="b"),
    ),
    source(
        "sink-only-transform",
        {"a": 1},
        None,
        "leave transforms.x.offset.field out",
        **PLAIN,
        **step("InsertField$Value", offset__field="o"),
    ),
    sink(
        "unknown-field",
        ENVELOPE,
        "no field a: correct transforms.x.field",
        **step("ExtractField$Value", field="a"),
    ),
    sink(
        "unknown-field-for-key",
        ENVELOPE,
        "no field a: correct transforms.x.fields",
        **step("ValueToKey", fields="a"),
    ),
    sink("cast-of-text", ENVELOPE, "transforms.x.spec", **step("Cast$Value", spec="b:int32")),
    sink(
        "cast-to-unknown-type",
        ENVELOPE,
        "integer is no type of Connect",
        **step("Cast$Value", spec="b:integer"),
    ),
    sink(
        "cast-from-structure",
        b'{"b":{"c":1}}',
        "name a field of such a type in transforms.x.spec",
        **PLAIN,
        **step("Cast$Value", spec="b:int32"),
    ),
    sink(
        "date-format",
        ENVELOPE,
        "Set transforms.x.format to the pattern the texts are written by",
        **step(
            "TimestampConverter$Value", field="b", format="yyyy-MM-dd", target__type="Timestamp"
        ),
    ),
    sink(
        "date-format-missing",
        ENVELOPE,
        "Set transforms.x.format",
        **step("TimestampConverter$Value", field="b", target__type="Timestamp"),
    ),
    sink(
        "date-pattern-invalid",
        ENVELOPE,
        "The pattern qqq is none",
        **step("TimestampConverter$Value", field="b", format="qqq", target__type="string"),
    ),
    source(
        "timestamp-before-1970",
        "a",
        TEXT,
        "or one that is not -86400000",
        stamp=-86_400_000,  # type: ignore[arg-type]
        **{"errors.tolerance": "all"},
    ),
    sink("transform-type-missing", b"1", "Set transforms.x.type", transforms="x"),
    sink("setting-missing", b"1", "Set transforms.x.field", **step("ExtractField$Value")),
    sink(
        "transform-without-side",
        b"1",
        "set transforms.x.type=org.apache.kafka.connect.transforms.InsertField$Value",
        **step("InsertField", static__field="a"),
    ),
    sink(
        "transform-class-unknown",
        b"1",
        "upper and lower case count",
        **step("insertfield$Value", static__field="a"),
    ),
    sink("java-connector", b"1", "Java jar cannot run here", kind="io.acme.connect.OrdersSink"),
    sink("connector-unknown", b"1", "penstock plugin list", kind="filestreamsink"),
    sink(
        "converter-unknown",
        b"1",
        "upper and lower case count in value.converter",
        **{"value.converter": "org.apache.kafka.connect.json.jsonConverter"},
    ),
    sink(
        "predicate-undefined",
        b"1",
        "set predicates.p.type",
        **step("ValueToKey", fields="a", predicate="p"),
    ),
    sink("invalid-tolerance", b"1", "none or all", **{"errors.tolerance": "ALL"}),
    sink("both-topics", b"1", "Take one of topics", **{"topics.regex": "o.*"}),
    sink("no-topics", b"1", "Set topics", topics=""),
    sink(
        "reads-its-dead-letters",
        b"1",
        "errors.deadletterqueue.topic.name",
        **{"errors.deadletterqueue.topic.name": "orders"},
    ),
    sink(
        "wrong-regular-expression",
        b"1",
        "The pattern in regex",
        **step("RegexRouter", regex="(", replacement="a"),
    ),
    sink("folder-missing", b"1", "create it", kind="FileStreamSink", file="/no/such/x"),
    sink("file-is-a-folder", b"1", "not a folder", kind="FileStreamSink", file="/"),
    sink(
        "reference-unresolved",
        b"1",
        "config.providers must list vault",
        kind="FileStreamSink",
        file="${vault:team:folder}/x",
    ),
    pytest.param(
        "file-is-a-folder",
        lambda: source_failure(kind="FileStreamSource", file="/", topic="t"),
        "not a folder",
        id="source-of-a-folder",
    ),
]


@pytest.mark.parametrize(("hint", "make", "remedy"), MISTAKES)
def test_a_mistake_is_recognised_and_the_remedy_names_what_to_change(
    hint: str, make: Callable[[], Failure], remedy: str
) -> None:
    failure = make()
    event = failure.event
    assert event is not None
    assert (event.hint, event.connector, event.task) == (hint, "c", 0), event
    assert event.remedy is not None
    assert remedy.lower() in event.remedy.lower()
    assert "{" not in event.remedy
    first, second, *_ = failure.trace.splitlines()
    assert first.startswith("org.apache.kafka.")
    assert event.remedy in failure.trace
    assert event.remedy in second or not first.endswith("handler")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a disk always full")
def test_a_full_disk_is_recognised() -> None:
    converter = {"value.converter": STRING}
    failure = sink_failure(b"x", kind="FileStreamSink", file="/dev/full", **converter)
    assert failure.event is not None
    assert failure.event.hint == "disk-full"


UNWRITABLE = "/sys/kernel/notes"  # not even by the superuser


@pytest.mark.skipif(not os.path.exists(UNWRITABLE), reason="only Linux has such a file")
def test_a_file_that_may_not_be_written_is_recognised() -> None:
    failure = sink_failure(b"x", kind="FileStreamSink", file=UNWRITABLE, **PLAIN)
    assert failure.event is not None
    assert failure.event.hint == "file-not-permitted", failure.trace


def test_a_connector_with_too_many_tasks_is_told_which_setting_to_raise() -> None:
    rig = MistakeRig()
    rig.start("RejectSink", tasks="3", **{"tasks.max": "2"})
    rig.work()
    assert rig.failure is not None
    event = rig.failure.event
    assert event is not None
    assert event.hint == "too-many-tasks"
    assert "Raise tasks.max to 3" in (event.remedy or "")


@pytest.mark.parametrize(
    ("hint", "code"),
    [
        ("no-such-topic", KafkaError.UNKNOWN_TOPIC_OR_PART),
        ("fenced", KafkaError.INVALID_PRODUCER_EPOCH),
        ("fenced", KafkaError.PRODUCER_FENCED),
        ("fenced", KafkaError._FENCED),
        ("transaction-timeout", KafkaError.INVALID_TRANSACTION_TIMEOUT),
        ("transaction-not-allowed", KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED),
    ],
)
def test_what_kafka_refuses_is_explained(hint: str, code: int) -> None:
    rig = MistakeRig()
    rig.clients.refuse = lambda stored: transaction_error(KafkaError(code))
    GivenTask.given = (SourceRecord("orders", "a", value_schema=TEXT),)
    rig.start("GivenSource")
    rig.work()
    assert rig.failure is not None
    assert rig.failure.event is not None
    assert (rig.failure.event.hint, rig.failure.event.stage) == (hint, "KAFKA_PRODUCE")


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("kafka:1/bootstrap: Connect to ipv4#1.2.3.4:1 failed: Connection refused", "check host"),
        ("kafka:1/7: Connect to ipv4#1.2.3.4:1 failed: Connection refused", None),  # an outage
        ("x:1/bootstrap: Failed to resolve 'x:1': Name or service not known", "is unknown"),
        ("Application maximum poll interval (6000ms) exceeded by 51ms", "max.poll.records"),
        ("Subscribed topic not available: t (UNKNOWN_TOPIC_OR_PART)", "Create the topic"),
        ("Disconnected", None),
    ],
)
def test_what_a_client_only_logs_is_explained(said: str, remedy: str | None) -> None:
    if remedy is None:
        assert remedy_for(said) == ""
    else:
        assert remedy in remedy_for(said)


def test_every_hint_has_a_name_of_its_own_and_is_tested_here_or_with_a_broker() -> None:
    names = [hint.name for hint in HINTS]
    assert len(set(names)) == len(names)
    brokers = Path(__file__).parents[2] / "integration"
    tested = Path(__file__).read_text()
    tested += "".join(path.read_text() for path in brokers.glob("test_*mistakes.py"))
    assert [name for name in names if f'"{name}"' not in tested] == []
