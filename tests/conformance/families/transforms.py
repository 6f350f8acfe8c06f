"""transforms.jsonl: one transformation or predicate, given records one after another."""

from __future__ import annotations

from typing import Any

from penstock.sdk.config import config_class
from penstock.sdk.record import Header, Record, SinkRecord, SourceRecord
from penstock.transforms.java_names import plugin_class
from tests.conformance.runner import Case, described, stage
from tests.conformance.values import schema_in, schema_out, value_in, value_out

PACKAGE = "org.apache.kafka.connect.transforms."


def run(case: Case) -> Any:
    name = case["transform"] if "transform" in case else f"predicates.{case['predicate']}"
    kind = plugin_class(PACKAGE + name)
    with stage("configure"):
        plugin = kind(config_class(kind).parse(case["config"]))
    answer = transformed if "transform" in case else tested
    return {"results": [guarded(answer, plugin, shown) for shown in case["records"]]}


def guarded(answer: Any, plugin: Any, shown: Any) -> Any:
    try:
        return answer(plugin, record_in(shown))
    except Exception as error:
        return {"error": described(error)}


def transformed(plugin: Any, record: Record) -> Any:
    changed = plugin.apply([record])
    if not changed:
        return {"record": None}
    (new,) = changed
    return {"record": record_out(new)} | ({"unchanged": True} if new is record else {})


def tested(plugin: Any, record: Record) -> Any:
    return {"matches": plugin.matches([record])[0]}


def record_in(shown: Any) -> Record:
    key_schema, value_schema = schema_in(shown["keySchema"]), schema_in(shown["valueSchema"])
    common: dict[str, Any] = {
        "topic": shown["topic"],
        "key_schema": key_schema,
        "key": value_in(shown["key"], key_schema),
        "value_schema": value_schema,
        "value": value_in(shown["value"], value_schema),
        "timestamp": shown.get("timestamp"),
        "partition": shown.get("partition"),
        "headers": tuple(header_in(*header) for header in shown.get("headers", ())),
    }
    if shown.get("kind") == "sink":
        offset = shown["offset"]
        return SinkRecord(
            offset=offset,
            original_topic=common["topic"],
            original_partition=common["partition"],
            original_offset=offset,
            **common,
        )
    return SourceRecord(source_partition={"p": 1}, source_offset={"o": 1}, **common)


def header_in(key: str, shown_schema: Any, shown: Any) -> Header:
    schema = schema_in(shown_schema)
    return Header(key, value_in(shown, schema), schema)


def record_out(record: Record) -> Any:
    sink = {"offset": record.offset} if isinstance(record, SinkRecord) else {}
    return {
        "kind": "sink" if isinstance(record, SinkRecord) else "source",
        "topic": record.topic,
        "partition": record.partition,
        "keySchema": schema_out(record.key_schema),
        "key": value_out(record.key, record.key_schema),
        "valueSchema": schema_out(record.value_schema),
        "value": value_out(record.value, record.value_schema),
        "timestamp": record.timestamp,
        **sink,
        "headers": [header_out(header) for header in record.headers],
    }


def header_out(header: Header) -> Any:
    return [header.key, schema_out(header.schema), value_out(header.value, header.schema)]
