"""The file source and sink, fed and read through real files."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from penstock.connectors.file import FileStreamSink, FileStreamSource
from penstock.sdk.config import config_class
from penstock.sdk.record import SinkRecord, SourceRecord, TopicPartition
from tests.conformance.runner import Case, described
from tests.conformance.values import schema_in, schema_out, value_in, value_out

CONNECTORS: dict[str, Any] = {"source": FileStreamSource, "sink": FileStreamSink}


def run(case: Case) -> object:
    return OPERATIONS[case["op"]](case)


class Context:
    """A task's surroundings; every rest is cut short, so that a poll returns at once."""

    connector, task, stopping, transaction = "conformance", 0, False, None

    def __init__(self, properties: Mapping[str, str], offset: Mapping[str, Any] | None) -> None:
        self.properties = properties
        self._offset = offset

    def offset(self, partition: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self._offset

    def offsets(self, partitions: Sequence[Mapping[str, Any]]) -> list[Any]:
        return [self._offset for _ in partitions]

    def sleep(self, seconds: float) -> bool:
        return True

    def rest(self, seconds: float) -> bool:
        return True

    def wake(self) -> None: ...


def connector(case: Case) -> Any:
    kind = CONNECTORS[case["connector"]]
    return kind(config_class(kind).parse(case["props"]), None)


def task(kind: Any, properties: Mapping[str, str], offset: Any = None) -> Any:
    return kind(config_class(kind).parse(properties), Context(properties, offset))


def source(case: Case) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "input"
        if not case.get("missing"):
            path.write_bytes(content(case["content"]))
        properties = {"file": str(path), **case["props"]}
        running = task(FileStreamSource.task, properties, value_in(case.get("offset")))
        polls: list[Any] = []
        with closing(running):
            running.start()
            for step in case["steps"]:
                if step == "poll":
                    polls.append(polled(running, str(path)))
                else:
                    with path.open("ab") as file:
                        file.write(content(step["append"]))
        return {"polls": polls}


def content(shown: Any) -> bytes:
    return base64.b64decode(shown["bytes"]) if isinstance(shown, dict) else shown.encode()


def polled(running: Any, path: str) -> Any:
    try:
        records = running.poll()
    except Exception as error:
        return {"error": described(error)}
    return [shown(record, path) for record in records] or None


def shown(record: SourceRecord, path: str) -> dict[str, Any]:
    filename = {k: "FILE" if v == path else v for k, v in (record.source_partition or {}).items()}
    return {
        "topic": record.topic,
        "partition": record.partition,
        "sourcePartition": value_out(filename),
        "sourceOffset": value_out(dict(record.source_offset or {})),
        "keySchema": schema_out(record.key_schema),
        "valueSchema": schema_out(record.value_schema),
        "value": value_out(record.value, record.value_schema),
        "hasTimestamp": record.timestamp is not None,
    }


def sink(case: Case) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "output"
        if "before" in case:
            path.write_text(case["before"], "utf-8")
        running = task(FileStreamSink.task, {"file": str(path), **case.get("props", {})})
        with closing(running):
            running.start()
            running.put([sink_record(record) for record in case["records"]])
            running.flush({})
        return {"text": path.read_text("utf-8")}


def sink_record(given: Mapping[str, Any]) -> SinkRecord:
    schema = schema_in(given["valueSchema"])
    return SinkRecord(given["topic"], value_in(given["value"], schema), schema)


def alter_offsets(case: Case) -> Any:
    offsets = {
        None if partition is None else tuple(sorted(value_in(partition).items())): value_in(offset)
        for partition, offset in case["offsets"]
    }
    return {"accepted": connector(case).alter_offsets(offsets)}


def sink_alter_offsets(case: Case) -> Any:
    offsets = {TopicPartition(t, p): offset for t, p, offset in case.get("offsets", ())}
    return {"accepted": connector({"connector": "sink", **case}).alter_offsets(offsets)}


def task_configs(case: Case) -> Any:
    made = connector(case)
    configs = [dict(one) for one in made.task_configs(case["maxTasks"])]
    return {"configs": configs, "taskClass": made.task.java_class}


def exactly_once(case: Case) -> Any:
    return {"support": connector(case).exactly_once_support().value}


def transaction_boundaries(case: Case) -> Any:
    can = connector({"connector": "source", **case}).can_define_transaction_boundaries()
    return {"support": "SUPPORTED" if can else "UNSUPPORTED"}


OPERATIONS: dict[str, Callable[[Case], Any]] = {
    "source": source,
    "sink": sink,
    "alterOffsets": alter_offsets,
    "sinkAlterOffsets": sink_alter_offsets,
    "taskConfigs": task_configs,
    "exactlyOnce": exactly_once,
    "canDefineTransactionBoundaries": transaction_boundaries,
}
