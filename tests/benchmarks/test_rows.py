"""The rows of `make bench` are what they say."""

from __future__ import annotations

import json

import pytest

from benchmarks.__main__ import figures
from benchmarks.contestants import PLUGINS
from benchmarks.rows import DRAIN, MADE_UP, ROWS, made_up
from benchmarks.two_tasks import with_tasks
from benchmarks.watching import Sample
from penstock.cluster.catalog import Plugin
from penstock.connectors.datagen.generators import generator
from penstock.plugins.discovery import in_folders


def sample(records: int, *, wall_seconds: float = 2.0) -> Sample:
    return Sample(records, 1.0, wall_seconds, 50_000_000, 0.5, 1.0)


@pytest.mark.parametrize("name", ROWS)
def test_json_rows_hold_json(name: str) -> None:
    row = ROWS[name]
    if row.kind == "sink" and "value.converter" in row.settings:
        assert isinstance(json.loads(row.record(7)), dict)
    else:
        assert "\n" not in row.record(7)


def test_generated_records_are_those_of_the_bare_loop() -> None:
    fields = [field.name for field in generator(json.dumps(MADE_UP)).schema.fields]
    assert fields == list(json.loads(made_up(0)))


def test_the_draining_sink_is_found() -> None:
    found = [plugin for plugin in in_folders([str(PLUGINS)]) if isinstance(plugin, Plugin)]
    assert [plugin.simple_name for plugin in found] == [DRAIN["connector.class"]]


def test_ratios_are_of_records_per_cpu_second() -> None:
    found = figures({"bare": [sample(3000)], "penstock": [sample(2000)], "java": [sample(500)]})
    assert (found["penstock"]["limit ÷"], found["penstock"]["× Java"]) == (1.5, 4.0)


def test_a_run_that_was_over_at_once_tells_no_speed() -> None:
    found = figures({"bare": [sample(3000, wall_seconds=0.0)], "penstock": [sample(2000)]})
    assert found["bare"]["records/CPU s"] is None
    assert found["penstock"]["limit ÷"] is None


def test_two_tasks_do_the_work_of_one() -> None:
    one, two = with_tasks(1), with_tasks(2)
    assert {**one.settings, "tasks.max": "2"} == two.settings
    assert len(two.settings["transforms"].split(",")) == 96
