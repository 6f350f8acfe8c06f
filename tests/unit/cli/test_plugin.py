"""`penstock plugin`, as an operator calls it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from penstock.cli.main import main

SOURCE = "org.apache.kafka.connect.file.FileStreamSourceConnector"
PLUGIN = '''
from typing import Annotated
from penstock.sdk.config import Config, Option, Password
from penstock.sdk.source import SourceConnector

__version__ = "1.2"

class ClockConfig(Config):
    zone: Annotated[str, Option("Whose [time] it is.")]
    key: Annotated[Password, Option("A secret.")] = Password("hush")

class ClockSource(SourceConnector[ClockConfig]):
    """Tells the time."""
'''


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """The command silences a logger of its process, which here is that of other tests too."""
    logger = logging.getLogger("penstock.plugins")
    level = logger.level
    yield
    logger.setLevel(level)


def penstock(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["plugin", *arguments])


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A plugin path with a plugin that works and one that does not."""
    for name, text in {"clock_plugin": PLUGIN, "broken_plugin": "import nothing_like_this"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(text)
    known = list(sys.path)
    yield tmp_path
    sys.path[:] = known
    for name in ("clock_plugin", "broken_plugin"):
        sys.modules.pop(name, None)


def rows(result: Result) -> dict[str, Any]:
    return {row["name"]: row for row in json.loads(result.stdout)}


def test_a_list_says_what_there_is_and_where(folder: Path):
    found = rows(penstock("list", "--json", "--plugin-path", str(folder)))
    builtin = found[SOURCE]
    assert (builtin["type"], builtin["problem"]) == ("source", None)
    assert builtin["aliases"] == ["FileStreamSource", "FileStreamSourceConnector"]
    assert builtin["python_class"] == "penstock.connectors.file.source.FileStreamSource"
    clock = found["clock_plugin.ClockSource"]
    assert (clock["version"], clock["location"]) == ("1.2", str(folder / "clock_plugin"))


def test_what_cannot_be_used_is_listed_with_the_reason(folder: Path):
    result = penstock("list", "--plugin-path", f"{folder},/nowhere")
    assert result.exit_code == 1
    used, _, unused = result.output.partition("Not used:")
    assert "No module named 'nothing_like_this'" in unused
    assert "/nowhere (/nowhere): There is no such folder." in unused
    assert "clock_plugin.ClockSource" in used


def test_a_plugin_that_another_hides_is_told(folder: Path):
    copy = folder / "copy"
    (copy / "penstock_clock-1.2.dist-info").mkdir(parents=True)
    (copy / "penstock_clock-1.2.dist-info" / "METADATA").write_text(
        "Name: penstock_clock\nVersion: 1.2\n"
    )
    (copy / "penstock_clock-1.2.dist-info" / "entry_points.txt").write_text(
        "[penstock.plugins]\nclock = clock_plugin:ClockSource\n"
    )
    result = penstock("list", "--json", "--plugin-path", str(folder), "--type", "source")
    hidden = [row for row in json.loads(result.stdout) if row["location"] == str(copy)]
    assert [row["problem"] for row in hidden] == [f"Hidden by the same in {folder}/clock_plugin."]
    assert result.exit_code == 1


def test_a_list_can_be_of_one_type():
    result = penstock("list", "--json", "--type", "predicate")
    assert {row["type"] for row in rows(result).values()} == {"predicate"}
    assert result.exit_code == 0


def test_the_plugin_path_may_be_that_of_a_worker(folder: Path):
    worker = folder / "worker.properties"
    worker.write_text(f"plugin.path={folder}\n")
    result = penstock("list", "--json", "--type", "source", "--worker-config", str(worker))
    assert "clock_plugin.ClockSource" in rows(result)
    result = penstock("list", "--worker-config", str(folder / "none"))
    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_a_plugin_is_described_with_its_settings(folder: Path):
    result = penstock("describe", "ClockSource", "--plugin-path", str(folder))
    assert result.exit_code == 0
    for text in ("clock_plugin.ClockSource  source 1.2", "(required)", "Whose [time] it is."):
        assert text in result.output
    assert "hush" not in result.output


def test_a_description_for_programs_has_what_rest_tells_too():
    own = json.loads(penstock("describe", "FileStreamSource", "--json").stdout)
    assert own["plugin"]["name"] == SOURCE
    assert [key["name"] for key in own["settings"]] == ["file", "topic", "batch.size"]
    every = json.loads(penstock("describe", "FileStreamSource", "--json", "--all").stdout)
    assert "tasks.max" in [key["name"] for key in every["settings"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["FileStreamSorce"], "Did you mean FileStreamSourceConnector"),
        (["Cast"], "transforms.Cast$Key and org.apache.kafka.connect.transforms.Cast$Value."),
        (["FileStreamSource", "--version", "[9.9]"], "not found that matches the version range"),
    ],
)
def test_a_plugin_that_is_not_there_is_not_described(arguments: list[str], message: str):
    result = penstock("describe", *arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_help_shows_examples():
    for command in ("list", "describe"):
        result = penstock(command, "--help")
        assert result.exit_code == 0
        assert "Example: penstock plugin" in result.output


def test_a_wrong_option_is_a_mistake_of_usage():
    assert penstock("list", "--type", "nonsense").exit_code == 2
