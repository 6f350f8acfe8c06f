"""What pages and change notes tell a reader to type or open exists."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from docs.generator.catalog import DOCS
from docs.generator.prose import blocks
from penstock.cli.main import COMMANDS, main

ROOT = DOCS.parent
TEXTS = [DOCS / "tutorial.md", DOCS / "index.md", *sorted((DOCS / "how-to").glob("*.md"))]


def _lines(program: str) -> list[list[str]]:
    """Arguments, line by line."""
    lines = [shlex.split(line) for line in _shell_lines()]
    return [line[1:] for line in lines if line[0].endswith(program)]


def _shell_lines() -> Iterator[str]:
    for path in TEXTS:
        for block in blocks(path.read_text("utf-8")):
            if block.language == "sh":
                yield from block.text.splitlines()


@pytest.mark.parametrize("line", _lines("penstock"), ids=" ".join)
def test_commands_and_options_exist(line: list[str]) -> None:
    verb, *arguments = line
    assert verb in COMMANDS
    command = main.get_command(click.Context(main), verb)
    if isinstance(command, click.Group):
        command = command.get_command(click.Context(command), arguments.pop(0))
    assert command is not None
    command.make_parser(click.Context(command)).parse_args(arguments)


@pytest.mark.parametrize("line", _lines("python"), ids=" ".join)
def test_programs_and_files_exist(line: list[str]) -> None:
    if line[0] == "-m":
        assert importlib.util.find_spec(line[1]) is not None
    files = [a for a in line if "/" in a and "://" not in a]
    assert files
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_the_page_of_the_distributed_worker_says_whether_there_is_one() -> None:
    text = (DOCS / "reference" / "settings" / "distributed-worker.md").read_text("utf-8")
    assert ("still to\ncome" in text) == ("distributed" not in COMMANDS)


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set[Path](), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        targets = re.findall(r"\]\((?!\w+://)([^)#]+\.md)", page.read_text("utf-8"))
        waiting += [(page.parent / target).resolve() for target in targets]
    folders = ("prose", "decisions")  # sources, and pages that are reached as a folder
    own = {path for name in folders for path in (DOCS / name).rglob("*.md")}
    assert set(DOCS.rglob("*.md")) - own - reached - {DOCS / "performance.md"} == set()


@pytest.mark.parametrize("path", sorted((ROOT / "changes").glob("*.md")), ids=lambda p: p.stem)
def test_a_change_note_is_short_and_begins_with_what_is_new(path: Path) -> None:
    lines = path.read_text("utf-8").strip().splitlines()
    assert 1 <= len(lines) <= 12
    assert lines[0][0] not in "#-* "
