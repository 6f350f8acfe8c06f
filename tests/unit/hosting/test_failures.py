"""What is told of a failure: its trace, its record, and no remedy where none is sure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from penstock.sdk.record import SourceRecord
from penstock.sdk.schema import INT32
from penstock.sdk.schema import STRING as TEXT
from tests.unit.hosting.mistakes import STRING, MistakeRig, sink_failure, source_failure


def test_what_is_no_classic_mistake_is_given_no_hint() -> None:
    failure = sink_failure(b"worse", **{"value.converter": STRING})
    event = failure.event
    assert event is not None
    assert (event.hint, event.remedy) == (None, None)
    assert event.cause == "cannot be written"
    assert (event.stage, event.component) == (
        "TASK_PUT",
        "tests.unit.hosting.mistakes.RejectTask",
    )


@pytest.mark.parametrize(
    "words",
    [
        "connection to server at 127.0.0.1 failed: Connection refused",
        "Permission denied for table orders",
        "no schema has been selected to create in",
        "the topic is unknown",
    ],
)
def test_a_connectors_own_trouble_is_not_mistaken_for_kafkas(words: str) -> None:
    event = sink_failure(words.encode(), **{"value.converter": STRING}).event
    assert event is not None
    assert event.hint is None


def test_a_trace_keeps_its_first_line_and_says_ours_below_it() -> None:
    lines = sink_failure(b"hello").trace.splitlines()
    assert lines[0] == (
        "org.apache.kafka.connect.errors.ConnectException: Tolerance exceeded in error handler"
    )
    assert lines[1].startswith(
        "The record orders-0 at offset 0 failed in stage VALUE_CONVERTER by "
        "org.apache.kafka.connect.json.JsonConverter: Converting byte[]"
    )
    assert lines[2].startswith("\tat ")


def test_a_sources_record_is_told_by_its_source_partition_and_offset() -> None:
    record = SourceRecord("t", "a", value_schema=INT32, source_partition={"f": "x"})
    failure = source_failure(record)
    event = failure.event
    assert event is not None
    assert (event.topic, event.source_partition, event.source_offset) == ("t", '{"f":"x"}', "null")
    assert 'from source partition {"f":"x"}' in failure.trace


def test_a_record_with_an_impossible_timestamp_is_named_though_no_stage_failed() -> None:
    place: dict[str, Any] = {"source_partition": {"f": "x"}, "source_offset": {"n": 7}}
    record = SourceRecord("t", "a", value_schema=TEXT, timestamp=-2, **place)
    first, second, *_ = source_failure(record, **{"errors.tolerance": "all"}).trace.splitlines()
    assert first == "org.apache.kafka.common.InvalidRecordException: Invalid record timestamp -2"
    assert second.startswith(
        'The record for topic t from source partition {"f":"x"} at {"n":7} failed: '
        "Invalid record timestamp -2. What helps: "
    )


def test_tolerated_errors_are_told_once_a_second_and_the_task_goes_on(tmp_path: Path) -> None:
    rig = MistakeRig()
    for value in (b"hello", b"hello", b'{"schema":null,"payload":1}'):
        rig.kafka.append("orders", value)
    rig.start("RejectSink", **{"errors.tolerance": "all"})
    rig.work()
    assert rig.failure is None
    (event,) = rig.erred
    assert (event.offset, event.hint, event.retriable) == (0, "text-as-json", False)
