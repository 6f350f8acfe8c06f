"""Records are made up as told, the same again after a restart, and no more than asked for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.connectors.datagen import DatagenSource
from penstock.connectors.datagen.config import DatagenConfig
from penstock.connectors.datagen.generators import generator
from penstock.connectors.datagen.patterns import Pattern
from penstock.connectors.datagen.quickstarts import QUICKSTARTS
from penstock.connectors.datagen.source import BLOCK_ROWS
from penstock.plugins.registry import Registry
from penstock.sdk.errors import ConfigError, ConnectError, DataError
from penstock.sdk.schema import Type
from penstock.sdk.source import ExactlyOnceSupport
from penstock.sdk.validation import validate_value
from penstock.testing import SourceContract, run_source
from penstock.testing.memory_kafka import MemoryOffsets
from penstock.testing.source import task_configs

FAST = {"kafka.topic": "made", "quickstart": "users", "max.interval": "0", "random.seed": "7"}


class TestDatagenContract(SourceContract):
    """Feeding it means to let it make more."""

    connector: ClassVar[Any] = DatagenSource

    def properties(self, folder: Path) -> dict[str, Any]:
        fed = folder / "fed"
        count = int(fed.read_text()) if fed.exists() else 0
        return {**FAST, "iterations": count or 1}

    def feed(self, folder: Path, count: int) -> None:
        (folder / "fed").write_text(str(count))

    def test_records_that_come_later_are_read_too(self, fed: Path) -> None:
        offsets = MemoryOffsets()
        with run_source(self.connector, self.properties(fed), offsets=offsets) as run:
            run.commit(*run.drain())
        self.feed(fed, 7)  # a task is told when it starts how many there shall be
        with run_source(self.connector, self.properties(fed), offsets=offsets) as run:
            assert len(run.drain()) == 2


def values(more: dict[str, Any], *, polls: int = 1, task: int = 0) -> list[Any]:
    with run_source(DatagenSource, FAST | more, task=task) as run:
        return [record.value for _ in range(polls) for record in run.poll()]


@pytest.mark.parametrize("name", sorted(QUICKSTARTS))
def test_each_quickstart_makes_values_of_its_schema(name: str) -> None:
    with run_source(DatagenSource, FAST | {"quickstart": name}) as run:
        records = run.poll()
    assert len(records) == 1000
    for record in records:
        assert record.value_schema is not None
        validate_value(record.value_schema, record.value)
        assert json.dumps(record.value)


def test_the_same_seed_makes_the_same_records_in_batches_of_any_size() -> None:
    whole = values({}, polls=3)
    assert values({"records.per.poll": 300}, polls=10) == whole
    assert values({"random.seed": 8}, polls=3) != whole
    assert values({}, polls=3, task=1) != whole


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 2 * BLOCK_ROWS + 5), st.integers(1, 700))
def test_goes_on_behind_any_record(at: int, size: int) -> None:
    offsets, more = MemoryOffsets(), {"records.per.poll": size, "iterations": 2 * BLOCK_ROWS + 10}
    with run_source(DatagenSource, FAST | more) as run:
        whole = run.drain(polls_max=5000)
    offsets.write([(whole[at - 1].source_partition, whole[at - 1].source_offset)], 1000)
    with run_source(DatagenSource, FAST | more, offsets=offsets) as run:
        rest = run.drain(polls_max=5000)
    assert [r.value for r in rest] == [r.value for r in whole[at:]]


def test_a_seed_that_was_drawn_is_kept_with_the_offset() -> None:
    more = {name: text for name, text in FAST.items() if name != "random.seed"}
    offsets = MemoryOffsets()
    with run_source(DatagenSource, more, offsets=offsets) as run:
        first = run.poll()
        run.commit(first[9])
    with run_source(DatagenSource, more, offsets=offsets) as run:
        again = run.poll()
    assert [r.value for r in again][:990] == [r.value for r in first][10:]


def test_makes_as_many_as_asked_for_and_then_rests() -> None:
    with run_source(DatagenSource, FAST | {"iterations": 1500}) as run:
        assert len(run.drain()) == 1500
        assert run.poll() == []


def test_one_record_after_each_pause() -> None:
    with run_source(DatagenSource, FAST | {"max.interval": 200}) as run:
        assert [len(run.poll()) for _ in range(5)] == [1] * 5
        run.control.stopping = True
        assert run.poll() == []


def test_a_field_can_be_the_key() -> None:
    with run_source(DatagenSource, FAST | {"schema.keyfield": "userid"}) as run:
        record = run.poll()[0]
    assert record.key == record.value["userid"]
    assert record.key_schema is not None
    assert record.key_schema.type is Type.STRING


def test_schemas_can_come_from_a_file_or_the_configuration(tmp_path: Path) -> None:
    text = json.dumps({"type": "string", "arg.properties": {"options": ["a"]}})
    path = tmp_path / "text.avsc"
    path.write_text(text)
    base = {name: value for name, value in FAST.items() if name != "quickstart"}
    for more in ({"schema.string": text}, {"schema.filename": str(path)}):
        with run_source(DatagenSource, base | more) as run:
            assert {record.value for record in run.poll()} == {"a"}


def column(declared: Any, size: int = 200) -> list[Any]:
    made = generator(json.dumps(declared))
    found = list(made.column(Random(1), 0, size))
    for value in found:
        validate_value(made.schema, value)
    return found


def test_ranges_end_before_their_maximum() -> None:
    told = {"type": "int", "arg.properties": {"range": {"min": 3, "max": 6}}}
    assert set(column(told)) == {3, 4, 5}
    assert column({"type": "long"}) != column({"type": "int"})


def test_iterations_count_and_start_again() -> None:
    told = {"iteration": {"start": 10, "step": 5, "restart": 25}}
    assert column({"type": "long", "arg.properties": told}, 5) == [10, 15, 20, 10, 15]
    assert column({"type": "string", "arg.properties": told}, 2) == ["10", "15"]


def test_null_is_one_in_four_of_what_may_be_null() -> None:
    found = column(["null", {"type": "int", "arg.properties": {"options": [1]}}], 1000)
    assert 150 < found.count(None) < 350


def test_lists_maps_and_texts_have_the_length_they_are_told() -> None:
    told = {"length": {"min": 1, "max": 3}}
    for kind in (
        {"type": "array", "items": "string", "arg.properties": told},
        {"type": "map", "values": "double", "arg.properties": told},
        {"type": "string", "arg.properties": told},
        {"type": "bytes", "arg.properties": told},
    ):
        assert {len(value) for value in column(kind)} == {1, 2}


@pytest.mark.parametrize(
    "regex", ["User_[1-9]{0,1}", "(ab|c)+[x-z]?", r"\d{2,3}-\w*", "[A-Z]{3}[0-9]{3}", "a.c", ""]
)
def test_texts_match_their_regex(regex: str) -> None:
    assert all(re.fullmatch(regex, text) for text in Pattern(regex).column(Random(2), 200))


@pytest.mark.parametrize("regex", ["(a", "[^a]", "a{2", "*a", "[a", "a)", "a{x}", "a\\"])
def test_a_regex_that_is_not_understood_is_told(regex: str) -> None:
    with pytest.raises(DataError, match="cannot be made texts of"):
        Pattern(regex)


@pytest.mark.parametrize(
    ("declared", "words"),
    [
        ({"type": "record", "name": "r", "fields": []}, "without fields"),
        ({"type": "odd"}, "has the type 'odd'"),
        (["int", "string"], "one other type"),
        ({"type": "int", "arg.properties": {"range": {"min": 3, "max": 3}}}, "is empty"),
        ({"type": "int", "arg.properties": {"range": {"min": "x"}}}, "must be a number"),
        ({"type": "int", "arg.properties": {"options": []}}, "not empty"),
        ({"type": "string", "arg.properties": {"length": {"min": 3, "max": 1}}}, "length"),
    ],
)
def test_a_wrong_schema_is_told(declared: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        generator(json.dumps(declared))


@pytest.mark.parametrize(
    "more",
    [
        {"quickstart": "nobody"},
        {"schema.string": "{}"},
        {"quickstart": ""},
        {"schema.keyfield": "nothing"},
        {"max.interval": "-1"},
        {"quickstart": "", "schema.filename": "/nowhere/at/all"},
        {"quickstart": "", "schema.string": "no json"},
    ],
)
def test_wrong_settings_are_refused(more: dict[str, str]) -> None:
    given = {name: text for name, text in (FAST | more).items() if text}
    with pytest.raises(ConfigError), run_source(DatagenSource, given):
        pass


def test_every_task_makes_a_stream_of_its_own() -> None:
    assert len(task_configs(DatagenSource, FAST, 3)) == 3


def made() -> DatagenSource:
    context: Any = None
    return DatagenSource(DatagenConfig.parse(FAST), context)


def test_offsets_can_be_set_and_forgotten() -> None:
    connector = made()
    assert connector.exactly_once_support() is ExactlyOnceSupport.SUPPORTED
    assert connector.alter_offsets({(("task.id", 0),): {"current.iteration": 5}})
    assert connector.alter_offsets({(("task.id", 0),): None})
    with pytest.raises(ConnectError, match=r"task\.id"):
        connector.alter_offsets({(("task", 0),): None})
    with pytest.raises(ConnectError, match=r"current\.iteration"):
        connector.alter_offsets({(("task.id", 0),): {"current.iteration": -1}})


@pytest.mark.parametrize(
    "name",
    ["DatagenSource", "DatagenConnector", "io.confluent.kafka.connect.datagen.DatagenConnector"],
)
def test_is_known_by_the_names_of_the_public_connector(name: str) -> None:
    assert Registry.builtin().connector(name).load() is DatagenSource
